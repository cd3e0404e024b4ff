"""buildx's configuration on disk: which builders there are, and those that a command adds."""

import contextlib
import ctypes
import fcntl
import json
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from layerfork.builders.engines.hostcontext import docker_config_directory

# buildx's configuration on disk: the builders, their nodes, and the current builder.
#
# instances/NAME     a builder: name, driver, nodes with their endpoints
# current            the last choice: builder, and the engine that it was made for, or for all
# defaults/KEY       the lasting choice for one engine, by a digest of what buildx calls it
# .lock              locked (flock) while any of it is read or changed
#
# Everything else in the directory is ignored: build references, times, seeds.
# Source: docker/buildx store/store.go and store/nodegroup.go, v0.8 to v0.36.

INSTANCES, DEFAULTS, CURRENT, LOCK = "instances", "defaults", "current", ".lock"
OURS = (INSTANCES, DEFAULTS, CURRENT)
"""Files that a private copy does not share with the user's directory."""
DEFAULTS_DIGITS = 20

Instance = dict[str, Any]
"""A builder as buildx writes it."""


def store_directory(environment: Mapping[str, str]) -> Path:
    """Where buildx looks, whether it is there or not.

    Source: docker/buildx util/confutil/config.go (NewConfig), v0.8 to v0.36.
    """
    own = environment.get("BUILDX_CONFIG")
    return Path(own) if own else docker_config_directory(environment) / "buildx"


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold buildx's own lock; makes the directory if need be. Raises: OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(directory / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def read_object(path: Path) -> dict[str, Any] | None:
    """A JSON object; None when the file is not there or holds none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def instances_in(directory: Path) -> dict[str, Instance]:
    """The builders, by the names of their files."""
    return {path.name: each for path in files_in(directory / INSTANCES) if (each := read_object(path))}


def files_in(directory: Path) -> list[Path]:
    """The files of a directory in the order of their names; none when it is not there."""
    return [path for path in entries_of(directory) if path.is_file()]


def entries_of(directory: Path) -> list[Path]:
    """What is in a directory in the order of its names; nothing when it cannot be read."""
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def nodes_of(instance: Instance) -> list[dict[str, Any]]:
    """The nodes of a builder."""
    return [node for node in instance.get("Nodes") or () if isinstance(node, dict)]


def default_file(key: str) -> str:
    """Name of the file with the lasting choice for an engine."""
    return sha256(key.encode()).hexdigest()[:DEFAULTS_DIGITS]


def write_file(path: Path, text: str) -> None:
    """Replace a file at once, as buildx does; it belongs to whom its directory belongs. Raises: OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".tmp-{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.chmod(0o600)
    if os.geteuid() == 0:  # buildx under sudo leaves its files to the user as well
        owner = path.parent.stat()
        os.chown(beside, owner.st_uid, owner.st_gid)
    beside.replace(path)


def compact(value: Mapping[str, Any]) -> str:
    """JSON as buildx writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# Watches a directory for new files: builders that a command adds while it runs.

IN_CLOSE_WRITE, IN_MOVED_TO = 0x8, 0x80
IN_NONBLOCK, IN_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
"""Source: inotify(7), inotify_init(2)."""
EVENTS_BYTES = 1 << 14


class Following:
    """Calls ``changed`` in a thread of its own when files appear in ``directory``, while the context is open.

    Where the kernel gives no notices, or is not Linux, it is never called.
    """

    def __init__(self, directory: Path, changed: Callable[[], None]) -> None:
        self._directory = directory
        self._changed = changed
        self._thread = threading.Thread(target=self._wait, name="builders", daemon=True)
        self._notices = self._stop = self._our_end = -1

    def __enter__(self) -> Self:
        if sys.platform != "linux":
            return self
        libc = ctypes.CDLL(None, use_errno=True)
        self._notices = libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC)
        if self._notices >= 0:
            libc.inotify_add_watch(self._notices, os.fsencode(self._directory), IN_CLOSE_WRITE | IN_MOVED_TO)
            self._stop, self._our_end = os.pipe()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._notices >= 0:
            os.close(self._our_end)
            self._thread.join()
            os.close(self._stop)
            os.close(self._notices)

    def _wait(self) -> None:
        while True:
            ready, _, _ = select.select([self._notices, self._stop], [], [])
            if self._stop in ready:
                return
            os.read(self._notices, EVENTS_BYTES)
            self._changed()
