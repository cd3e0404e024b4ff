"""`layerfork record`: the builds of a command, in a file; and where files may lie while a command runs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.builders.recording.contextplaces import ClientProcess, named_directories
from layerfork.builders.recording.projects import Projects
from layerfork.builders.recording.wrap import record_command
from layerfork.errors import LayerforkError
from layerfork.record.build import named_builders
from layerfork.record.engine import NOTHING_BROUGHT, Brought
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import RecordFile
from layerfork.record.store.setaside import directory_around, kept_away, written_apart
from layerfork.record.store.store import RecordStore


def no_build_seen(environment: Mapping[str, str], exit_code: int = 0) -> str:
    """Why nothing was recorded, as far as it can be known; a command that failed said itself why."""
    if exit_code:
        return f"no build passed through the recorder: the command failed (exit code {exit_code})"
    elsewhere = named_builders(environment)
    way = f"{' and '.join(elsewhere)}" if elsewhere else "a builder that it made itself, another socket"
    return (
        "no build passed through the recorder: the command built nothing, or it reaches its engine "
        f"in another way than by DOCKER_HOST ({way})"
    )


def record_builds(
    argv: Sequence[str], output: str, engine: str, say: Say, brought: Brought = NOTHING_BROUGHT
) -> int:
    """Run a command with a recorder before its engine and write every build that it made to a file.

    Gives the command's own exit code. Raises: LayerforkError.
    """
    projects = Projects(os.environ)
    kept = Kept()
    with kept_records(Path(output), argv, projects, say, kept):
        wrapped = record_command(argv, engine, say, kept.add, projects=projects, brought=brought)
    if not wrapped.records:
        say(no_build_seen(os.environ, wrapped.exit_code))
    elif kept.losses:
        say_lost(kept.losses, say)
    else:
        say(f"{len(wrapped.records)} recorded in {output}")
    for hint in wrapped.hints:
        say(hint)
    return wrapped.exit_code


@dataclass(slots=True)
class Kept:
    """Builds of a command that runs, on their way to a file. What cannot be written ends no build."""

    file: RecordFile | None = None
    """None: they are not kept."""
    losses: list[LayerforkError] = field(default_factory=list)

    def add(self, record: BuildRecord) -> None:
        """Write a record, or note that it is lost."""
        if self.file is not None:
            try:
                self.file.add(record)
            except LayerforkError as error:
                self.losses.append(error)


@contextmanager
def kept_records(path: Path, argv: Sequence[str], projects: Projects, say: Say, kept: Kept) -> Iterator[None]:
    """A file for the builds of a command that runs in the context.

    Raises: LayerforkError where no file can be written, before the command starts; not afterwards.
    """
    with ExitStack() as stack:
        place = stack.enter_context(kept_out_of_contexts(path, argv, projects, say))
        kept.file = stack.enter_context(RecordFile(place))
        yield
        closing = stack.pop_all()
    try:
        closing.close()
    except LayerforkError as error:
        kept.losses.append(error)


def say_lost(losses: Sequence[LayerforkError], say: Say) -> None:
    """Say what of a command's builds was not written, and why: each reason once."""
    for reason, hint in dict.fromkeys((each.message, each.hint) for each in losses):
        say(
            f"not every build was recorded: {reason}; {hint}"
            if hint
            else f"not every build was recorded: {reason}"
        )


def kept_out_of_contexts(
    path: Path, argv: Sequence[str], projects: Projects, say: Say
) -> AbstractContextManager[Path]:
    """Where to write a file while a command runs that may send the directory in which it is to lie."""
    process = _process(argv)
    context = directory_around(path, _contexts(process, projects))
    if context is not None:
        say(
            f"{path} lies in {context}: it is kept out of what this command sends, but later "
            "builds will send it; keep it elsewhere, or name it in the ignore file"
        )
    hide = directory_around(path, [process.directory, *([context] if context else [])]) is not None
    return written_apart(path, hide=hide)


def store_kept_out_of_contexts(
    store: RecordStore, argv: Sequence[str], projects: Projects, say: Say
) -> AbstractContextManager[None]:
    """A record store is away while a command runs that sends the directory in which it lies."""
    context = directory_around(store.directory / "records", _contexts(_process(argv), projects))
    if context is None:
        return nullcontext()
    say(
        f"the record store {store.directory} lies in {context}: it is kept out of what this command sends, "
        "but other builds will send it; choose another place with --store, or name it in the ignore file"
    )
    return kept_away(store.directory)


def _contexts(process: ClientProcess, projects: Projects) -> Iterator[Path]:
    """Directories that a command line names, then those that its compose or bake files do."""
    yield from named_directories([process])
    for build in projects.builds([process]):
        named = (directory for _, directory in build.named_contexts)
        yield from map(Path, filter(None, (build.directory, *named)))


def _process(argv: Sequence[str]) -> ClientProcess:
    return ClientProcess(directory=Path.cwd(), argv=tuple(argv))
