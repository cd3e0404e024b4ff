"""Statuses of very many files by path, looked up directory by directory."""

import os
from collections.abc import Iterable, Iterator

from layerfork.context.hashing.columns import DIRECTORY


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
