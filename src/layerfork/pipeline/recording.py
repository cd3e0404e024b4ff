"""Builds that are recorded here and now: `layerfork record` and `layerfork why`."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from layerfork.clients.steering import named_builders
from layerfork.engines import default_spec_of_why
from layerfork.errors import EvidenceError, ExitCode
from layerfork.harness.recording.clientprocess import ClientProcess
from layerfork.harness.recording.contextplaces import named_directories
from layerfork.harness.recording.wrap import Wrapped, record_command
from layerfork.harness.records.apart import directory_around, written_apart
from layerfork.harness.records.evidence import RecordFile
from layerfork.harness.records.store import RecordStore, open_store, project_of
from layerfork.model.judgement import Judgement, Verdict
from layerfork.model.progress import Say
from layerfork.model.record import BuildOutcome, BuildRecord
from layerfork.model.report import DiffReport

THIS_BUILD = "this build"


def no_build_seen(environment: Mapping[str, str]) -> str:
    """Why nothing was recorded, as far as it can be known."""
    elsewhere = named_builders(environment)
    way = f"{' and '.join(elsewhere)}" if elsewhere else "a builder that it made itself, another socket"
    return (
        "no build passed through the recorder: the command built nothing, or it reaches its engine "
        f"in another way than by DOCKER_HOST ({way})"
    )


def record_builds(argv: Sequence[str], output: str, engine: str, say: Say) -> int:
    """Run a command with a recorder before its engine and write every build that it made to a file.

    Gives the command's own exit code. Raises: LayerforkError.
    """
    path = Path(output)
    with kept_out_of_contexts(path, argv, say) as place, RecordFile(place) as file:
        wrapped = record_command(argv, engine, say, file.add)
    say(f"{len(wrapped.records)} recorded in {output}" if wrapped.records else no_build_seen(os.environ))
    return wrapped.exit_code


def kept_out_of_contexts(path: Path, argv: Sequence[str], say: Say) -> AbstractContextManager[Path]:
    """Where to write a file while a command runs that may send the directory in which it is to lie."""
    process = _process(argv)
    context = directory_around(path, named_directories([process]))
    if context is not None:
        say(
            f"{path} lies in {context}: it is kept out of what this command sends, but a build without "
            "layerfork will send it; keep it elsewhere, or name it in the ignore file"
        )
    hide = directory_around(path, [process.directory, *([context] if context else [])]) is not None
    return written_apart(path, hide=hide)


def explain_builds(
    path: str, argv: Sequence[str], engine: str, store_path: str, say: Say, *, apart: bool = False
) -> tuple[int, tuple[DiffReport, ...]]:
    """Record the builds of a command, and compare each with the latest earlier one of its kind.

    Without a command, the newest record of the directory ``path`` is compared with the one before it.
    ``apart``: what the command writes to standard output goes to standard error. Gives one report for each
    build, and how the command ended: its exit code, 130 after Ctrl-C, 3 if it built nothing.
    Raises: LayerforkError.
    """
    store = open_store(store_path)
    store.prepare()
    directory = Path(path or ".")
    if not argv:
        return ExitCode.AS_HOPED, (_newest_explained(store, directory),)
    _warn_of_store(store, argv, say)
    engine = engine or default_spec_of_why(os.environ)
    wrapped = record_command(argv, engine, say, stdout=sys.stderr if apart else None)
    if not wrapped.records:
        say(no_build_seen(os.environ))
    reports = []
    for record in wrapped.records:
        project = project_of(directory, record)
        earlier = next(store.newest(project), None)
        if record.result.outcome is BuildOutcome.SUCCEEDED:
            store.add(project, record)
        elif earlier is None:
            say(f"the build {record.result.outcome.value}: it is no baseline for later ones")
            continue
        reports.append(_explained(earlier, record))
    return _ending(wrapped), tuple(reports)


def _warn_of_store(store: RecordStore, argv: Sequence[str], say: Say) -> None:
    context = directory_around(store.directory / "records", named_directories([_process(argv)]))
    if context is not None:
        say(
            f"the record store {store.directory} lies in {context}: every build will send it; choose another "
            "place with --store, or name it in the ignore file"
        )


def _process(argv: Sequence[str]) -> ClientProcess:
    return ClientProcess(directory=Path.cwd(), argv=tuple(argv))


def _ending(wrapped: Wrapped) -> int:
    if wrapped.interrupted:
        return ExitCode.INTERRUPTED
    return wrapped.exit_code or (ExitCode.AS_HOPED if wrapped.records else ExitCode.COULD_NOT_RUN)


def _newest_explained(store: RecordStore, directory: Path) -> DiffReport:
    newest = next(store.newest_of(directory), None)
    if newest is None:
        raise EvidenceError(
            f"no build in {directory.resolve()} was recorded yet",
            hint="record one: layerfork why PATH, or layerfork why -- CMD",
        )
    records = store.newest(project_of(directory, newest))
    return _explained(next((each for each in records if each.id != newest.id), None), newest)


def _explained(earlier: BuildRecord | None, record: BuildRecord) -> DiffReport:
    if earlier is not None:
        from layerfork.pipeline.comparison import diff_records

        return diff_records(earlier, record, _named(earlier), THIS_BUILD)
    name = THIS_BUILD
    judgement = Judgement(verdict=Verdict.REUSED, classes=((name,),), forks=())
    return DiffReport(
        writer="", reader=name, reader_steps=record.steps, judgement=judgement, baseline_saved=True
    )


def _named(record: BuildRecord) -> str:
    """``the build of 2026-01-02 03:04:05 UTC``."""
    return f"the build of {datetime.fromisoformat(record.recorded_at):%Y-%m-%d %H:%M:%S} UTC"
