"""Writes a phase's context to disk, with owners, modes, links, attributes and times as it says."""

import errno
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from layerfork.errors import UsageError
from layerfork.record.scenario import Entry, EntryKind, Phase

DOCKERFILE = b"Dockerfile"
_CHUNK = 1 << 20


def write_context(phase: Phase, context: Path) -> None:
    """Make ``context`` anew: what it held before is gone.

    Raises: UsageError for what this user or this file system cannot make.
    """
    if context.exists():
        shutil.rmtree(context)
    context.mkdir()
    context.chmod(0o755)
    entries = tuple(_with_dockerfile(phase))
    for entry in entries:
        try:
            _make(context, entry)
        except OSError as error:
            raise UsageError(
                f"cannot make {os.fsdecode(entry.name)} of the scenario: {error.strerror}",
                hint="owners need root, xattrs a file system that has them: try as root, another TMPDIR",
            ) from error
    for entry in sorted(entries, key=lambda each: each.name, reverse=True):
        _set_time(context, entry)


def _with_dockerfile(phase: Phase) -> Iterator[Entry]:
    """The entries, the Dockerfile among them with its text: an entry of that name gives the rest."""
    text = phase.dockerfile.encode()
    if not any(entry.name == DOCKERFILE for entry in phase.entries):
        yield Entry(name=DOCKERFILE, content=text)
    for entry in phase.entries:
        if entry.name == DOCKERFILE:
            yield Entry(
                name=entry.name,
                mode=entry.mode,
                uid=entry.uid,
                gid=entry.gid,
                mtime=entry.mtime,
                content=text,
                xattrs=entry.xattrs,
            )
        else:
            yield entry


def _make(context: Path, entry: Entry) -> None:
    path = _path(context, entry.name)
    if entry.kind is EntryKind.HARDLINK:
        path.hardlink_to(_path(context, entry.target))
        return
    if entry.kind is EntryKind.LINK:
        path.symlink_to(os.fsdecode(entry.target))
    elif entry.kind is EntryKind.DIRECTORY:
        path.mkdir()
    elif entry.kind is EntryKind.FIFO:
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            for chunk in _content(entry):
                file.write(chunk)
    _set_owner(path, entry)
    if entry.kind is not EntryKind.LINK:
        path.chmod(entry.mode)
    _set_xattrs(path, entry)


def _set_owner(path: Path, entry: Entry) -> None:
    """Root's, as of entries that name no owner, are the user's own where the user is not root."""
    user, owner = (os.geteuid(), os.getegid()), (entry.uid, entry.gid)
    if owner != user and (user[0] == 0 or owner != (0, 0)):
        os.chown(path, entry.uid, entry.gid, follow_symlinks=False)


def _set_xattrs(path: Path, entry: Entry) -> None:
    if sys.platform != "linux":
        if entry.xattrs:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
        return
    for name, value in entry.xattrs:
        os.setxattr(path, name, value, follow_symlinks=False)


def _path(context: Path, name: bytes) -> Path:
    return context / os.fsdecode(name)


def _content(entry: Entry) -> Iterator[bytes]:
    """The bytes of a file; those that are made are the same for the same seed, everywhere."""
    if not entry.size:
        yield entry.content
        return
    made = random.Random(entry.seed)
    for start in range(0, entry.size, _CHUNK):
        yield made.randbytes(min(_CHUNK, entry.size - start))


def _set_time(context: Path, entry: Entry) -> None:
    at = round(entry.mtime * 1e9)
    os.utime(_path(context, entry.name), ns=(at, at), follow_symlinks=False)
