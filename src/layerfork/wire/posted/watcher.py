"""Picks the build requests out of the HTTP exchanges of one recorder."""

import re
import threading
import time
from collections.abc import Callable

from layerfork.wire.http.http1 import Exchange, RequestHead
from layerfork.wire.posted.observed import PostedBuild
from layerfork.wire.tar.content import HeaderSum

_BUILD = re.compile(r"(?:/v\d+(?:\.\d+)*)?(?:/libpod)?/build")
_MAX_UPLOADS = 100


class ClassicWatcher:
    """One for each recorder, shared by its connections; builds can be taken from any thread."""

    def __init__(
        self, header_sum: HeaderSum | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``header_sum`` gives the bytes that the classic builder hashes before an entry's content."""
        self._header_sum = header_sum
        self._clock = clock
        self._lock = threading.Lock()
        self._open: list[PostedBuild] = []
        self._ended: list[PostedBuild] = []
        self._uploads: dict[str, PostedBuild] = {}

    def open_exchange(self, request: RequestHead) -> Exchange | None:
        """What follows a request; None when it asks for no build."""
        if request.method != "POST" or not _BUILD.fullmatch(request.path):
            return None
        build = PostedBuild(request, header_sum=self._header_sum, clock=self._clock, ended=self._end)
        with self._lock:
            if not build.upload_id:
                self._open.append(build)
            elif len(self._uploads) < _MAX_UPLOADS:
                self._uploads[build.upload_id] = build
        return build

    def finished(self) -> list[PostedBuild]:
        """The builds that ended since the last call, in the order in which they did."""
        with self._lock:
            ended, self._ended = self._ended, []
            return ended

    def close(self) -> list[PostedBuild]:
        """Every build that is left, ended or not. Nothing may pass any more."""
        with self._lock:
            left = self._ended + self._open
            self._ended, self._open = [], []
            return left

    def _end(self, build: PostedBuild) -> None:
        with self._lock:
            if build in self._open:
                self._open.remove(build)
                build.uploaded = self._uploads.pop(build.first("buildid"), None)
                self._ended.append(build)
