"""Completes a record with digests of files that the builder did not ask for, and remembers them."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import zstandard

from layerfork import __version__
from layerfork.builders.recording.contextplaces import ContextPlace, Find, unsent_files
from layerfork.context.hashing.columns import Names, encoded
from layerfork.context.hashing.contents import File, hash_files
from layerfork.context.hashing.digestcache import (
    DigestCache,
    cache_file,
    load_cache,
    read_columns,
    save_cache,
    write_columns,
)
from layerfork.context.hashing.statuses import columns_of, read_statuses, statuses_of
from layerfork.context.walk import no_collection
from layerfork.record.context import (
    MAIN_CONTEXT,
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    with_content,
)
from layerfork.record.record import BuildRecord
from layerfork.record.store.blocks import LEVEL, BlockEntries, names_in
from layerfork.record.store.recordfile import stored

# What a context directory's last record held, so that an unchanged directory need not be decoded again.
#
# A client announces every entry of a directory again for each build. When all announcements are the same,
# byte for byte, and no file has another status on disk than when its digest was read, the record's lines are
# the same, too.

_FORM = f"layerfork context memory 2, {__version__}"
_ENDING = ".blocks"


def remember(caches: Path, place: ContextPlace, record: BuildRecord) -> BuildRecord:
    """Keep the main context of a record that was sent from a place; gives the record with its lines made.

    All its digests have to be of files that have been left alone for so long that their status proves it.
    """
    files = [file for file in place.files if file is not None]
    statuses = columns_of(status for _, status in files)
    context = record.context
    if context is None or not context.complete or statuses is None:
        return record
    lines = stored(replace(record, named_contexts=())).blocks
    names = names_in(record)
    write_columns(
        cache_file(caches, place.directory, _ENDING),
        _FORM,
        context.announced,
        _by_directory(path for path, _ in files),
        statuses,
        len(context.entries),
        sorted(names),
        zstandard.ZstdCompressor(level=LEVEL).compress(b"\n".join(lines)),
    )
    entries = BlockEntries(lines, len(context.entries), names, tuple(context.entries))
    return replace(record, context=replace(context, entries=entries))


def recall(
    caches: Path, directories: Iterable[Path], manifest: ContextManifest
) -> Sequence[ContextEntry] | None:
    """Entries of a context that the one of these directories sent; None when it has to be decoded."""
    likely = list(directories)
    if manifest.name != MAIN_CONTEXT or not manifest.announced or len(likely) != 1:
        return None
    with no_collection():
        columns = read_columns(cache_file(caches, likely[0], _ENDING), _FORM)
        if columns is None or columns[0] != manifest.announced:
            return None
        _, names, statuses, count, named, blocks = columns
        if read_statuses(os.fspath(likely[0]), names) != statuses:
            return None
        lines = zstandard.ZstdDecompressor().decompress(blocks).split(b"\n")
        return BlockEntries(lines, count, frozenset(named))


def _by_directory(paths: Iterable[str]) -> Names:
    split = (path.rpartition("/")[::2] for path in paths)
    return encoded((directory, [name for _, name in own]) for directory, own in groupby(split, itemgetter(0)))


WORTH_CACHING = 500
"""With fewer files, reading them again is faster than the cache."""


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
) -> tuple[ContextManifest, ContextPlace | None]:
    """A context with digests, and the one place that has them all for the next build, if there is one."""
    unsent = unsent_files(manifest)
    places = find(manifest) if unsent else ()
    found = [_digests_in(place, caches) for place in places]
    digests = _agreed(found)
    if not any(digests):
        return manifest, None
    settled = places[0] if len(found) == 1 and found[0].settled else None
    known = {id(entry): digest for entry, digest in zip(unsent, digests, strict=True) if digest}
    entries = tuple(_with_digest(entry, known.get(id(entry))) for entry in manifest.entries)
    return replace(manifest, entries=entries), settled


def _with_digest(entry: ContextEntry, digest: Digest | None) -> ContextEntry:
    return with_content(entry, digest, ContentSource.DISK) if digest else entry


def _agreed(found: Sequence[_Found]) -> Sequence[Digest | None]:
    """A digest for each file; None when no place has the file, or two have different contents."""
    if len(found) == 1:
        return found[0].digests
    return [_only(each) for each in zip(*(place.digests for place in found), strict=True)]


def _only(digests: Sequence[Digest | None]) -> Digest | None:
    found = set(digests) - {None}
    return found.pop() if len(found) == 1 else None


def _digests_in(place: ContextPlace, caches: Path | None) -> _Found:
    """Digests of the files that are still what was announced."""
    files = [file for file in place.files if file is not None]
    stored = None
    if caches is not None and len(files) >= WORTH_CACHING:
        stored = cache_file(caches, place.directory)
    cache = load_cache(stored) if stored is not None else DigestCache()
    contents = _hashed(os.fspath(place.directory), files, cache)
    if stored is not None:
        save_cache(cache, stored)
    digests = [contents.get(file[0]) if file is not None else None for file in place.files]
    settled = stored is not None and len(cache.known) == len(digests) and None not in digests
    return _Found(digests=digests, settled=settled)


def _hashed(root: str, files: Sequence[File], cache: DigestCache) -> dict[str, Digest]:
    """Digests by path. A file that changed while it was read is left out, of the cache too."""
    hashed = hash_files(root, files, cache)
    digests = {path: digest for path, (digest, _) in hashed.contents.items()}
    names = [path for path, _ in hashed.read]
    for (path, before), after in zip(hashed.read, statuses_of(root, names), strict=True):
        if after is None or not _is_same(before, after):
            digests.pop(path, None)
            cache.known.pop(path, None)
    return digests


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_ino,
    )
