"""Makes happen in a directory what happened between two recorded builds."""

import os
import random
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from layerfork.builders.fixing.places import leads_elsewhere
from layerfork.errors import LayerforkError
from layerfork.record.change import Change, EntriesAre
from layerfork.record.context import ContextEntry, EntryType

_PERMISSIONS = 0o7777
_BLANKS = 64
"""So many blanks and line feeds make a content that no build has had."""


class NotMadeError(LayerforkError):
    """A change cannot be made to a directory."""


def make_happen(changes: Iterable[Change], directory: Path) -> None:
    """Change entries of a directory as `EntriesAre` says, in which no content is written down: a file whose
    content is to change gets blanks and empty lines at its end, which no program of ours has seen to matter.

    Raises: NotMadeError.
    """
    for change in changes:
        if isinstance(change, EntriesAre):
            if leads_elsewhere(directory, os.path.dirname(change.path)):  # noqa: PTH120 - as recorded
                raise NotMadeError(f"cannot change {change.path}: a directory of it is a link now")
            try:
                _make(change, directory / change.path)
            except OSError as error:
                raise NotMadeError(f"cannot change {change.path}: {error.strerror}") from error


def _make(change: EntriesAre, path: Path) -> None:
    if not change.entries:
        _remove(path)
        return
    entry = change.entries[0]
    match entry.type:
        case EntryType.SYMLINK:
            _remove(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(os.fsdecode(entry.linkname_bytes))
            return
        case EntryType.DIRECTORY:
            if path.is_symlink() or not path.is_dir():
                _remove(path)
                path.mkdir(parents=True)
        case EntryType.FILE:
            _file(path)
        case _:
            raise NotMadeError(f"{change.path} is a {entry.type.value}: it cannot be made")
    _attributes(path, entry)


def _file(path: Path) -> None:
    if path.is_symlink() or path.is_dir():
        _remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    data = path.read_bytes() if path.exists() else b""
    path.unlink(missing_ok=True)  # it may be a link of a file that stays
    path.write_bytes(data + b"\n" + bytes(random.SystemRandom().choices(b" \n", k=_BLANKS)) + b"\n")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _attributes(path: Path, entry: ContextEntry) -> None:
    path.chmod(entry.mode & _PERMISSIONS)
    if sys.platform == "linux":
        had = set(os.listxattr(path))
        for name, value in entry.xattrs:
            os.setxattr(path, name, value)
        for name in had - dict(entry.xattrs).keys():
            if name.startswith("user."):
                os.removexattr(path, name)
