"""The user's cache directory: one writer at a time, and errors with a hint."""

import contextlib
import fcntl
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from layerfork.errors import EngineError
from layerfork.record.progress import Say

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What the kernel says, and what Debian and Go call it."""
ELSEWHERE = "free about 1 GB, or point XDG_CACHE_HOME to a directory on another disk"


def debian_architecture() -> str:
    """This machine's architecture by Debian's name.

    Raises: EngineError when there are no engines for it, or this is not Linux.
    """
    if sys.platform != "linux":
        message = f"a private engine needs Linux, and this is {platform.system()}"
        raise EngineError(message, "use an installed Docker with --engine host, or run layerfork on Linux")
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        message = f"no private engine for the architecture {machine}"
        raise EngineError(message, "use an installed Docker with --engine host")
    return ARCHITECTURES[machine]


@contextlib.contextmanager
def making(target: Path, needed_bytes: int, say: Say) -> Iterator[bool]:
    """Be the only process that makes ``target``; the value says whether it still has to be made.

    Another process waits. The lock ends with its owner, so the next one removes what an interrupted owner
    left.

    Raises: EngineError when the place cannot be written or has less than ``needed_bytes`` left.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(target.with_name(f".{target.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say(f"waiting for another process that is fetching {target.name}")
                fcntl.flock(lock, fcntl.LOCK_EX)
            missing = not target.exists()  # only with the lock: the process before may have made it
            if missing:
                _check_space(target.parent, needed_bytes)
            yield missing
        finally:
            os.close(lock)
    except OSError as error:
        raise EngineError(f"{target} cannot be made: {error.strerror}", ELSEWHERE) from error


def _check_space(directory: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(directory).free
    if free < needed_bytes:
        message = f"no space left for an engine: {free // 1_000_000} MB are free in {directory}"
        raise EngineError(message, ELSEWHERE)
