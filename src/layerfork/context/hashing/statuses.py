"""Statuses of very many files: looked up directory by directory, and compared as one in columns."""

import marshal
import os
from collections.abc import Callable, Iterable, Iterator

from layerfork.context.hashing import columns
from layerfork.context.hashing.columns import DIRECTORY, Names
from layerfork.context.hashing.contents import WORTH_FILES, aside


def statuses_of(root: str, paths: Iterable[str]) -> Iterator[os.stat_result | None]:
    """The status of each path below ``root``, its own link not followed; None where nothing can be found.

    By a handle of the directory, which is kept while paths lie in it, the kernel looks up each name alone.
    """
    handle, opened = -1, None
    try:
        for path in paths:
            directory, _, name = path.rpartition("/")
            if directory != opened:
                if handle >= 0:
                    os.close(handle)
                handle, opened = _open(f"{root}/{directory}"), directory
            try:
                yield os.lstat(name, dir_fd=handle) if handle >= 0 else None
            except (OSError, ValueError):
                yield None
    finally:
        if handle >= 0:
            os.close(handle)


def _open(directory: str) -> int:
    """A handle that names can be looked up by; negative when there is no such directory."""
    try:
        return os.open(directory, DIRECTORY)
    except (OSError, ValueError):
        return -1


# What the file system says of very many known files, in columns that are compared as one: did any change?

_UNREADABLE = (OSError, ValueError, OverflowError)
_OTHER_WORK_FILES = 20_000
"""What is imported meanwhile takes about as long as asking for this many statuses."""


def columns_of(statuses: Iterable[os.stat_result]) -> bytes | None:
    """Columns of statuses; None where one holds a number that no file system should have."""
    try:
        return columns.columns_of(statuses)
    except OverflowError:
        return None


def no_other_work() -> None:
    """There is none."""


def read_statuses(root: str, names: Names, meanwhile: Callable[[], object] = no_other_work) -> bytes | None:
    """Columns of the status of each, some of them from a process of its own where that pays.

    Links are not followed. None when something is missing, or has a number that no file system should have.
    ``meanwhile`` is done while that process works, so it gets the larger share.
    """
    top = os.fsencode(root)
    count = sum(len(own) for _, own in names)
    if count < WORTH_FILES or (os.cpu_count() or 1) < 2:
        meanwhile()
        return _read(top, names)
    left = count if meanwhile is no_other_work else max(0, count - _OTHER_WORK_FILES)
    near, far = _split(names, left // 2)
    with aside(columns, marshal.dumps((top, far))) as wait:
        meanwhile()
        own = _read(top, near)
        if own is None:
            return None
        other = wait()
        # What a helper cannot read is asked for again: it may have failed for a reason of its own.
        if other is None or len(other) != columns.ROW_BYTES * sum(len(own) for _, own in far):
            other = _read(top, far)
    return None if other is None else own + other


def _read(root: bytes, names: Names) -> bytes | None:
    try:
        return columns.columns_of(columns.find_statuses(root, names))
    except _UNREADABLE:
        return None


def _split(names: Names, left: int) -> tuple[Names, Names]:
    """The first ``left`` names, and the others; a directory may be in both."""
    for at, (directory, own) in enumerate(names):
        if len(own) >= left:
            return [*names[:at], (directory, own[:left])], [(directory, own[left:]), *names[at + 1 :]]
        left -= len(own)
    return names, []
