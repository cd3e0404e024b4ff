"""Edits of a project's own files, made only where git could restore the old content."""

import contextlib
import ctypes
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from layerfork.builders.commits.commitlist import output_of
from layerfork.builders.commits.git import without_drivers
from layerfork.context.projectfiles import read_regular
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.fixing import FilePatch

# Exchanges two names of one directory atomically.

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
"""linux/fs.h."""
_RENAME_SWAP = 2
"""sys/stdio.h of macOS."""
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
"""Errors of a system, or a file system, without such a call."""


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names, links not followed; False where that cannot be done. Raises: OSError."""
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


# Where paths lead: a tree may have links now where it had files and directories.


class RefusedError(UsageError):
    """A file may not be edited; the hint says what to do."""


class EditedProject:
    """The directory whose files are edited, as it is now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._was = root.stat()

    def check(self) -> None:
        """Check that it is still the same directory. Raises: RefusedError."""
        try:
            same = os.path.samestat(self.root.stat(), self._was)
        except OSError:
            same = False
        if not same:
            raise RefusedError(f"{self.root} was replaced by another directory", "run layerfork fix there")


def leads_elsewhere(directory: Path, path: str) -> bool:
    """Whether a path below a directory is, or leads through, a link."""
    plain = os.path.join(os.path.realpath(directory), path)  # noqa: PTH118 - links count
    return os.path.realpath(directory / path) != os.path.normpath(plain)


_LOOKED_AT = b"H "
"""What `git ls-files -v` says of a file whose changes git sees: not assume-unchanged or skip-worktree."""


class ChangedError(Exception):
    """A file is no longer what it was."""

    def __init__(self, kept: str = "") -> None:
        super().__init__(kept)
        self.kept = kept
        """Path of another program's version that could not be put back; empty for none."""


def check_editable(patches: Sequence[FilePatch], root: Path, *, force: bool) -> None:
    """See that every file may be edited. ``root`` is the directory that they must lie in, links followed.

    ``force``: also what git could not bring back.
    Raises: RefusedError.
    """
    for patch in patches:
        real = _place_of(patch, root)
        _check_writable(patch, real)
        if not force and patch.before is not None:
            _check_committed(patch, real)


def _place_of(patch: FilePatch, root: Path) -> Path:
    """The file that a patch edits, links followed. Raises: RefusedError when it lies outside of ``root``."""
    real = Path(os.path.realpath(patch.path))
    if not real.is_relative_to(os.path.realpath(root)):
        raise RefusedError(
            f"{patch.name} leads out of {root}, to {real}", "edit that file yourself: see the patch"
        )
    return real


def _check_writable(patch: FilePatch, real: Path) -> None:
    place = real if patch.before is not None else real.parent
    try:
        mode = place.stat().st_mode
    except OSError as error:
        raise RefusedError(f"cannot edit {patch.name}: {error.strerror}", "check that it exists") from error
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(place, os.W_OK):
        raise RefusedError(f"{place} is read-only", f"chmod u+w {place}, or apply the patch elsewhere")
    if not os.access(real.parent, os.W_OK):
        raise RefusedError(
            f"{real.parent} is read-only: no file can be created there", f"chmod u+w {real.parent}"
        )
    if patch.before is not None and not stat.S_ISREG(mode):
        raise RefusedError(f"{patch.name} is not a regular file", "edit it yourself: see the patch")


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
            f"{patch.name} is not in a git repository, so the edit could not be undone",
            "keep a copy and use --force, or apply the patch yourself",
        ) from error
    if not changed and not known:
        raise RefusedError(
            f"git ignores changes to {patch.name} or does not track it, so git could not restore it",
            "git update-index --no-assume-unchanged --no-skip-worktree FILE, or use --force",
        )
    if changed:
        raise RefusedError(
            f"{patch.name} has uncommitted changes, which git could not restore",
            "commit or stash them, or use --force",
        )


def write_patches(patches: Sequence[FilePatch], root: Path) -> None:
    """Put the edited texts into their files, each in one go; modes, owners and attributes stay.

    ``root`` is the directory that they must lie in, links followed: they are followed once, so a link that
    takes a file's place after that is not. When one cannot be written, those before it get back what they
    held.
    Raises: RefusedError when a file is no longer what it was; LayerforkError when it cannot be written.
    """
    places = [_place_of(patch, root) for patch in patches]
    for patch, place in zip(patches, places, strict=True):
        if read_file(place) != patch.before:
            raise _edited(patch)
    written: list[tuple[FilePatch, Path]] = []
    for patch, place in zip(patches, places, strict=True):
        try:
            _put(place, patch.before, patch.after)
        except ChangedError as changed:
            raise _edited(patch, _taken_back(written), changed.kept) from changed
        except OSError as error:
            hint = _taken_back(written) or "nothing was edited"
            raise LayerforkError(f"cannot write {patch.name}: {error.strerror}", hint=hint) from error
        except BaseException:
            _taken_back(written)
            raise
        written.append((patch, place))


def _edited(patch: FilePatch, stay: str = "", kept: str = "") -> RefusedError:
    hints = [f"what was written in the meantime is in {kept}"] if kept else []
    hints += [stay] if stay else []
    return RefusedError(
        f"{patch.name} was edited in the meantime", "; ".join([*hints, "run layerfork fix again"])
    )


def _taken_back(written: Sequence[tuple[FilePatch, Path]]) -> str:
    """Restore files; returns which keep their edit, because they were changed since."""
    stay = []
    for patch, path in reversed(written):
        try:
            if patch.before is not None:
                _put(path, patch.after, patch.before)
            elif read_file(path) == patch.after:
                path.unlink()
            else:
                stay.append(patch.name)
        except ChangedError as changed:
            stay.append(f"{patch.name} (also see {changed.kept})" if changed.kept else patch.name)
        except (OSError, RefusedError):
            stay.append(patch.name)
    return f"the edit of {', '.join(stay)} was not undone: it was changed since" if stay else ""


def read_file(path: Path) -> bytes | None:
    """What a file holds; None where there is none. Raises: RefusedError when it cannot be read."""
    try:
        return read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RefusedError(f"cannot read {path}: {error.strerror}", "check that it is a file") from error


def _put(path: Path, before: bytes | None, after: bytes) -> None:
    """Replace a file as a whole, if it still holds what it held; a new one replaces no other file. One of
    several names is written in place: they stay one file.

    Raises: ChangedError; OSError.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        status = None
    if (status is None) is not (before is None):
        raise ChangedError
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise ChangedError
    if status is not None and status.st_nlink > 1:
        _overwrite(path, before, after)
        return
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    made, ours = Path(name), True
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after)
            file.flush()
            os.fsync(handle)
        _like(path, made, status)
        if before is None:
            _link(made, path)
        else:
            ours = _exchanged(made, path, before, after)
    finally:
        if ours:
            made.unlink(missing_ok=True)
    if not ours:
        raise ChangedError(str(made))


def _overwrite(path: Path, before: bytes | None, after: bytes) -> None:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC), "r+b") as file:
        if file.read() != before:
            raise ChangedError
        file.seek(0)
        file.write(after)
        file.truncate()


def _link(made: Path, path: Path) -> None:
    """Give a new file its name, which must not be taken."""
    try:
        os.link(made, path)
    except FileExistsError as error:
        raise ChangedError from error
    except OSError:  # a file system without links
        try:
            with path.open("xb") as file:
                file.write(made.read_bytes())
        except FileExistsError as error:
            raise ChangedError from error


def _exchanged(made: Path, path: Path, before: bytes, after: bytes) -> bool:
    """Exchange two files, then look at the one that was taken out: nothing that was written until then is
    lost. False when ``made`` is left with something that is not ours.

    Raises: ChangedError when it was not what it should have been, and is back in its place; OSError.
    """
    if not exchange(made, path):  # this file system cannot: look, and replace
        if not _holds(path, before):
            raise ChangedError
        made.replace(path)
        return True
    if _holds(made, before):
        return True
    exchange(made, path)
    if _holds(made, after):
        raise ChangedError
    return False


def _holds(path: Path, data: bytes) -> bool:
    """Whether it is a regular file, no link to one, with this content."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and read_regular(path) == data
    except OSError:
        return False


def _like(path: Path, made: Path, status: os.stat_result | None) -> None:
    """Give a new file the old one's mode, owner and attributes; without an old one, those of the umask."""
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
