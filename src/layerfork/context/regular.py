"""Small files of a project, read without waiting and without an end in sight."""

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 16 << 20
"""No Dockerfile and no ignore file is longer."""


class UnfitError(OSError):
    """A file that is none to read: a pipe, a device, or one without an end."""


def read_regular(path: Path, *, pipes: bool = False) -> bytes:
    """What a regular file holds. ``pipes``: or what comes out of a pipe, such as a shell's ``<(…)``.

    Raises: UnfitError; OSError.
    """
    handle = os.open(os.fspath(path), os.O_RDONLY | os.O_CLOEXEC | (0 if pipes else os.O_NONBLOCK))
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(handle).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or (pipes and stat.S_ISFIFO(mode))):
            raise UnfitError(errno.EINVAL, "it is no regular file", os.fspath(path))
        data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UnfitError(errno.EFBIG, f"it is longer than {MOST_BYTES:,} bytes", os.fspath(path))
        return data
