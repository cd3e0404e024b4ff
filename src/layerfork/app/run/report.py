"""Reports of what lies in files: runs judged again, recorded builds compared. No engine is needed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from layerfork.app.compare.comparison import builds_of_kinds, diff_files, diff_stored
from layerfork.app.compare.pairing import NamedRecord
from layerfork.app.relay.earlier import Earlier, FinishedRelay, read_earlier
from layerfork.app.run.judging import judged
from layerfork.app.scenarios.filed import has_cells, read_catalogue
from layerfork.errors import UsageError
from layerfork.record.catalogue import CatalogueReport
from layerfork.record.report import NOT_JUDGED, DiffReport, RunReport

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
        raise UsageError(f"{others[0]} is no file of a run, but {runs[0]} is one", hint=HINT)
    return _judged({file: earlier[file] for file in runs})


def _judged(earlier: dict[str, Earlier]) -> FiledReports:
    left_out = [
        f"{file}: an engine that the run was not through with is left out, with {len(rows)} clients; "
        f"`layerfork run --resume {file}` goes on with it"
        for file, each in earlier.items()
        for rows in each.rows.values()
    ]
    runs = tuple(_run(relay, file) for file, each in earlier.items() for relay in each.finished.values())
    if not runs:
        raise UsageError("the run was through with no engine", hint=left_out[0])
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
