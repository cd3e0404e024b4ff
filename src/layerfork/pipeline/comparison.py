"""Recorded builds: recording them, showing them, comparing them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from layerfork.cachekey import keys_of
from layerfork.errors import EvidenceError, ExitCode, UsageError
from layerfork.explain import JudgedBuild, explain_pair
from layerfork.harness.evidence import RecordFile, read_records, record_json
from layerfork.harness.identity import add_identities
from layerfork.harness.store import RecordStore, open_store, project_of
from layerfork.harness.wrap import record_command
from layerfork.model.judgement import Judgement, Verdict
from layerfork.model.record import BuildRecord
from layerfork.model.report import DiffReport
from layerfork.reporters import diff_text, json_report, record_text
from layerfork.reporters.console import Look

Say = Callable[[str], None]
NO_BUILD_SEEN = (
    "no build passed through the recorder: the command built nothing, or it reaches its engine in another "
    "way than by DOCKER_HOST (a buildx builder of its own, another socket)"
)


def record_builds(argv: Sequence[str], output: str, engine: str, say: Say) -> int:
    """Run a command with a recorder before its engine and write every build that it made to a file.

    Gives the command's own exit code. Raises: LayerforkError.
    """
    with RecordFile(Path(output)) as file:
        wrapped = record_command(argv, engine, say)
        for record in wrapped.records:
            file.add(record)
    say(f"{len(wrapped.records)} recorded in {output}" if wrapped.records else NO_BUILD_SEEN)
    return wrapped.exit_code


def show_records(path: str, form: str, verbose: bool) -> str:
    """The records of a file, readably or as JSON lines. Raises: EvidenceError."""
    records = read_records(Path(path))
    if form == "json":
        return "".join(record_json(record) + "\n" for record in records)
    return "\n".join(record_text.render_record(with_identities(record), verbose) for record in records)


def with_identities(record: BuildRecord) -> BuildRecord:
    """The record with key digests where the builder prints no identity."""
    return add_identities(record, keys_of(record))


def diff_files(writer: str, reader: str) -> DiffReport:
    """Compare two recorded builds; each is ``FILE`` (its last build) or ``FILE#N`` (its N-th, from 1).

    Raises: EvidenceError, UsageError.
    """
    return diff_records(_record_named(writer), _record_named(reader), writer, reader)


def diff_records(writer: BuildRecord, reader: BuildRecord, writer_name: str, reader_name: str) -> DiffReport:
    """Where and why ``reader`` could not use what ``writer`` stored."""
    builds = [
        JudgedBuild(client=name, record=record, keys=keys_of(record))
        for name, record in ((writer_name, writer), (reader_name, reader))
    ]
    forks = explain_pair(*builds)
    judgement = Judgement(
        verdict=Verdict.FORKED if forks else Verdict.REUSED,
        classes=((writer_name,), (reader_name,)) if forks else ((writer_name, reader_name),),
        forks=forks,
    )
    return DiffReport(writer=writer_name, reader=reader_name, reader_steps=reader.steps, judgement=judgement)


def _record_named(word: str) -> BuildRecord:
    path, mark, number = word.rpartition("#")
    if not mark or not number.isdecimal():
        path, number = word, ""
    records = read_records(Path(path))
    if not records:
        raise EvidenceError(f"{path} holds no build", hint="record one: layerfork record -o FILE -- CMD")
    index = int(number) if number else len(records)
    if not 1 <= index <= len(records):
        raise UsageError(f"{path} holds {len(records)} builds, not a number {index}", hint="count from 1")
    return records[index - 1]


def explain_builds(
    path: str, argv: Sequence[str], engine: str, store_path: str, say: Say
) -> tuple[int, tuple[DiffReport, ...]]:
    """Record the builds of a command, and compare each with the latest earlier one of its kind.

    Without a command, ``docker build PATH`` is run; without both, the newest record of this directory is
    compared with the one before it. Gives the command's exit code and one report for each build.
    Raises: LayerforkError.
    """
    store = open_store(store_path)
    directory = Path(path or ".")
    if not argv and not path:
        return ExitCode.AS_HOPED, (_newest_explained(store, directory),)
    command = tuple(argv) or ("docker", "build", path)
    wrapped = record_command(command, engine, say)
    if not wrapped.records:
        say(NO_BUILD_SEEN)
    reports = []
    for record in wrapped.records:
        project = project_of(directory, record)
        earlier = next(store.newest(project), None)
        store.add(project, record)
        reports.append(_explained(earlier, record))
    return wrapped.exit_code, tuple(reports)


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
        return diff_records(earlier, record, _named(earlier), _named(record))
    name = _named(record)
    judgement = Judgement(verdict=Verdict.REUSED, classes=((name,),), forks=())
    return DiffReport(
        writer="", reader=name, reader_steps=record.steps, judgement=judgement, baseline_saved=True
    )


def _named(record: BuildRecord) -> str:
    """``the build of 2026-01-02 03:04:05``."""
    return f"the build of {record.recorded_at[:19].replace('T', ' ')}"


def render_diffs(reports: Sequence[DiffReport], form: str, color: bool, verbose: bool) -> str:
    """Comparisons as ``text``, or as ``json``: one document each."""
    if form == "json":
        return "".join(json_report.render_diff(report) for report in reports)
    look = Look(color=color, verbose=verbose)
    return "\n".join(diff_text.render_diff(report, look) for report in reports)
