"""Which directories named contexts were sent from: what command lines, compose and bake files say."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.builders.client.buildxnotes import NO_NAME
from layerfork.builders.client.contextplaces import is_as_announced
from layerfork.builders.client.process import ClientProcess
from layerfork.builders.client.projects import Projects
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
