"""Run directories of private engines: who owns which, and what became of those without an owner.

Below one base directory, engine NAME has the directory NAME, the lock file NAME.lock and the cgroup NAME.
Its keeper and the first process of its namespace hold the lock, so a lock that can be taken says that
both are dead. Process ids prove nothing: they come again.
"""

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.namespace.keeper import remove_traces
from layerfork.errors import EngineError

BASE_VARIABLE = "LAYERFORK_ENGINE_DIR"
SOCKET_NAME = "docker.sock"
LONGEST_SOCKET_PATH = 107
"""Bytes that fit into ``sun_path`` with its final zero."""
NAME = re.compile(r"layerfork-[0-9a-f]{8}")
MOUNTS = Path("/proc/self/mountinfo")
OVERLAYFS = "overlay"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDirectory:
    """A claimed run directory."""

    base: Path
    name: str
    lock: int
    """Descriptor of the locked lock file; the claimer closes its own copy."""

    @property
    def path(self) -> Path:
        return self.base / self.name

    @property
    def socket(self) -> Path:
        return self.path / SOCKET_NAME


def base_directory(environment: Mapping[str, str]) -> Path:
    """Where this user's engines keep their data: on disk, and short enough for a socket's path.

    Raises: EngineError when it is too long.
    """
    base = Path(environment.get(BASE_VARIABLE) or f"/var/tmp/layerfork-{os.getuid()}").absolute()
    if len(os.fsencode(base / f"layerfork-{'0' * 8}" / SOCKET_NAME)) > LONGEST_SOCKET_PATH:
        raise EngineError(f"{base} is too long for a socket's path", f"choose a shorter {BASE_VARIABLE}")
    return base


def claim(base: Path) -> RunDirectory:
    """Make a new run directory and lock it.

    Raises: EngineError when the place is not ours alone, or cannot be written.
    """
    try:
        while True:
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = f"layerfork-{secrets.token_hex(4)}"
            lock = _create_lock(base / f"{name}.lock")
            if lock is not None:
                (base / name).mkdir(mode=0o700)
                return RunDirectory(base=base, name=name, lock=lock)
    except OSError as error:
        hint = f"free space there, or choose another directory: {BASE_VARIABLE}=…"
        raise EngineError(f"{base} cannot hold an engine: {error.strerror}", hint) from error


def sweep(base: Path) -> tuple[str, ...]:
    """Remove what engines without an owner left; the names of those found.

    Raises: EngineError when the base directory is not ours alone.
    """
    if not base.exists():
        return ()
    _check_owner(base)
    found = []
    for path in sorted(base.glob("*.lock")):
        lock = _take_lock(path) if NAME.fullmatch(path.stem) else None
        if lock is not None:
            found.append(path.stem)
            remove_traces(str(base), path.stem)
            os.close(lock)
    with contextlib.suppress(OSError):
        base.rmdir()  # of an engine that ended before it had a lock; `claim` makes it again
    return tuple(found)


def _check_owner(base: Path) -> None:
    found = base.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise EngineError(
            f"{base} does not belong to this user alone",
            f"remove it, or choose another directory: {BASE_VARIABLE}=…",
        )


def _create_lock(path: Path) -> int | None:
    """Create and lock; None when a sweep, or the end of the base directory's last engine, came between."""
    try:
        _check_owner(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except (FileExistsError, FileNotFoundError):
        return None
    return _lock_if_there(descriptor)


def _take_lock(path: Path) -> int | None:
    """Lock an existing lock file; None when its owner lives or another sweep is at it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return None
    return _lock_if_there(descriptor)


def _lock_if_there(descriptor: int) -> int | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if os.fstat(descriptor).st_nlink == 0:
        os.close(descriptor)
        return None
    return descriptor


def lies_on_overlay(directory: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a directory lies on an overlay file system, as in most containers: no overlay goes on top."""
    best, kind = Path("/"), ""
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        place = Path(re.sub(r"\\(\d{3})", lambda match: chr(int(match[1], 8)), before.split()[4]))
        if directory.resolve().is_relative_to(place) and place.is_relative_to(best):
            best, kind = place, after.split()[0]
    return kind == OVERLAYFS
