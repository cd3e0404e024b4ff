"""Completes a record with digests of files that the builder did not ask for, read from the context."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.buildcontext.hashing.contents import File, hash_files, split
from layerfork.buildcontext.hashing.digestcache import DigestCache, cache_file, load_cache, save_cache
from layerfork.buildcontext.hashing.statuses import statuses_of
from layerfork.harness.recording.contextplaces import Find, Place, is_as_announced, unsent_files
from layerfork.model.context import ContentSource, ContextEntry, ContextManifest, Digest, with_content
from layerfork.model.record import BuildRecord

WORTH_CACHING = 500
"""Fewer files are read again sooner than it takes to remember them."""


def fill_from_disk(record: BuildRecord, find: Find, caches: Path | None = None) -> BuildRecord:
    """The record with digests of the unsent files of its contexts, marked as read from disk.

    A file that is no longer what was announced is left as it was, and so is one that has different contents
    in two directories that the context may have been sent from. ``caches`` is the directory where digests
    are remembered; None remembers nothing.
    """
    return replace(
        record,
        context=None if record.context is None else _filled(record.context, find, caches),
        named_contexts=tuple(_filled(manifest, find, caches) for manifest in record.named_contexts),
    )


def _filled(manifest: ContextManifest, find: Find, caches: Path | None) -> ContextManifest:
    unsent = unsent_files(manifest)
    places = find(manifest) if unsent else ()
    found = [_digests_in(place, unsent, caches) for place in places]
    digests = {id(entry): _only(found, position) for position, entry in enumerate(unsent)} if found else {}
    if not any(digests.values()):
        return manifest
    entries = tuple(_with_digest(entry, digests.get(id(entry))) for entry in manifest.entries)
    return replace(manifest, entries=entries)


def _with_digest(entry: ContextEntry, digest: Digest | None) -> ContextEntry:
    return with_content(entry, digest, ContentSource.DISK) if digest else entry


def _only(found: Sequence[dict[int, Digest]], position: int) -> Digest | None:
    """The digest of a file, wherever it lies; None when it lies nowhere, or with two contents."""
    if len(found) == 1:
        return found[0].get(position)
    digests = {each[position] for each in found if position in each}
    return digests.pop() if len(digests) == 1 else None


def _digests_in(place: Place, unsent: Sequence[ContextEntry], caches: Path | None) -> dict[int, Digest]:
    """Digests of files that are still what was announced, by their position in the list."""
    root = os.fspath(place.directory)
    files: dict[int, File] = {
        position: (os.fsdecode(entry.name_bytes), status)
        for position, (entry, status) in enumerate(zip(unsent, place.statuses, strict=True))
        if status is not None and is_as_announced(status, entry)
    }
    file = cache_file(caches, place.directory) if caches is not None and len(files) >= WORTH_CACHING else None
    cache = load_cache(file) if file is not None else DigestCache()
    _, unread = split(cache, files.values())
    contents = hash_files(root, files.values(), cache).contents
    # What was read is right if it is still what it was before.
    names = [path for path, _ in unread]
    for (path, before), after in zip(unread, statuses_of(root, names), strict=True):
        if after is None or not _is_same(before, after):
            contents.pop(path, None)
            cache.known.pop(path, None)
    if file is not None:
        save_cache(cache, file)
    return {position: contents[path][0] for position, (path, _) in files.items() if path in contents}


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_ino,
    )
