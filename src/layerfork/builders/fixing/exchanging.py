"""Two names of one directory exchanged in one go."""

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""linux/fs.h."""
_RENAME_SWAP = 2
"""sys/stdio.h of macOS."""
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
"""Of a system or a file system that has no such call."""


def exchange(one: Path, other: Path) -> bool:
    """Each gets what the other was, links unfollowed; False where that cannot be done. Raises: OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin":
        done = _called(libc, "renamex_np", first, second, ctypes.c_uint(_RENAME_SWAP))
    else:
        flags = ctypes.c_uint(_RENAME_EXCHANGE)
        done = _called(libc, "renameat2", _AT_FDCWD, first, _AT_FDCWD, second, flags)
    if done in _CANNOT:
        return False
    if done:
        raise OSError(done, os.strerror(done), os.fspath(other))
    return True


def _called(libc: ctypes.CDLL, name: str, *words: object) -> int:
    """The number of the error, or 0."""
    call = getattr(libc, name, None)
    if call is None:
        return errno.ENOSYS
    return 0 if call(*words) == 0 else ctypes.get_errno()
