"""Record files and stores that lie where a build may send them: away until the builds are over."""

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from layerfork.errors import LayerforkError
from layerfork.record.store.recordfile import cannot_write
from layerfork.userdirs import make_private, state_directory

_RECORDS, _BEFORE, _LOCK = ".records", ".before", ".lock"
KEPT_S = 7 * 24 * 3600.0
"""What a killed run left is removed after this."""


def directory_around(path: Path, directories: Iterable[Path]) -> Path | None:
    """The first of the directories in which a file lies, links followed; None when it is in none."""
    place = path.parent.resolve()
    return next((each for each in directories if place.is_relative_to(each.resolve())), None)


@contextlib.contextmanager
def written_apart(path: Path, *, hide: bool) -> Iterator[Path]:
    """A place to write a file at that is moved to its path when the context closes, in whatever way.

    Where nothing was written, the path stays as it was. ``hide``: what lies there already is taken away
    meanwhile and put back, so that no build sends it. A path that is no regular file is written as it is.
    Raises: LayerforkError when nothing can be written there.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    recover(path)
    _try_to_write(path)
    with _spool(path) as spool:
        if hide and path.exists():
            shutil.move(path, spool.with_suffix(_BEFORE))
        try:
            yield spool
        finally:
            _settle(spool, path)


@contextlib.contextmanager
def kept_away(directory: Path) -> Iterator[None]:
    """A directory is not there while the context is open; what is made in its place meanwhile is kept too.

    Raises: LayerforkError when nothing can be written beside it.
    """
    recover(directory)
    with _spool(directory) as spool:
        shutil.move(directory, spool.with_suffix(_BEFORE))
        try:
            yield
        finally:
            _settle(spool, directory)


def recover(path: Path) -> None:
    """Put what a killed run left for a path into its place.

    Raises: LayerforkError when that cannot be written.
    """
    for lock_file in _directory().glob(f"{_key(path)}-*{_LOCK}"):
        lock = os.open(lock_file, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _settle(lock_file.with_suffix(_RECORDS), path)
            lock_file.unlink(missing_ok=True)
        except BlockingIOError:
            continue  # its run still lives
        finally:
            os.close(lock)


def _settle(spool: Path, path: Path) -> None:
    before = spool.with_suffix(_BEFORE)
    if before.is_dir() and path.is_dir():
        _merge(before, path)
    elif before.exists():
        shutil.move(before, path)
    if spool.exists():
        _put(spool, path)


def _merge(source: Path, target: Path) -> None:
    """Move all of a directory into another one, directories of both file by file."""
    for each in source.iterdir():
        place = target / each.name
        if each.is_dir() and place.is_dir():
            _merge(each, place)
        else:
            shutil.move(each, place)
    source.rmdir()


def _try_to_write(path: Path) -> None:
    """Raises: LayerforkError."""
    is_new = not path.exists()
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if is_new:
            path.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


@contextlib.contextmanager
def _spool(path: Path) -> Iterator[Path]:
    """A new name in a directory of our own, locked while the context is open.

    Old leftovers are removed, except what leads back to a store.
    """
    directory = _directory()
    for left in directory.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > KEPT_S and not left.with_suffix(_BEFORE).is_dir():
                left.unlink()
    spool = directory / f"{_key(path)}-{secrets.token_hex(4)}{_RECORDS}"
    lock_file = spool.with_suffix(_LOCK)
    lock = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield spool
    finally:
        lock_file.unlink(missing_ok=True)
        os.close(lock)


def _directory() -> Path:
    """Raises: LayerforkError when it cannot be made."""
    directory = state_directory() / "unfinished"
    try:
        make_private(directory)
    except OSError as error:
        raise cannot_write(directory, error) from error
    return directory


def _key(path: Path) -> str:
    return sha256(os.fsencode(path.parent.resolve() / path.name)).hexdigest()[:16]


def _put(spool: Path, path: Path) -> None:
    try:
        with spool.open("rb") as source, open(path, "wb", opener=_for_the_owner) as target:
            shutil.copyfileobj(source, target, 1 << 20)
    except OSError as error:
        if path.is_file():  # a part of one is none
            path.unlink()
        raise LayerforkError(
            f"cannot write {path}: {error.strerror}", hint=f"what was recorded is in {spool} for a week"
        ) from error
    spool.unlink()


def _for_the_owner(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
