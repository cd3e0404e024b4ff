"""Where a user's caches and state lie: ``$XDG_CACHE_HOME``, ``$XDG_STATE_HOME`` or their defaults."""

import contextlib
import errno
import os
import stat
from itertools import takewhile
from pathlib import Path

import platformdirs

NAME = "layerfork"


def cache_directory() -> Path:
    """What can be made again: fetched engines, client environments, digests of contexts."""
    return platformdirs.user_cache_path(NAME)


def state_directory() -> Path:
    """What is to stay on this machine: recorded builds, the key that hides secrets."""
    return platformdirs.user_state_path(NAME)


def make_private(directory: Path) -> None:
    """Make a directory, and those above it that there are not, for the user alone, whatever the umask is.

    Of our state directory, the directories that are there already are closed to others.
    Raises: OSError.
    """
    upward = (directory, *directory.parents)
    missing = list(takewhile(lambda place: not place.exists(), upward))
    for place in reversed(missing):
        with contextlib.suppress(FileExistsError):
            place.mkdir(mode=0o700)
            place.chmod(0o700)
    for place in upward[len(missing) :]:
        status = place.stat()
        is_ours = place.is_relative_to(state_directory()) and status.st_uid == os.getuid()
        if is_ours and stat.S_IMODE(status.st_mode) != 0o700:
            place.chmod(0o700)
    if not directory.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(directory))


def is_ours_alone(directory: Path) -> bool:
    """Whether only this user and root can write into a directory, or put another one in its place.

    Of one that is not there yet, the question is about the nearest that is above it. Raises: OSError.
    """
    nearest = next(place for place in (directory, *directory.parents) if os.path.lexists(place)).resolve()
    for place in (nearest, *nearest.parents):
        status = place.lstat()
        others_write = stat.S_IMODE(status.st_mode) & 0o022
        # In a sticky directory users rename only their own entries, but may add some.
        is_sticky = status.st_mode & stat.S_ISVTX and place != nearest
        if status.st_uid not in (0, os.getuid()) or (others_write and not is_sticky):
            return False
    return True
