"""Completes a record with digests of files that the builder did not ask for, read from the context."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.buildcontext.hashing.contents import hash_files
from layerfork.buildcontext.hashing.digestcache import DigestCache, cache_file, load_cache, save_cache
from layerfork.buildcontext.hashing.statuses import statuses_of
from layerfork.harness.recording.contextplaces import Find, Place, unsent_files
from layerfork.model.context import ContentSource, ContextEntry, ContextManifest, Digest, with_content
from layerfork.model.record import BuildRecord

Digests = Sequence[Digest | None]
"""Of the unsent files of a context, in their order."""
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
    found = [_digests_in(place, caches) for place in places]
    digests = found[0] if len(found) == 1 else [_only(each) for each in zip(*found, strict=True)]
    if not any(digests):
        return manifest
    known = {id(entry): digest for entry, digest in zip(unsent, digests, strict=True) if digest}
    entries = tuple(_with_digest(entry, known.get(id(entry))) for entry in manifest.entries)
    return replace(manifest, entries=entries)


def _with_digest(entry: ContextEntry, digest: Digest | None) -> ContextEntry:
    return with_content(entry, digest, ContentSource.DISK) if digest else entry


def _only(digests: Sequence[Digest | None]) -> Digest | None:
    """The digest of a file, wherever it lies; None when it lies nowhere, or with two contents."""
    found = set(digests) - {None}
    return found.pop() if len(found) == 1 else None


def _digests_in(place: Place, caches: Path | None) -> Digests:
    """Digests of the files that are still what was announced."""
    root = os.fspath(place.directory)
    files = [file for file in place.files if file is not None]
    file = cache_file(caches, place.directory) if caches is not None and len(files) >= WORTH_CACHING else None
    cache = load_cache(file) if file is not None else DigestCache()
    hashed = hash_files(root, files, cache)
    contents = hashed.contents
    # What was read is right if it is still what it was before.
    names = [path for path, _ in hashed.read]
    for (path, before), after in zip(hashed.read, statuses_of(root, names), strict=True):
        if after is None or not _is_same(before, after):
            contents.pop(path, None)
            cache.known.pop(path, None)
    if file is not None:
        save_cache(cache, file)
    return [
        contents[file[0]][0] if file is not None and file[0] in contents else None for file in place.files
    ]


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_ino,
    )
