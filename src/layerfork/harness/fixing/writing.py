"""Edits written into a project's own files: only where git could bring back what was there."""

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from layerfork.buildcontext.regular import read_regular
from layerfork.errors import LayerforkError, UsageError
from layerfork.harness.commits.git import output_of
from layerfork.harness.git import without_drivers
from layerfork.model.fixing import FilePatch

_LOOKED_AT = b"H "
"""What `git ls-files -v` says of a file whose changes git sees: of others it was told not to look."""


class RefusedError(UsageError):
    """A file may not be edited: what is wrong with it, and how it may be."""


def check_editable(patches: Sequence[FilePatch], root: Path, *, force: bool) -> None:
    """See that every file may be edited. ``root`` is the directory that they must lie in, links followed.

    ``force``: also what git could not bring back.
    Raises: RefusedError.
    """
    for patch in patches:
        path = Path(patch.path)
        real = Path(os.path.realpath(path))
        if not real.is_relative_to(os.path.realpath(root)):
            raise RefusedError(
                f"{patch.name} leads out of {root}, to {real}", "edit that file yourself: see the patch"
            )
        _check_writable(patch, real)
        if not force and patch.before is not None:
            _check_committed(patch, real)


def _check_writable(patch: FilePatch, real: Path) -> None:
    place = real if patch.before is not None else real.parent
    try:
        mode = place.stat().st_mode
    except OSError as error:
        raise RefusedError(f"cannot edit {patch.name}: {error.strerror}", "see that it is there") from error
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(place, os.W_OK):
        raise RefusedError(f"{place} is read-only", f"chmod u+w {place}, or apply the patch elsewhere")
    if not os.access(real.parent, os.W_OK):
        raise RefusedError(
            f"{real.parent} is read-only: no file can be put there", f"chmod u+w {real.parent}"
        )
    if patch.before is not None and not stat.S_ISREG(mode):
        raise RefusedError(f"{patch.name} is no regular file", "edit it yourself: see the patch")


def _check_committed(patch: FilePatch, real: Path) -> None:
    try:
        top = Path(os.fsdecode(output_of(real.parent, "rev-parse", "--show-toplevel")).rstrip("\n"))
        name = os.path.relpath(real, os.path.realpath(top))
        known = output_of(top, "ls-files", "-v", "-z", "--", name).startswith(_LOOKED_AT)
        changed = output_of(
            top,
            *("status", "--porcelain", "-z", "--ignored", "--ignore-submodules=all", "--", name),
            settings=without_drivers(top),
        )
    except UsageError as error:
        raise RefusedError(
            f"{patch.name} is in no git repository, so nothing could bring back what it is now",
            "keep a copy and use --force, or apply the patch yourself",
        ) from error
    if not changed and not known:
        raise RefusedError(
            f"git was told not to look at {patch.name}, or does not know it, so it could not bring it back",
            "git update-index --no-assume-unchanged --no-skip-worktree FILE, or use --force",
        )
    if changed:
        raise RefusedError(
            f"{patch.name} has changes that are not committed, so git could not bring them back",
            "commit or stash them, or use --force",
        )


def write_patches(patches: Sequence[FilePatch]) -> None:
    """Put the edited texts into their files, each in one go; modes, owners and attributes stay.

    When one cannot be written, those before it get back what they held.
    Raises: RefusedError when a file is no longer what it was; LayerforkError when it cannot be written.
    """
    for patch in patches:
        if read_file(Path(patch.path)) != patch.before:
            raise RefusedError(f"{patch.name} was edited meanwhile", "run layerfork fix again")
    with contextlib.ExitStack() as undo:
        for patch in patches:
            try:
                _put(Path(os.path.realpath(patch.path)), patch.after)
            except OSError as error:
                raise LayerforkError(
                    f"cannot write {patch.name}: {error.strerror}", hint="nothing was edited"
                ) from error
            undo.callback(_put_back, patch)
        undo.pop_all()


def read_file(path: Path) -> bytes | None:
    """What a file holds; None where there is none. Raises: RefusedError when it cannot be read."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RefusedError(f"cannot read {path}: {error.strerror}", "see that it is a file") from error


def _put_back(patch: FilePatch) -> None:
    path = Path(os.path.realpath(patch.path))
    if patch.before is None:
        path.unlink(missing_ok=True)
    else:
        _put(path, patch.before)


def _put(path: Path, data: bytes) -> None:
    """Replace a file as a whole. One of several names is written in place: they stay one file."""
    status = path.stat() if path.exists() else None
    if status is not None and status.st_nlink > 1:
        path.write_bytes(data)
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        _like(path, made, status)
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def _like(path: Path, made: Path, status: os.stat_result | None) -> None:
    """Give a new file what the old one has; where there is none, what the umask leaves."""
    if status is None:
        mask = os.umask(0)
        os.umask(mask)
        made.chmod(0o666 & ~mask)
        return
    with contextlib.suppress(PermissionError):
        os.chown(made, status.st_uid, status.st_gid)
    made.chmod(stat.S_IMODE(status.st_mode))
    if sys.platform == "linux":
        for name in os.listxattr(path):
            with contextlib.suppress(OSError):
                os.setxattr(made, name, os.getxattr(path, name))
