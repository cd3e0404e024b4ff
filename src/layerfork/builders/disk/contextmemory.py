"""What a context directory's last record held, so that an unchanged directory need not be decoded again.

A client announces every entry of a directory again for each build. When all announcements are the same, byte
for byte, and no file has another status on disk than when its digest was read, the record's lines are the
same, too.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import zstandard

from layerfork import __version__
from layerfork.builders.client.contextplaces import Place
from layerfork.context.hashing.columns import Names, encoded
from layerfork.context.hashing.digestcache import cache_file, read_columns, write_columns
from layerfork.context.hashing.statuses import columns_of, read_statuses
from layerfork.context.walk import no_collection
from layerfork.record.context import MAIN_CONTEXT, ContextEntry, ContextManifest
from layerfork.record.record import BuildRecord
from layerfork.record.store.blocks import LEVEL, BlockEntries, names_in
from layerfork.record.store.recordfile import stored

_FORM = f"layerfork context memory 2, {__version__}"
_ENDING = ".blocks"


def remember(caches: Path, place: Place, record: BuildRecord) -> BuildRecord:
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
