"""Asks for the status of very many known files. Also a program, so that a second processor can help.

As a program it runs without layerfork's packages: only the standard library is imported here. From standard
input it reads what `marshal` made of a root and of `Names`. It writes the columns, or ends with 1 where
something is missing.
"""

import marshal
import os
import sys
from array import array
from collections.abc import Iterable, Iterator

Names = list[tuple[bytes, list[bytes]]]
"""Directories by their paths below a root, each with names in it, as the file system has them."""
ROW_BYTES = 5 * 8
DIRECTORY: int = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
"""How a directory is opened to look names up in it; without Linux's ``O_PATH`` it must be readable, too."""


def encoded(names: Iterable[tuple[str, Iterable[str]]]) -> Names:
    """Names as the file system has them."""
    return [(os.fsencode(directory), [os.fsencode(name) for name in own]) for directory, own in names]


def columns_of(statuses: Iterable[os.stat_result]) -> bytes:
    """Size, modification time, change time, inode and mode of each, as 64-bit numbers.

    Raises: OverflowError for a number that no file system should have.
    """
    columns = array("q")
    extend = columns.extend
    for found in statuses:
        extend((found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode))
    return columns.tobytes()


def find_statuses(root: bytes, names: Names) -> Iterator[os.stat_result]:
    """What lies there now, links not followed. Raises: OSError or ValueError when something is missing.

    By a handle of the directory the kernel looks up each name alone, and not its whole path.
    """
    lstat = os.lstat
    for directory, own in names:
        handle = os.open(root + b"/" + directory, DIRECTORY)
        try:
            for name in own:
                yield lstat(name, dir_fd=handle)
        finally:
            os.close(handle)


def main() -> None:
    root, names = marshal.loads(sys.stdin.buffer.read())
    try:
        columns = columns_of(find_statuses(root, names))
    except (OSError, ValueError, OverflowError):
        sys.exit(1)
    sys.stdout.buffer.write(columns)


if __name__ == "__main__":
    main()
