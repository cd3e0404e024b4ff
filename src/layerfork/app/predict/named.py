"""What named contexts of a recorded build hold now: directories beside the main one."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from layerfork.context.clientrules import ContextRules, find_rules
from layerfork.context.hashing.digestcache import DigestCache, cache_file, load_cache, save_cache
from layerfork.context.ignore.ignorefile import DOCKER_FILES
from layerfork.context.manifest import read_context
from layerfork.errors import UsageError
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.record import BuildRecord
from layerfork.userdirs import cache_directory


def rules_of_named() -> ContextRules:
    """How a client of BuildKit sends them: no ignore file of theirs is named after a Dockerfile.

    Source: moby/buildkit frontend/dockerui/namedcontext.go (load) @ v0.32.2.
    """
    return replace(find_rules("buildkit"), ignore_files=DOCKER_FILES)


def places_of_named(record: BuildRecord) -> tuple[Mapping[str, Path], Mapping[str, str]]:
    """The directories of named contexts that a client sent, and of those that nobody knows why."""
    known = dict(record.place.named_contexts)
    places: dict[str, Path] = {}
    unseen: dict[str, str] = {}
    for manifest in record.named_contexts:
        if manifest.transport is not Transport.FILE_SYNC:
            unseen[manifest.name] = f"what the context {manifest.name} holds now is not known"
        elif manifest.name not in known:
            unseen[manifest.name] = f"which directory the context {manifest.name} is, no record shows"
        else:
            places[manifest.name] = Path(known[manifest.name])
    return places, unseen


def read_named_contexts(record: BuildRecord) -> tuple[tuple[ContextManifest, ...], Mapping[str, str]]:
    """What would be sent of them, and why of some nobody can tell."""
    places, why_not = places_of_named(record)
    unseen = dict(why_not)
    found: list[ContextManifest] = []
    for name, directory in places.items():
        read = _read(directory)
        if isinstance(read, str):
            unseen[name] = f"the context {name} cannot be read: {read}"
        else:
            found.append(replace(read, name=name))
    return tuple(found), unseen


def _read(directory: Path) -> ContextManifest | str:
    """The directory as it would be sent, or why it cannot be read."""
    file = cache_file(cache_directory(), directory)
    cache = load_cache(file) if file.exists() else DigestCache()
    try:
        read = read_context(directory, rules_of_named(), cache=cache)
    except UsageError as error:
        return error.message
    if cache.changed:
        save_cache(cache, file)
    if read.problems:
        first = read.problems[0]
        return f"{directory / first.path}: {first.reason}"
    return read.manifest
