"""Canonical context tars: to a file, to standard output, and as a file object."""

import contextlib
import fcntl
import os
import select
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from layerfork.context.packing.plan import PackPlan, plan_directory, plan_with_text
from layerfork.context.packing.stream import tar_pieces
from layerfork.errors import LayerforkError

_PIPE_BYTES = 1 << 20
"""What Linux allows a pipe of anybody's to hold, unless somebody changed that.

Source: pipe(7), /proc/sys/fs/pipe-max-size.
"""
Say = Callable[[str], None]
Identity = tuple[tuple[int, int], ...]
"""Device and inode of a file that must not be packed."""


def write_pack(root: Path, dockerfile: Path | bytes | None, out: int, say: Say) -> None:
    """Write a directory's canonical tar to an open descriptor.

    ``dockerfile`` is its path, starting from the working directory, or its text.
    Raises: UsageError, LayerforkError; OSError when it cannot be written to.
    """
    _write(_plan(root, dockerfile), out, say)


def save_pack(root: Path, dockerfile: Path | bytes | None, output: Path, say: Say) -> None:
    """Write it to a file, which is there as a whole or stays what it was.

    Raises: UsageError, LayerforkError.
    """
    plan = _plan(root, dockerfile)
    try:
        with _replacing(output) as out:
            _write(plan, out, say, _identity(output))
    except OSError as error:
        raise LayerforkError(
            f"cannot write {output}: {error.strerror}", hint="choose a place with room that you may write to"
        ) from error


def _plan(root: Path, dockerfile: Path | bytes | None) -> PackPlan:
    if isinstance(dockerfile, bytes):
        return plan_with_text(root, dockerfile)
    return plan_directory(root, dockerfile)


def _write(plan: PackPlan, out: int, say: Say, predecessor: Identity = ()) -> None:
    _widen(out)
    for piece in tar_pieces(plan, say, (*_identity(out), *predecessor)):
        while piece:
            try:
                piece = piece[os.write(out, piece) :]
            except BlockingIOError:
                select.select([], [out], [])


def _widen(out: int) -> None:
    """Have a pipe hold what its reader has not come to yet, so that neither waits for the other as often."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(out, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


@contextlib.contextmanager
def _replacing(output: Path) -> Iterator[int]:
    """Something open next to a file, which takes the file's place in the end.

    What is there and is no file, such as a pipe, is written to as it is.
    """
    target = output.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb", buffering=0) as stream:
            yield stream.fileno()
        return
    mode = _mode(target)
    out, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        yield out
        os.fchmod(out, mode)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    finally:
        os.close(out)


def _mode(target: Path) -> int:
    """What a new file may do: what its predecessor may, or what the umask allows."""
    with contextlib.suppress(OSError):
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _identity(file: int | Path) -> Identity:
    """Device and inode of a regular file; nothing for what is none."""
    try:
        status = os.fstat(file) if isinstance(file, int) else file.stat()
    except OSError:
        return ()
    return ((status.st_dev, status.st_ino),) if stat.S_ISREG(status.st_mode) else ()
