"""Directories of private engines: of one run, and those that outlive it."""

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.namespace.keeper import remove_traces, remove_tree
from layerfork.errors import EngineError

# Run directories of private engines: who owns which, and what became of those without an owner.
#
# Below one base directory, engine NAME has the directory NAME, the lock file NAME.lock and the cgroup NAME.
# Its keeper and the first process of its namespace hold the lock, so a lock that can be taken says that
# both are dead. Process ids prove nothing: they come again.

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
            # The lock first: `sweep` of another process removes a run directory that has no lock.
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
    # The lock file is the first to come and the last to go: a directory without one belongs to no engine.
    # Such a directory appears when `engines run` is killed: the command that it started goes on for a
    # moment, and a docker with BUILDX_CONFIG in there makes the directories of that path again.
    for path in sorted(base.glob("layerfork-*")):
        if NAME.fullmatch(path.name) and not os.path.lexists(base / f"{path.name}.lock"):
            found.append(path.name)
            remove_traces(str(base), path.name)
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
    # Between open and flock the last owner may have removed the file: then this lock is on a file without a
    # name, and the next process would lock another file of the same name.
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


# Data of private engines that outlives them: one directory for each engine, used by one at a time.
#
# Nothing runs between two uses. The lock is held by whoever uses the data, down to the engine's own
# processes, so that it is free only when all of them are gone.

KEPT = "kept"
"""Directory below that of the engines' run directories."""
LIMIT_BYTES = 2 << 30
"""Data that has grown larger is removed before the next use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptData:
    """Data in use."""

    path: Path
    lock: int
    """Descriptor of the locked lock file."""


@contextlib.contextmanager
def kept_data(base: Path, name: str) -> Iterator[KeptData | None]:
    """The data that is kept under a name, empty at first; None when another engine uses it, or when it would
    lie on an overlay file system, where an engine's data has to be in memory.

    Raises: EngineError when it cannot be made.
    """
    place = base / KEPT / name
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = None if lies_on_overlay(base) else _take(place)
    except OSError as error:
        raise EngineError(f"{place} cannot hold an engine's data: {error.strerror}") from error
    if lock is None:
        yield None
        return
    try:
        if size_of(place) > LIMIT_BYTES:
            remove_tree(os.fspath(place))
        place.mkdir(mode=0o700, exist_ok=True)
        yield KeptData(path=place, lock=lock)
    finally:
        os.close(lock)


def remove_kept(base: Path) -> tuple[tuple[str, bool], ...]:
    """Remove all data that is kept; each name, and whether it is gone: what is in use stays."""
    found = []
    for place in sorted(path for path in (base / KEPT).glob("*") if path.is_dir()):
        lock = _take(place)
        if lock is not None:
            remove_tree(os.fspath(place))
            _lock_file(place).unlink(missing_ok=True)  # before the lock is free: see `_take`
            os.close(lock)
        found.append((place.name, lock is not None and not place.exists()))
    for directory in (base / KEPT, base):
        with contextlib.suppress(OSError):
            directory.rmdir()
    return tuple(found)


def size_of(directory: Path) -> int:
    """Bytes that a tree takes on disk."""
    total = 0
    pending = [os.fspath(directory)]
    while pending:
        with contextlib.suppress(OSError):
            for entry in os.scandir(pending.pop()):
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    with contextlib.suppress(OSError):
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def _take(place: Path) -> int | None:
    """Lock the data; None when it is in use."""
    lock = os.open(_lock_file(place), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if os.fstat(lock).st_nlink == 0:  # removed between open and flock, as in `_lock_if_there`
        os.close(lock)
        return None
    return lock


def _lock_file(place: Path) -> Path:
    return place.with_name(f"{place.name}.kept-lock")
