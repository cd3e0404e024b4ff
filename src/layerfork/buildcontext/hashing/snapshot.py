"""What the file system says of very many known files, in columns that are compared as one: did any change?"""

import marshal
import os
from collections.abc import Iterable

from layerfork.buildcontext.hashing import columns
from layerfork.buildcontext.hashing.columns import Names
from layerfork.buildcontext.hashing.helper import WORTH_FILES, aside

_UNREADABLE = (OSError, ValueError, OverflowError)


def columns_of(statuses: Iterable[os.stat_result]) -> bytes | None:
    """Columns of statuses; None where one holds a number that no file system should have."""
    try:
        return columns.columns_of(statuses)
    except OverflowError:
        return None


def read_statuses(root: str, names: Names) -> bytes | None:
    """Columns of the status of each, half of them from a process of its own where that pays.

    Links are not followed. None when something is missing, or has a number that no file system should have.
    """
    count = sum(len(own) for _, own in names)
    if count < WORTH_FILES or (os.cpu_count() or 1) < 2:
        return _read(root, names)
    near, far = _halves(names, count)
    with aside(columns, marshal.dumps((root, far))) as wait:
        own = _read(root, near)
        if own is None:
            return None
        other = wait()
        # What a helper cannot read is asked for again: it may have failed for a reason of its own.
        if other is None or len(other) != columns.ROW_BYTES * sum(len(own) for _, own in far):
            other = _read(root, far)
    return None if other is None else own + other


def _read(root: str, names: Names) -> bytes | None:
    try:
        return columns.columns_of(columns.find_statuses(root, names))
    except _UNREADABLE:
        return None


def _halves(names: Names, count: int) -> tuple[Names, Names]:
    """The first names and the others; a directory may be in both."""
    left = count // 2
    for at, (directory, own) in enumerate(names):
        if len(own) >= left:
            return [*names[:at], (directory, own[:left])], [(directory, own[left:]), *names[at + 1 :]]
        left -= len(own)
    return names, []
