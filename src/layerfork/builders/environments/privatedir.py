"""Directories of one run: private, locked by their owner, removed at the end, and swept when the owner died.

The lock is on the directory itself: whoever holds it and finds the directory still in its place owns it. So
there is no moment at which a sweep takes a living one, and none after which a dead one stays.
"""

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from layerfork.builders.namespace.keeper import remove_tree
from layerfork.errors import LayerforkError

PREFIX = "layerfork-run-"
SHORT = Path("/tmp")
MAX_SOCKET_DIR_BYTES = 80
"""A unix socket's path has room for 107 bytes; this leaves enough for a name."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def private_directory(parent: Path | None = None) -> Iterator[Path]:
    """A directory that only we may enter, by default in the user's temporary directory.

    Leftovers of runs that were killed are removed first.
    Raises: LayerforkError when it cannot be made.
    """
    parent = parent or temporary_directory()
    sweep(parent)
    root, lock = _make(parent)
    try:
        yield root
    finally:
        remove_tree(os.fspath(root))
        os.close(lock)


def temporary_directory() -> Path:
    """Where temporary files go. Raises: LayerforkError when TMPDIR names a place that cannot be used."""
    named = os.environ.get("TMPDIR")
    try:
        if named:
            tempfile.TemporaryFile(dir=named).close()
        return Path(named or tempfile.gettempdir())
    except OSError as error:
        place = f"TMPDIR names {named}, which" if named else "no temporary directory"
        reason = error.strerror or str(error)
        raise LayerforkError(
            f"{place} cannot be used: {reason}",
            hint="point TMPDIR at a directory with room that you may write to",
        ) from error


@contextlib.contextmanager
def short_directory() -> Iterator[Path]:
    """A private directory whose path leaves room for sockets. Raises: LayerforkError."""
    parent = temporary_directory()
    if len(os.fsencode(parent)) > MAX_SOCKET_DIR_BYTES - len(PREFIX) - 8:
        parent = SHORT
    with private_directory(parent) as directory:
        yield directory


@contextlib.contextmanager
def socket_directory(inside: Path) -> Iterator[Path]:
    """A private directory whose path is short enough for sockets: ``inside`` another one if that is."""
    if len(os.fsencode(inside)) <= MAX_SOCKET_DIR_BYTES:
        yield inside
    else:
        with private_directory(SHORT) as directory:
            yield directory


def _make(parent: Path) -> tuple[Path, int]:
    """A directory of ours, and the descriptor that locks it."""
    try:
        while True:
            root = parent / f"{PREFIX}{secrets.token_hex(4)}"
            root.mkdir(mode=0o700)
            lock = _lock(root, wait=True)
            if lock is not None:
                return root, lock
    except OSError as error:
        raise LayerforkError(
            f"cannot make a working directory in {parent}: {error.strerror}",
            hint="free some space there, or point TMPDIR at a directory with room",
        ) from error


def _lock(root: Path, *, wait: bool) -> int | None:
    """Lock a directory; None when it is gone, or is another one by now. Raises: OSError when it is locked."""
    try:
        lock = os.open(root, _DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if os.path.samestat(os.fstat(lock), root.lstat()):
            return lock
    except FileNotFoundError:
        pass
    except OSError:
        os.close(lock)
        raise
    os.close(lock)
    return None


def sweep(parent: Path) -> None:
    """Remove directories of runs that are dead; a living run holds its lock."""
    for root in parent.glob(PREFIX + "*"):
        with contextlib.suppress(OSError), _earlier_lock(root):
            lock = _lock(root, wait=False)
            if lock is not None:
                remove_tree(os.fspath(root))
                os.close(lock)


@contextlib.contextmanager
def _earlier_lock(root: Path) -> Iterator[None]:
    """An older way to lock a directory: a file inside. Raises: OSError when somebody holds it."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(root / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
