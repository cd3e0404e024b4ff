"""What a client or engine upgrade changed: `layerfork report --diff`. No engine is needed."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from layerfork.app.experiment.fromfiles import has_cells, read_measured, read_reports
from layerfork.app.experiment.rundiff import Matched, changed_cells, changed_run, match
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.run import RunReport
from layerfork.record.scenarioresults import Cell, EngineChange, ScenarioChange, UpgradeReport, VersionChange

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRuns(Generic[T]):
    """What was measured on one engine, with one builder asked of the clients."""

    info: EngineInfo
    builder: Builder | None
    """None left it to each client."""
    runs: dict[str, T]
    """By scenario."""

    @property
    def name(self) -> str:
        """``private 28.5.2, containerd image store, classic builder``: what tells it from others."""
        parts = [f"{self.info.kind} {self.info.version}"]
        parts += ["containerd image store"] if self.info.image_store == "containerd" else []
        parts += [f"{self.builder.value} builder"] if self.builder else []
        return ", ".join(parts)

    @property
    def generation(self) -> str:
        """The first two numbers of its version."""
        return ".".join(self.info.version.split(".")[:2])


def match_engines(old: Sequence[EngineRuns[T]], new: Sequence[EngineRuns[T]]) -> Matched[EngineRuns[T]]:
    """The same version first, then generation, store and kind; a single engine stands for a single one."""
    keys: list[Callable[[EngineRuns[T]], Hashable]] = [
        lambda each: (each.info.kind, each.info.version, each.info.image_store, each.builder),
        lambda each: (each.info.kind, each.generation, each.info.image_store, each.builder),
        lambda each: (each.info.kind, each.info.image_store, each.builder),
        lambda each: (each.info.kind, each.builder),
    ]
    if len(old) == len(new) == 1:
        keys.append(lambda each: ())
    return match(old, new, *keys)


def engine_versions(old: EngineInfo, new: EngineInfo) -> Iterator[VersionChange]:
    """The engine's own version, BuildKit's, and those of its parts."""
    if old.version != new.version:
        yield VersionChange(names=("Engine",), old=old.version, new=new.version)
    if old.buildkit_version != new.buildkit_version and old.buildkit_version and new.buildkit_version:
        yield VersionChange(names=("BuildKit",), old=old.buildkit_version, new=new.buildkit_version)
    later = dict(new.components)
    for name, version in old.components:
        now = later.get(name, version)
        if version != now and (version, now) != (old.version, new.version):
            yield VersionChange(names=(name,), old=version, new=now)


Compare = Callable[[str, T, T], tuple[ScenarioChange, tuple[VersionChange, ...]]]
HINT = "name two files of `layerfork run -o`; builds are compared with: layerfork report OLD NEW"


def compare_runs(old: str, new: str) -> UpgradeReport:
    """Two files of runs, or of runs of scenarios, judged again and compared with each other.

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
        raise UsageError(f"{file} is not a file of a run", hint=HINT)
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
