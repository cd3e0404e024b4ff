"""A directory copied with everything that a builder may look at: modes, owners, times, attributes, links."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from layerfork.errors import LayerforkError


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory; ``target`` is made. What may not be read, or not be made, is an error.

    An owner that we may not give is left out: clients that matter for it run as root.
    Raises: LayerforkError.
    """
    copied: dict[tuple[int, int], Path] = {}
    try:
        _directory(source, target, copied)
    except OSError as error:
        raise LayerforkError(
            f"cannot copy {error.filename or source}: {error.strerror}",
            hint="the build is tried on a copy; TMPDIR names where it lies",
        ) from error


def _directory(source: Path, target: Path, copied: dict[tuple[int, int], Path]) -> None:
    target.mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            place = target / entry.name
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                _directory(source / entry.name, place, copied)
            else:
                _file(source / entry.name, place, status, copied)
    _attributes(source, target, source.lstat())


def _file(source: Path, target: Path, status: os.stat_result, copied: dict[tuple[int, int], Path]) -> None:
    name = (status.st_dev, status.st_ino)
    if status.st_nlink > 1 and name in copied:
        os.link(copied[name], target, follow_symlinks=False)
        return
    if stat.S_ISLNK(status.st_mode):
        target.symlink_to(source.readlink())
    elif stat.S_ISREG(status.st_mode):
        shutil.copyfile(source, target, follow_symlinks=False)
    elif stat.S_ISFIFO(status.st_mode):
        os.mkfifo(target)
    elif stat.S_ISSOCK(status.st_mode):
        os.mknod(target, status.st_mode)
    else:
        os.mknod(target, status.st_mode, status.st_rdev)
    if status.st_nlink > 1:
        copied[name] = target
    _attributes(source, target, status)


def _attributes(source: Path, target: Path, status: os.stat_result) -> None:
    with suppress(PermissionError):
        os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
    shutil.copystat(source, target, follow_symlinks=False)
