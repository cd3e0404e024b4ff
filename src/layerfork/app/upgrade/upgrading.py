"""What a client or engine upgrade changed: `layerfork report --diff`. No engine is needed."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from layerfork.app.run.report import read_reports
from layerfork.app.scenarios.filed import has_cells, read_measured
from layerfork.app.upgrade.cells import changed_cells
from layerfork.app.upgrade.engines import EngineRuns, engine_versions, match_engines
from layerfork.app.upgrade.runs import changed_run
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.catalogue import Cell
from layerfork.record.engine import EngineInfo
from layerfork.record.report import RunReport
from layerfork.record.upgrade import EngineChange, ScenarioChange, UpgradeReport, VersionChange

T = TypeVar("T")
Compare = Callable[[str, T, T], tuple[ScenarioChange, tuple[VersionChange, ...]]]
HINT = "name two files of `layerfork run -o`; builds are compared with: layerfork report OLD NEW"


def compare_runs(old: str, new: str) -> UpgradeReport:
    """Two files of runs, or of runs of scenarios, judged again and held against each other.

    Raises: EvidenceError, UsageError.
    """
    cells = [has_cells(Path(file)) for file in (old, new)]
    if all(cells):
        return _report(old, new, _cells_of(old), _cells_of(new), changed_cells)
    if any(cells):
        raise UsageError("one file is of `run --scenario`, the other is not", hint="name two of one sort")
    return _report(old, new, _runs_of(old), _runs_of(new), lambda _, one, two: changed_run(one, two))


def _runs_of(file: str) -> Sequence[EngineRuns[RunReport]]:
    runs = read_reports([file]).runs
    if not runs:
        raise UsageError(f"{file} is no file of a run", hint=HINT)
    engines: dict[tuple[EngineInfo, Builder | None], EngineRuns[RunReport]] = {}
    for run in runs:
        if run.engine is not None:
            empty: EngineRuns[RunReport] = EngineRuns(info=run.engine, builder=run.builder, runs={})
            engines.setdefault((run.engine, run.builder), empty).runs[run.scenario] = run
    return tuple(engines.values())


def _cells_of(file: str) -> Sequence[EngineRuns[Sequence[Cell]]]:
    measured, report = read_measured(file)
    engines: dict[tuple[str, Builder | None], EngineRuns[Sequence[Cell]]] = {}
    found: dict[tuple[str, Builder | None, str], list[Cell]] = {}
    for each, cell in zip(measured, report.cells, strict=True):
        key = (each.name.engine, each.name.builder)
        runs = engines.setdefault(key, EngineRuns(info=each.engine, builder=each.name.builder, runs={})).runs
        cells = found.setdefault((*key, cell.scenario), [])
        cells.append(cell)
        runs[cell.scenario] = cells
    return tuple(engines.values())


def _report(
    old: str, new: str, olds: Sequence[EngineRuns[T]], news: Sequence[EngineRuns[T]], compare: Compare[T]
) -> UpgradeReport:
    found = match_engines(olds, news)
    if not found.pairs:
        names = [", ".join(each.name for each in side) for side in (olds, news)]
        raise UsageError(f"{old} and {new} have no engine in common: {names[0]}; {names[1]}", hint=HINT)
    return UpgradeReport(
        old=old,
        new=new,
        engines=tuple(_engine(one, two, compare) for one, two in found.pairs),
        only_old=(
            *(each.name for each in found.only_old),
            *(line for one, two in found.pairs for line in _alone(one, two)),
        ),
        only_new=(
            *(each.name for each in found.only_new),
            *(line for one, two in found.pairs for line in _alone(two, one)),
        ),
    )


def _alone(one: EngineRuns[T], other: EngineRuns[T]) -> Iterator[str]:
    yield from (f"{scenario} on {one.name}" for scenario in one.runs if scenario not in other.runs)


def _engine(old: EngineRuns[T], new: EngineRuns[T], compare: Compare[T]) -> EngineChange:
    scenarios, versions = [], [*engine_versions(old.info, new.info)]
    for scenario, run in new.runs.items():
        if scenario in old.runs:
            change, clients = compare(scenario, old.runs[scenario], run)
            scenarios.append(change)
            versions += [each for each in clients if each not in versions]
    return EngineChange(old=old.name, new=new.name, versions=tuple(versions), scenarios=tuple(scenarios))
