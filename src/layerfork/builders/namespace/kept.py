"""Data of private engines that outlives them: one directory for each engine, used by one at a time.

Nothing runs between two uses. The lock is held by whoever uses the data, down to the engine's own processes,
so that it is free only when all of them are gone.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.namespace.keeper import remove_tree
from layerfork.builders.namespace.rundirs import lies_on_overlay
from layerfork.errors import EngineError

KEPT = "kept"
"""Directory below that of the engines' run directories."""
LIMIT_BYTES = 2 << 30
"""Data that has grown larger is removed before the next use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptData:
    """Data in use."""

    path: Path
    lock: int
    """Descriptor of the locked lock file."""


@contextlib.contextmanager
def kept_data(base: Path, name: str) -> Iterator[KeptData | None]:
    """The data that is kept under a name, empty at first; None when another engine uses it, or when it would
    lie on an overlay file system, where an engine's data has to be in memory.

    Raises: EngineError when it cannot be made.
    """
    place = base / KEPT / name
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = None if lies_on_overlay(base) else _take(place)
    except OSError as error:
        raise EngineError(f"{place} cannot hold an engine's data: {error.strerror}") from error
    if lock is None:
        yield None
        return
    try:
        if size_of(place) > LIMIT_BYTES:
            remove_tree(os.fspath(place))
        place.mkdir(mode=0o700, exist_ok=True)
        yield KeptData(path=place, lock=lock)
    finally:
        os.close(lock)


def remove_kept(base: Path) -> tuple[tuple[str, bool], ...]:
    """Remove all data that is kept; each name, and whether it is gone: what is in use stays."""
    found = []
    for place in sorted(path for path in (base / KEPT).glob("*") if path.is_dir()):
        lock = _take(place)
        if lock is not None:
            remove_tree(os.fspath(place))
            _lock_file(place).unlink(missing_ok=True)
            os.close(lock)
        found.append((place.name, lock is not None and not place.exists()))
    for directory in (base / KEPT, base):
        with contextlib.suppress(OSError):
            directory.rmdir()
    return tuple(found)


def size_of(directory: Path) -> int:
    """Bytes that a tree takes on disk."""
    total = 0
    pending = [os.fspath(directory)]
    while pending:
        with contextlib.suppress(OSError):
            for entry in os.scandir(pending.pop()):
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    with contextlib.suppress(OSError):
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def _take(place: Path) -> int | None:
    """Lock the data; None when it is in use."""
    lock = os.open(_lock_file(place), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if os.fstat(lock).st_nlink == 0:
        os.close(lock)
        return None
    return lock


def _lock_file(place: Path) -> Path:
    return place.with_name(f"{place.name}.kept-lock")
