"""What is remembered of a context directory, so that an unchanged one need not be read again."""

import os
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import cast

from layerfork.context.hashing.cachefile import read_columns, write_columns
from layerfork.context.walk import no_collection
from layerfork.record.context import Digest

_FORMAT = "layerfork contexts 4"
_STATUS = struct.Struct("<qqqQ")
_ENDING = ".context"
RACY_NS = 2 * 10**9
"""What changed so shortly before it was read may change again within the clock's tick: its times then prove
nothing later. The rule of git's index, with a tick that is coarse enough for every file system."""

Status = tuple[int, int, int, int]
"""A file's size, modification time, change time and inode. No write leaves all of them as they were, and
neither does a new extended attribute."""

Content = tuple[Digest, bool]
"""A regular file's digest, and whether it is plain: without extended attributes."""


@dataclass(slots=True, kw_only=True)
class DigestCache:
    """What one context directory held. Use one for one directory."""

    known: dict[str, tuple[Status, Content]] = field(default_factory=dict)
    """By the file's path."""
    changed: bool = False
    """Whether there is something to write."""


def cache_file(cache_directory: Path, root: Path, ending: str = _ENDING) -> Path:
    """Where a context directory's cache is kept below layerfork's own cache directory."""
    name = sha256(os.fsencode(root.resolve())).hexdigest()[:32]
    return cache_directory / "contexts" / f"{name}{ending}"


def load_cache(file: Path) -> DigestCache:
    """The cache that `save_cache` wrote; an empty one when there is none or it is damaged."""
    with no_collection():
        columns = read_columns(file, _FORMAT)
        try:
            return _from_columns(*columns) if columns is not None else DigestCache()
        except (ValueError, TypeError):
            return DigestCache()


def _from_columns(paths: list[str], statuses: bytes, digests: str, plain: bytes) -> DigestCache:
    # Columns, because one string of all digests is read faster than very many tuples.
    contents = zip(cast("list[Digest]", digests.split()), map(bool, plain), strict=True)
    known = dict(zip(paths, zip(_STATUS.iter_unpack(statuses), contents, strict=True), strict=True))
    return DigestCache(known=known)


def save_cache(cache: DigestCache, file: Path) -> None:
    """Write the cache beside its place and move it there; the oldest of very many caches go.

    A full disk or a read-only one is no error.
    """
    if not cache.changed:
        return
    rows = cache.known.values()
    written = write_columns(
        file,
        _FORMAT,
        list(cache.known),
        b"".join([_STATUS.pack(*status) for status, _ in rows]),
        "\n".join([content[0] for _, content in rows]),
        bytes([content[1] for _, content in rows]),
    )
    cache.changed = not written
