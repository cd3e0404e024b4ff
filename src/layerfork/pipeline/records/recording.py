"""`layerfork record`: the builds of a command, in a file; and where files may lie while a command runs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from layerfork.harness.recording.client.contextplaces import named_directories
from layerfork.harness.recording.client.process import ClientProcess
from layerfork.harness.recording.client.projects import Projects
from layerfork.harness.recording.wrap import record_command
from layerfork.harness.records.apart import directory_around, kept_away, written_apart
from layerfork.harness.records.evidence import RecordFile
from layerfork.harness.records.store import RecordStore
from layerfork.model.progress import Say
from layerfork.model.steering import named_builders


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
    projects = Projects(os.environ)
    with kept_out_of_contexts(path, argv, projects, say) as place, RecordFile(place) as file:
        wrapped = record_command(argv, engine, say, file.add, projects=projects)
    say(f"{len(wrapped.records)} recorded in {output}" if wrapped.records else no_build_seen(os.environ))
    return wrapped.exit_code


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
