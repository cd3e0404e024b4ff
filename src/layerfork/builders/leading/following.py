"""Notices new files in a directory as they come: what a command adds to its builders while it runs."""

import ctypes
import os
import select
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

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
