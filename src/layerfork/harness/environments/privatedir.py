"""Directories of one run: private, owned by a lock, removed at the end, and swept when their owner died."""

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from layerfork.errors import LayerforkError

PREFIX = "layerfork-run-"
SHORT = Path("/tmp")
MAX_SOCKET_DIR_BYTES = 80
"""A unix socket's path has room for 107 bytes; this leaves enough for a name."""


@contextlib.contextmanager
def private_directory(parent: Path | None = None) -> Iterator[Path]:
    """A directory that only we may enter, by default in the user's temporary directory.

    Leftovers of runs that were killed are removed first.
    Raises: LayerforkError when it cannot be made.
    """
    parent = parent or Path(tempfile.gettempdir())
    sweep(parent)
    root = parent / f"{PREFIX}{secrets.token_hex(4)}"
    try:
        root.mkdir(mode=0o700)
        lock = os.open(root / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LayerforkError(
            f"cannot make a working directory in {parent}: {error.strerror}",
            hint="free some space, or point TMPDIR at a directory with room",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)
        os.close(lock)


@contextlib.contextmanager
def socket_directory(inside: Path) -> Iterator[Path]:
    """A private directory whose path is short enough for sockets: ``inside`` another one if that is."""
    if len(os.fsencode(inside)) <= MAX_SOCKET_DIR_BYTES:
        yield inside
    else:
        with private_directory(SHORT) as directory:
            yield directory


def sweep(parent: Path) -> None:
    """Remove directories of runs that are dead; a living run holds its lock."""
    for root in parent.glob(PREFIX + "*"):
        with contextlib.suppress(OSError):
            lock = os.open(root / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(root, ignore_errors=True)
            finally:
                os.close(lock)
