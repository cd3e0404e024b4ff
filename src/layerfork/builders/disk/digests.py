"""Completes a record with digests of files that the builder did not ask for, read from the context."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.builders.client.contextplaces import Find, Place, unsent_files
from layerfork.builders.disk.contextmemory import remember
from layerfork.context.hashing.contents import hash_files
from layerfork.context.hashing.digestcache import DigestCache, cache_file, load_cache, save_cache
from layerfork.context.hashing.statuses import statuses_of
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest, Digest, with_content
from layerfork.record.record import BuildRecord
from layerfork.record.store.blocks import BlockEntries

WORTH_CACHING = 500
"""Fewer files are read again sooner than it takes to remember them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What is known of the unsent files of a context."""

    digests: Sequence[Digest | None]
    """In the files' order."""
    settled: bool
    """Every digest is cached, under the status that the file had."""


def fill_from_disk(record: BuildRecord, find: Find, caches: Path | None = None) -> BuildRecord:
    """The record with digests of the unsent files of its contexts, marked as read from disk.

    A file that is no longer what was announced is left as it was, and so is one that has different contents
    in two directories that the context may have been sent from. ``caches`` is the directory where digests
    are remembered; None remembers nothing.
    """
    named = tuple(_filled(manifest, find, caches)[0] for manifest in record.named_contexts)
    record = replace(record, named_contexts=named)
    if record.context is None or isinstance(record.context.entries, BlockEntries):
        return record
    main, settled = _filled(record.context, find, caches)
    record = replace(record, context=main)
    return remember(caches, settled, record) if caches is not None and settled is not None else record


def _filled(
    manifest: ContextManifest, find: Find, caches: Path | None
) -> tuple[ContextManifest, Place | None]:
    """A context with digests, and the one place that has them all for the next build, if there is one."""
    unsent = unsent_files(manifest)
    places = find(manifest) if unsent else ()
    found = [_digests_in(place, caches) for place in places]
    several = (each.digests for each in found)
    digests = found[0].digests if len(found) == 1 else [_only(each) for each in zip(*several, strict=True)]
    if not any(digests):
        return manifest, None
    known = {id(entry): digest for entry, digest in zip(unsent, digests, strict=True) if digest}
    entries = tuple(_with_digest(entry, known.get(id(entry))) for entry in manifest.entries)
    settled = places[0] if len(found) == 1 and found[0].settled else None
    return replace(manifest, entries=entries), settled


def _with_digest(entry: ContextEntry, digest: Digest | None) -> ContextEntry:
    return with_content(entry, digest, ContentSource.DISK) if digest else entry


def _only(digests: Sequence[Digest | None]) -> Digest | None:
    """The digest of a file, wherever it lies; None when it lies nowhere, or with two contents."""
    found = set(digests) - {None}
    return found.pop() if len(found) == 1 else None


def _digests_in(place: Place, caches: Path | None) -> _Found:
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
    digests = [
        contents[file[0]][0] if file is not None and file[0] in contents else None for file in place.files
    ]
    settled = file is not None and len(cache.known) == len(digests) and None not in digests
    return _Found(digests=digests, settled=settled)


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_ino,
    )
