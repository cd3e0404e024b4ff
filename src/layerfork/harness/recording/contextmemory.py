"""What a context directory's last record held, so that an unchanged directory need not be decoded again.

A client announces every entry of a directory again for each build. When all announcements are the same, byte
for byte, and no file has another status on disk than when its digest was read, the record's lines are the
same, too.
"""

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import zstandard

from layerfork import __version__
from layerfork.buildcontext.hashing.cachefile import read_columns, write_columns
from layerfork.buildcontext.hashing.digestcache import cache_file
from layerfork.buildcontext.walk import no_collection
from layerfork.harness.recording.contextplaces import Place
from layerfork.harness.records.blocks import BlockEntries, names_in
from layerfork.harness.records.lines import LEVEL
from layerfork.harness.records.stored import stored
from layerfork.model.context import MAIN_CONTEXT, ContextEntry, ContextManifest
from layerfork.model.record import BuildRecord

_FORM = f"layerfork context memory 1, {__version__}"
_ENDING = ".blocks"

Names = list[tuple[str, list[str]]]
"""Directories of files, each with names in it, in the order of the files."""


def remember(caches: Path, place: Place, record: BuildRecord) -> BuildRecord:
    """Keep the main context of a record that was sent from a place; gives the record with its lines made.

    All its digests have to be of files that have been left alone for so long that their status proves it.
    """
    files = [file for file in place.files if file is not None]
    statuses = _columns(status for _, status in files)
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
        try:
            if _columns(_statuses(likely[0], names)) != statuses:
                return None
        except (OSError, ValueError):
            return None
        lines = zstandard.ZstdDecompressor().decompress(blocks).split(b"\n")
        return BlockEntries(lines, count, frozenset(named))


def _by_directory(paths: Iterable[str]) -> Names:
    split = (path.rpartition("/")[::2] for path in paths)
    return [(directory, [name for _, name in own]) for directory, own in groupby(split, itemgetter(0))]


def _columns(statuses: Iterable[os.stat_result]) -> bytes | None:
    """Columns of statuses; None when one holds a number that no file system should have."""
    columns = array("q")
    try:
        for found in statuses:
            columns.extend((found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode))
    except OverflowError:
        return None
    return columns.tobytes()


def _statuses(root: Path, names: Names) -> Iterator[os.stat_result]:
    """What lies there now. Raises: OSError or ValueError when something is missing."""
    for directory, own in names:
        handle = os.open(root / directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in own:
                yield os.lstat(name, dir_fd=handle)
        finally:
            os.close(handle)
