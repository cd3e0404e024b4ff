"""What command lines, compose and bake files name and requests do not: named contexts, caches to import."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.builders.recording.buildplace import NO_NAME
from layerfork.builders.recording.contextplaces import ClientProcess, is_as_announced
from layerfork.builders.recording.projects import Projects
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import BuildRecord

_FLAGS = ("--build-context", "--local", "-local")
"""That of docker and podman, and that of buildctl.
Source: docker/buildx commands/build.go @ v0.29.1; moby/buildkit cmd/buildctl/build.go @ v0.25.0."""
_OPTION = "context:"
_LOCAL = "local:"
_LATEST = ":latest"
"""What buildx takes from the end of a name.
Source: docker/buildx util/buildflags/context.go (ParseContextNames) @ v0.29.1."""


def add_named_places(
    record: BuildRecord, processes: Sequence[ClientProcess], projects: Projects, clean: Callable[[str], str]
) -> BuildRecord:
    """The record of a BuildKit build with the directories of its named contexts.

    Only a directory counts in which everything lies as it was sent; where several would do, there is none.
    """
    sent = [each for each in record.named_contexts if each.transport is Transport.FILE_SYNC]
    if not sent:
        return record
    named = [each for process in processes for each in _on_command_line(process)]
    found = {each.name: _directory_of(record, each, named) for each in sent}
    if not all(found.values()):
        named = list(_in_projects(record, projects, processes))
        found |= {each.name: found[each.name] or _directory_of(record, each, named) for each in sent}
    places = tuple((name, clean(directory)) for name, directory in found.items() if directory)
    return replace(record, place=replace(record.place, named_contexts=places))


def _directory_of(record: BuildRecord, manifest: ContextManifest, named: Sequence[tuple[str, str]]) -> str:
    sent_as = dict(record.request.options).get(_OPTION + manifest.name, "")
    names = {manifest.name.partition("::")[0], sent_as.removeprefix(_LOCAL)}
    found = {directory for name, directory in named if name.removesuffix(_LATEST) in names}
    fitting = [each for each in found if _lies_in(manifest, each)]
    return fitting[0] if len(fitting) == 1 else ""


def _on_command_line(process: ClientProcess) -> Iterator[tuple[str, str]]:
    argv = process.argv
    for word, following in zip(argv, (*argv[1:], ""), strict=True):
        flag, equals, value = word.partition("=")
        if flag not in _FLAGS:
            continue
        name, _, path = (value if equals else following).partition("=")
        directory = process.directory / path
        if path and directory.is_dir():
            yield name, os.path.realpath(directory)


def _in_projects(
    record: BuildRecord, projects: Projects, processes: Sequence[ClientProcess]
) -> Iterator[tuple[str, str]]:
    place = record.place
    for build in projects.builds(processes):
        if build.directory == place.directory and build.name == (place.name or NO_NAME):
            yield from build.named_contexts


def _lies_in(manifest: ContextManifest, directory: str) -> bool:
    return all(
        _is_there(Path(directory) / os.fsdecode(entry.name_bytes), entry) for entry in manifest.entries
    )


def _is_there(path: Path, entry: ContextEntry) -> bool:
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return False
    return entry.type is not EntryType.FILE or is_as_announced(found, entry)


# Caches that a client was asked to import and that its request does not name.

OPTION = "--cache-from"


def add_dropped_imports(
    record: BuildRecord, processes: Sequence[ClientProcess], projects: Projects, clean: Callable[[str], str]
) -> BuildRecord:
    """The record of a BuildKit build with the imports that it was asked to make, if its request has none.

    Only command lines that name the context's directory are the build's own; they must agree. Without one it
    is the service or target of that name and directory in a compose or bake file.
    """
    if record.builder is not Builder.BUILDKIT or record.request.cache_from or not record.place.directory:
        return record
    own = [tuple(_imports(each.argv)) for each in processes if _names(each, record.place.directory)]
    asked = set(own) or set(_of_projects(record, projects, processes))
    if len(asked) != 1 or not (sources := asked.pop()):
        return record
    dropped = tuple(clean(source) for source in sources)
    return replace(record, request=replace(record.request, cache_from_dropped=dropped))


def _imports(argv: Sequence[str]) -> Iterator[str]:
    for word, following in zip(argv, (*argv[1:], ""), strict=True):
        if word == OPTION and following:
            yield following
        elif word.startswith(f"{OPTION}="):
            yield word.partition("=")[2]


def _of_projects(
    record: BuildRecord, projects: Projects, processes: Sequence[ClientProcess]
) -> Iterator[tuple[str, ...]]:
    for build in projects.builds(processes):
        if build.directory == record.place.directory and build.name == (record.place.name or NO_NAME):
            yield build.cache_from


def _names(process: ClientProcess, directory: str) -> bool:
    """Whether one of its words is the directory, as docker's and buildx's last one is."""
    return any(os.path.realpath(process.directory / word) == directory for word in process.argv[1:] if word)
