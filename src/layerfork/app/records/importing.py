"""Builds that nobody recorded: `layerfork import`."""

from collections.abc import Sequence
from pathlib import Path

from layerfork.builders.imports.files import import_file
from layerfork.keys import keys_of
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord
from layerfork.record.report import RecordReport
from layerfork.record.store.evidence import RecordFile


def import_builds(paths: Sequence[str], output: str, say: Say) -> tuple[RecordReport, ...]:
    """Make records of files that builds left behind; with ``output`` write them to that file.

    Nothing is written unless every file tells of a build. Raises: LayerforkError.
    """
    records = tuple(record for path in paths for record in _imported(path, say))
    if output:
        with RecordFile(Path(output)) as file:
            for record in records:
                file.add(record)
        say(f"{len(records)} imported to {output}")
    return tuple(
        RecordReport(record=record, computed_identities=keys_of(record).chain_digests()) for record in records
    )


def _imported(path: str, say: Say) -> tuple[BuildRecord, ...]:
    records = import_file(Path(path))
    for record in records:
        say(f"{path}: {record.imported_from}, {_counted(len(record.steps))}, {record.result.outcome.value}")
    return records


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
