"""Caches that a client was asked to import and that its request does not name."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from layerfork.builders.client.buildxnotes import NO_NAME
from layerfork.builders.client.process import ClientProcess
from layerfork.builders.client.projects import Projects
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord

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
