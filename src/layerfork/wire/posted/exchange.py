"""Posted builds while their bytes pass: the requests among a recorder's HTTP exchanges, and their facts."""

import posixpath
import re
import threading
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from layerfork.context.ignore.ignorefile import BUILDAH_FILES
from layerfork.record.record import Gap
from layerfork.wire.http.http1 import Exchange, RequestHead
from layerfork.wire.posted.answerbody import AnswerDecoder, StepLog
from layerfork.wire.proxy.tap import Headers, describe_fault
from layerfork.wire.tar.decompress import Decompressor
from layerfork.wire.tar.filecontent import HeaderSum
from layerfork.wire.tar.tarstream import TarDecoder

_LISTED = re.compile(r'\s*\[\s*"([^"]*)"')
_FALSE = frozenset({"", "0", "no", "false", "none"})


def is_true(value: str) -> bool:
    """Source: moby/moby api/server/httputils/form.go:BoolValue @ v26.1.5."""
    return value.strip().lower() not in _FALSE


class PostedBuild:
    """An `Exchange` that follows one build."""

    def __init__(
        self,
        request: RequestHead,
        *,
        header_sum: HeaderSum | None,
        clock: Callable[[], float],
        ended: Callable[["PostedBuild"], None],
    ) -> None:
        """``ended`` is called once, after the last event of the build."""
        self.request = request
        self.query = tuple(parse_qsl(request.query, keep_blank_values=True, errors="surrogateescape"))
        self.gaps: list[Gap] = []
        self.started_at = clock()
        self.ended_at = self.started_at
        self.status = 0
        """HTTP status of the answer; 0 when none came."""
        self.answer_headers: Headers = ()
        self.answer_whole = False
        self.body_whole = False
        self.body_bytes = 0
        kept = [name.format(self.dockerfile_name) for name in BUILDAH_FILES]
        self.tar = TarDecoder(header_sum=header_sum, capture=self.dockerfile_name, capture_also=kept)
        self.body = Decompressor(self.tar.feed)
        self.uploaded: PostedBuild | None = None
        """The request that brought the context, when it came in one of its own."""
        log = StepLog(
            removes_containers=is_true(self.first("rm")), layers=is_true(self.first("layers") or "true")
        )
        self.answer = AnswerDecoder(log, clock)
        self._clock = clock
        self._ended = ended
        self._awaited = {"request", "answer"}
        self._reads_body = True

    def first(self, name: str) -> str:
        """The first value of a query parameter; empty when it is absent."""
        return next((value for key, value in self.query if key == name), "")

    @property
    def dockerfile_name(self) -> str:
        """As the builder looks it up in the context. Podman's client sends a list."""
        sent = self.first("dockerfile")
        listed = _LISTED.match(sent)
        name = (listed[1] if listed else sent) or "Dockerfile"
        return posixpath.normpath("/" + name).lstrip("/")

    @property
    def is_buildkit(self) -> bool:
        """Whether the client asked for BuildKit."""
        return self.first("version") == "2"

    @property
    def upload_id(self) -> str:
        """This request only brings the context of the build with this id; empty for a build."""
        kind, colon, build_id = self.first("buildid").partition(":")
        return build_id if colon and kind == "upload-request" else ""

    @property
    def context_sender(self) -> "PostedBuild":
        """The request whose body is the context."""
        return self.uploaded or self

    @property
    def context_tar(self) -> TarDecoder:
        return self.context_sender.tar

    def request_data(self, data: memoryview) -> None:
        self.body_bytes += len(data)
        if self._reads_body:
            self._guard(lambda: self.body.feed(data))

    def request_done(self, *, whole: bool) -> None:
        self.body_whole = whole
        if not whole:
            self.gaps.append(Gap(where="context", what="the client stopped sending"))
        self._close_body()
        self._arrived("request")

    def answered(self, status: int, headers: Headers) -> None:
        self.status = status
        self.answer_headers = headers

    def answer_data(self, data: memoryview) -> None:
        self.answer.feed(data)

    def answer_done(self) -> None:
        self.answer_whole = True
        self.ended_at = self._clock()
        self._arrived("answer")

    def broken(self, reason: str) -> None:
        if self._awaited:
            self.gaps.append(Gap(where="connection", what=reason))
            self._close_body()
            self._awaited = {"end"}
            self._arrived("end")

    def _arrived(self, what: str) -> None:
        self._awaited.discard(what)
        if not self._awaited:
            if not self.answer_whole:
                self.ended_at = self._clock()
            self.answer.close()
            self._ended(self)

    def _close_body(self) -> None:
        if self._reads_body and self.body_bytes:
            self._guard(self.body.close)
            self._guard(self.tar.close)
        self._reads_body = False

    def _guard(self, decode: Callable[[], None]) -> None:
        """Run a decoder of the context; its failure must not stop the decoding of the answer."""
        try:
            decode()
        except Exception as error:
            self._reads_body = False
            self.gaps.append(Gap(where="context", what=describe_fault(error)))


# Picks the build requests out of the HTTP exchanges of one recorder.

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
        """The follower of a request; None when it requests no build."""
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
        """Every build that is left, ended or not. No more bytes may come."""
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
