"""Reports of what lies in files: runs judged again, recorded builds compared. No engine is needed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from layerfork.app.compare.buildpairing import NamedRecord
from layerfork.app.compare.comparison import builds_of_kinds, diff_files, diff_stored
from layerfork.app.experiment.cells import CellName, MeasuredCell, read_cells
from layerfork.app.experiment.earlierrun import Earlier, FinishedRelay, read_earlier
from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.app.experiment.judging import judged, report_of
from layerfork.errors import UsageError
from layerfork.record.run import NOT_JUDGED, DiffReport, RunReport
from layerfork.record.scenario import Scenario
from layerfork.record.scenarioresults import CatalogueReport
from layerfork.record.store.blocks import numbered_lines
from layerfork.record.store.recordfile import NOTE_START

# Runs of scenarios that lie in files, judged again.

_OF_SCENARIOS = tuple(NOTE_START + b':{"' + kind for kind in (b"cell", b"shard", b"scenario"))


def has_cells(path: Path) -> bool:
    """Whether a file is that of a run of scenarios: its first note says so. Raises: EvidenceError."""
    if not path.is_file():
        return False
    notes = (line for _, line in numbered_lines(path) if line.startswith(NOTE_START))
    return next(notes, b"").startswith(_OF_SCENARIOS)


def read_catalogue(file: str) -> CatalogueReport:
    """Compared with what the scenarios expect now, not against what they did when it was measured; those of
    the user's own are in the file as they were.

    Raises: EvidenceError, UsageError for a scenario that is gone.
    """
    return read_measured(file)[1]


def read_measured(file: str) -> tuple[tuple[MeasuredCell, ...], CatalogueReport]:
    """The cells of a file, and its report, which has them in the same order.

    Raises: EvidenceError, UsageError for a scenario that is gone.
    """
    found = read_cells(Path(file))
    own = {(each.name, each.content): each for each in found.scenarios}
    scenarios: dict[tuple[str, str], Scenario] = {}
    for cell in found.cells:
        place = (cell.name.scenario, cell.name.content)
        if place not in scenarios:
            scenarios[place] = own[place].scenario() if place in own else _bundled(cell.name, file)
    return found.cells, report_of(found.cells, tuple(scenarios.values()))


def _bundled(name: CellName, file: str) -> Scenario:
    if name.content:
        raise UsageError(
            f"{file} has cells of the scenario {name.scenario}, but not what it expects",
            hint="a part of the file is missing: build it again",
        )
    try:
        return find_scenario(name.scenario)
    except UsageError as error:
        raise UsageError(
            f"{file} is of the scenario {name.scenario}, which does not exist", hint=error.message
        ) from error


HINT = "name files of `layerfork run -o`, or of `layerfork record -o` and `import -o`, not both"


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledReports:
    """What files hold: runs, builds compared, or runs of scenarios; the others are empty."""

    runs: tuple[RunReport, ...] = ()
    diffs: tuple[DiffReport, ...] = ()
    catalogues: tuple[CatalogueReport, ...] = ()
    left_out: tuple[str, ...] = ()
    """What is in the files and in no report, a line each."""


def read_reports(files: Sequence[str]) -> FiledReports:
    """Judge the runs of run files, or of runs of scenarios, or compare the builds of record files.

    Of several record files, the builds of each are compared with those of the first; in a single one, each
    build with the one before it of the same kind. ``FILE#N`` is the N-th build of a record file alone.
    Raises: EvidenceError, UsageError.
    """
    if all(has_cells(Path(file)) for file in files):
        return FiledReports(catalogues=tuple(map(read_catalogue, files)))
    earlier = {file: read_earlier(Path(file)) for file in files if Path(file).exists()}
    runs = [file for file, each in earlier.items() if each.finished or each.rows]
    if not runs:
        return _compared(files)
    if others := [file for file in files if file not in runs]:
        raise UsageError(f"{others[0]} is not a file of a run, but {runs[0]} is one", hint=HINT)
    return _judged({file: earlier[file] for file in runs})


def _judged(earlier: dict[str, Earlier]) -> FiledReports:
    left_out = [
        f"{file}: an engine on which the run did not finish is left out, with {len(rows)} clients; "
        f"`layerfork run --resume {file}` continues it"
        for file, each in earlier.items()
        for rows in each.rows.values()
    ]
    runs = tuple(_run(relay, file) for file, each in earlier.items() for relay in each.finished.values())
    if not runs:
        raise UsageError("the run finished no engine", hint=left_out[0])
    return FiledReports(runs=runs, left_out=tuple(left_out))


def _run(relay: FinishedRelay, file: str) -> RunReport:
    measured = RunReport(
        scenario=relay.scenario or Path(file).name.partition(".")[0],
        scenario_path=relay.scenario_path,
        engine=relay.engine,
        builder=relay.builder,
        builds=relay.builds,
        judgement=NOT_JUDGED,
        versions=relay.versions,
        layerfork=relay.layerfork,
        seconds=relay.seconds,
    )
    return judged(measured, random_runs=relay.random_runs)


def _compared(files: Sequence[str]) -> FiledReports:
    if len(files) > 1:
        first, *others = files
        return FiledReports(diffs=tuple(report for each in others for report in diff_files(first, each)))
    kinds = builds_of_kinds(files[0])
    alone = [builds[0] for builds in kinds.values() if len(builds) == 1]
    reports = tuple(_neighbours(kinds.values()))
    if not reports:
        raise UsageError(
            f"{files[0]} has no build that was made twice, so there is nothing to compare",
            hint=f"name a second file: layerfork report {files[0]} OTHER; `layerfork show` prints one",
        )
    return FiledReports(
        diffs=reports,
        left_out=tuple(
            f"{each.name}: no earlier build of {each.kind.label} is in the file" for each in alone
        ),
    )


def _neighbours(kinds: Iterable[Sequence[NamedRecord]]) -> Iterator[DiffReport]:
    for builds in kinds:
        for writer, reader in pairwise(builds):
            yield diff_stored(writer.stored, reader.stored, writer.name, reader.name)
