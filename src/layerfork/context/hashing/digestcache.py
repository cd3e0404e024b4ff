"""What is remembered of a context directory, and the cache files that hold it."""

import contextlib
import marshal
import os
import struct
import tempfile
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from layerfork.context.walk import no_collection
from layerfork.record.context import Digest

_DIGEST_BYTES = 32
_LIMIT_FILES = 64
"""At most this many files of one ending stay in a directory."""


def read_columns(file: Path, form: str) -> tuple[Any, ...] | None:
    """What `write_columns` wrote in that form; None when there is none, or it is damaged."""
    try:
        whole = file.read_bytes()
        checksum, body = whole[:_DIGEST_BYTES], memoryview(whole)[_DIGEST_BYTES:]
        # Marshal trusts what it reads.
        if sha256(body).digest() != checksum:
            return None
        found, *columns = marshal.loads(body)
        return tuple(columns) if found == form else None
    except (OSError, ValueError, EOFError, TypeError):
        return None


def write_columns(file: Path, form: str, *columns: Any) -> bool:
    """Write values that marshal knows beside a file's place and move them there; the oldest of very many go.

    A full disk or a read-only one is no error: gives whether it was written.
    """
    body = marshal.dumps((form, *columns))
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(file, sha256(body).digest(), body)
        _drop_oldest(file)
        return True
    return False


def _replace(file: Path, *parts: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as out:
        try:
            for part in parts:
                out.write(part)
            out.flush()
            Path(out.name).replace(file)
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise


def _drop_oldest(file: Path) -> None:
    files = [(each.stat().st_mtime_ns, each) for each in file.parent.glob(f"*{file.suffix}")]
    for _, each in sorted(files)[:-_LIMIT_FILES]:
        each.unlink(missing_ok=True)


# What is remembered of a context directory, so that an unchanged one need not be read again.

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
