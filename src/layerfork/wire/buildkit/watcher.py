"""Watches every BuildKit connection of one recorder and puts the builds together."""

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Sized

from layerfork.record.record import Gap
from layerfork.wire.buildkit.calls import CallsDecoder, ExecDecoder, ExecTap, TunnelFollower
from layerfork.wire.buildkit.control import (
    BUILD_ID,
    BridgeSolveFollower,
    ReturnFollower,
    SolveFollower,
    StatusFollower,
    WorkersFollower,
)
from layerfork.wire.buildkit.observed import ObservedBuild, ObservedConnection, ObservedSession
from layerfork.wire.buildkit.session import (
    GET_SECRET,
    GUARDED,
    SEND_FILE,
    WRITE_CONTENT,
    SecretFollower,
    SendFollower,
    SyncFollower,
    UploadFollower,
    WriteFollower,
    open_sync,
    open_upload,
)
from layerfork.wire.http.grpc import CallHandler, GrpcCall
from layerfork.wire.proxy.tap import Bytes, ConnectionTap, Headers

# Defers decoding: copies of the forwarded bytes wait here until there is time for them.
#
# Decoding costs more than forwarding. While a build is busy its bytes only queue up, in the order of
# their arrival over all connections; the limit bounds the memory, beyond it each arrival pays for the
# oldest.

LIMIT_BYTES = 16 << 20

_EVENT_BYTES = 200
"""Approximate memory of an entry besides its payload."""
END_BYTES = 8 << 10
"""What one side of a connection keeps alive until its end is decoded, about: tables of headers, above all."""


class Backlog:
    """A queue of bytes and the functions that decode them. One thread only."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit_bytes
        self._clock = clock
        self._queue: deque[tuple[float, Callable[[bytes], None], bytes, int]] = deque()
        self._waiting = 0
        self._now: float | None = None

    def now(self) -> float:
        """When the bytes arrived that are being decoded; outside of that, the clock."""
        return self._now if self._now is not None else self._clock()

    def put(self, decode: Callable[[bytes], None], data: Bytes, holds_bytes: int = 0) -> None:
        """Have ``decode(data)`` called later, after everything that was put before.

        ``holds_bytes`` is what stays in memory until then besides.
        """
        cost = len(data) + _EVENT_BYTES + holds_bytes
        self._queue.append((self._clock(), decode, bytes(data), cost))
        self._waiting += cost
        while self._waiting > self._limit:
            self._one()

    def work(self, seconds: float | None = None) -> bool:
        """Decode for about that long, or until the queue is empty; True when something is left."""
        until = None if seconds is None else self._clock() + seconds
        while self._queue and (until is None or self._clock() < until):
            self._one()
        return bool(self._queue)

    def _one(self) -> None:
        self._now, decode, data, cost = self._queue.popleft()
        self._waiting -= cost
        try:
            decode(data)
        finally:
            self._now = None


_PATH = re.compile(r"(?:/v\d+(?:\.\d+)?)?/(?:(grpc|session)|(exec)/\w+/start)/?(?:\?.*)?")
_CONTROL = "moby.buildkit.v1.Control/"
_BRIDGE = "moby.buildkit.v1.frontend.LLBBridge/"
_SESSION_ID = "x-docker-expose-session-uuid"
_MAX_REMEMBERED = 20_000
"""Builds or sessions at a time; more is not a recording of builds."""
_MAX_CLOSED_SESSIONS = 5_000
"""Kept whole for builds that are not read yet; of older ones it is only known that they were there."""
_MAX_HEADER_BYTES = 1 << 16
"""Of the request that was upgraded. A client sends some hundred."""
_SHORT_HEADER_BYTES, _MAX_SHORT_HEADERS = 256, 200
_MAX_TRANSFERS = 2_000
"""Calls of one session that are kept, of each kind."""
_MAX_REQUEST_BYTES = 256 << 20
"""What builds that have not ended were asked, in all."""


class WatcherError(Exception):
    """More builds or sessions at a time than the limit."""


class BuildKitWatcher:
    """One for each recorder, shared by its connections; used from one thread.

    `upgraded` makes the taps. Decoding waits in a backlog of bounded size until `work` or `finished`
    is called, so that a busy build is not slowed down.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, backlog_bytes: int = LIMIT_BYTES) -> None:
        self._backlog = Backlog(backlog_bytes, clock)
        self._builds: dict[str, ObservedBuild] = {}
        self._sessions: dict[str, ObservedSession] = {}
        self._closed: deque[ObservedSession] = deque()
        """Sessions that are kept and have ended, in that order."""
        self._connections = 0
        self._request_bytes = 0
        self.skipped: Counter[str] = Counter()
        """Calls that were not decoded, by method."""

    def upgraded(self, path: str, headers: Headers) -> ConnectionTap | None:
        """The tap of a connection that leaves HTTP/1 on ``path``; an empty path: it never spoke it."""
        match = _PATH.fullmatch(path) if path else None
        if (path and match is None) or len(self._sessions) >= _MAX_REMEMBERED:
            return None
        self._connections += 1
        kind = match[1] or match[2] if match is not None else "http2"
        observed = _observed(f"connection {self._connections} ({kind})", headers)
        if kind == "session":
            return _Tap(self._session_decoder(observed, observed.headers), self._backlog)
        decoder = CallsDecoder(observed, lambda call: self._control_call(call, observed), engine_calls=False)
        if kind == "exec":
            return ExecTap(_Tap(ExecDecoder(decoder), self._backlog))
        return _Tap(decoder, self._backlog)

    def work(self, seconds: float | None = None) -> bool:
        """Decode for about that long (None: everything there is); True when something is left."""
        return self._backlog.work(seconds)

    def finished(self) -> list[ObservedBuild]:
        """Decode everything, and hand over the builds that ended since the last call."""
        self.work()
        ended = [build for build in self._builds.values() if build.status is not None and not build.followers]
        return self._hand_over(ended)

    def close(self) -> list[ObservedBuild]:
        """Decode everything, and hand over every build that is left, ended or cut."""
        self.work()
        return self._hand_over(list(self._builds.values()))

    def session(self, identifier: str) -> ObservedSession | None:
        """A session by its id, for builds that were not asked for over ``/grpc``. Decodes everything."""
        self.work()
        return self._sessions.get(identifier)

    def _hand_over(self, builds: list[ObservedBuild]) -> list[ObservedBuild]:
        for build in builds:
            self._builds.pop(build.ref, None)
            self._request_bytes -= build.request_bytes
            build.sessions = dict(self._sessions)
        if builds and not self._builds:
            self._sessions = {key: each for key, each in self._sessions.items() if each.open}
            self._closed.clear()
        return [build for build in builds if build.is_build]

    def _asked(self, ref: str, size: int) -> ObservedBuild:
        """The build of a request of ``size`` bytes, which it keeps."""
        if self._request_bytes + size > _MAX_REQUEST_BYTES:
            raise WatcherError("the requests of the builds are larger than the limit")
        build = self._build(ref)
        self._request_bytes += size
        build.request_bytes += size
        return build

    def _build(self, ref: str) -> ObservedBuild:
        build = self._builds.get(ref)
        if build is None:
            if len(self._builds) >= _MAX_REMEMBERED:
                raise WatcherError("too many builds at a time")
            build = self._builds[ref] = ObservedBuild(ref)
        return build

    def _session_decoder(self, observed: ObservedConnection, headers: Headers) -> CallsDecoder:
        identifier = next((value for name, value in headers if name.lower() == _SESSION_ID), "")
        if len(self._sessions) >= _MAX_REMEMBERED:
            raise WatcherError("too many sessions at a time")
        session = self._sessions[identifier] = ObservedSession(identifier, observed)
        decoder = CallsDecoder(observed, lambda call: self._session_call(call, session), engine_calls=True)
        decoder.on_close = lambda: self._session_closed(session)
        return decoder

    def _session_closed(self, session: ObservedSession) -> None:
        """Forget a session without transfers: clients open such ones to ask what an engine can do."""
        session.open = False
        if not session.carried_anything:
            self._sessions.pop(session.id, None)
            return
        self._closed.append(session)
        if len(self._closed) > _MAX_CLOSED_SESSIONS:
            self._forget(self._closed.popleft())

    def _forget(self, session: ObservedSession) -> None:
        """A build that had this session says that it is not known any more what it carried."""
        if self._sessions.get(session.id) is not session:
            return
        if len(session.id) > _SHORT_HEADER_BYTES:
            del self._sessions[session.id]  # no client's
            return
        where = session.connection.where
        gap = Gap(
            where=where, what=f"its data was discarded: {_MAX_CLOSED_SESSIONS} other sessions ended since"
        )
        emptied = ObservedSession(session.id, ObservedConnection(where, gaps=[gap]), open=False)
        self._sessions[session.id] = emptied

    def _control_call(self, call: GrpcCall, connection: ObservedConnection) -> CallHandler | None:
        service, name = _split(call.method)
        if service == _CONTROL and name == "Solve":
            return SolveFollower(self._asked, connection, self._backlog.now)
        if service == _CONTROL and name == "Status":
            return StatusFollower(self._build)
        if service == _CONTROL and name == "ListWorkers":
            return WorkersFollower(connection)
        if service == _CONTROL and name == "Session":
            inner = _observed(f"{connection.where} session", call.metadata)
            return TunnelFollower(self._session_decoder(inner, inner.headers))
        if service == _BRIDGE and name in {"Solve", "Return"}:
            build = self._build(call.first(BUILD_ID))
            return BridgeSolveFollower(build) if name == "Solve" else ReturnFollower(build)
        self._skip(call)
        return None

    def _session_call(self, call: GrpcCall, session: ObservedSession) -> CallHandler | None:
        if call.method == "moby.filesync.v1.FileSync/DiffCopy":
            sync = open_sync(call)
            _limit(session.syncs)
            session.syncs.append(sync)
            return SyncFollower(sync, session)
        if call.method == "moby.upload.v1.Upload/Pull":
            _limit(session.uploads)
            upload = open_upload(call, self._dockerfile_of(session))
            session.uploads.setdefault(upload.path, upload)
            return UploadFollower(upload)
        if call.method == WRITE_CONTENT:
            return WriteFollower(session)
        if call.method == SEND_FILE:
            return SendFollower(session)
        if call.method.startswith(GUARDED):
            _limit(() if call.method in session.guarded else session.guarded)
            session.guarded[call.method] = session.guarded.get(call.method, 0) + 1
            return SecretFollower(session) if call.method == GET_SECRET else None
        self._skip(call)
        return None

    def _dockerfile_of(self, session: ObservedSession) -> str:
        """Name of the Dockerfile in the build that a session belongs to."""
        for build in self._builds.values():
            if build.session_id == session.id:
                return build.dockerfile_name
        return "Dockerfile"

    def _skip(self, call: GrpcCall) -> None:
        if call.method in self.skipped or len(self.skipped) < _MAX_REMEMBERED:
            self.skipped[call.method] += 1


def _observed(where: str, headers: Headers) -> ObservedConnection:
    """A connection with its headers; of very large ones only the short ones stay."""
    size = sum(len(name) + len(value) for name, value in headers)
    if size <= _MAX_HEADER_BYTES:
        return ObservedConnection(where=where, headers=headers)
    short = [pair for pair in headers if len(pair[0]) + len(pair[1]) <= _SHORT_HEADER_BYTES]
    gap = Gap(where=where, what=f"{size} bytes of headers: only the short ones are kept")
    return ObservedConnection(where=where, headers=tuple(short[:_MAX_SHORT_HEADERS]), gaps=[gap])


def _limit(kept: Sized) -> None:
    if len(kept) >= _MAX_TRANSFERS:
        raise WatcherError("a session has more calls than the limit")


class _Tap:
    """A `ConnectionTap` that only queues."""

    def __init__(self, decoder: CallsDecoder | ExecDecoder, backlog: Backlog) -> None:
        self._decoder = decoder
        self._backlog = backlog

    def client_sent(self, data: Bytes) -> None:
        self._backlog.put(self._decoder.client, data)

    def engine_sent(self, data: Bytes) -> None:
        self._backlog.put(self._decoder.engine, data)

    def client_closed(self) -> None:
        self._backlog.put(lambda _: self._decoder.one_side_closed(), b"", END_BYTES)

    def engine_closed(self) -> None:
        self._backlog.put(lambda _: self._decoder.one_side_closed(), b"", END_BYTES)

    def lost(self, reason: str) -> None:
        self._backlog.put(lambda _: self._decoder.lost(reason), b"")


def _split(method: str) -> tuple[str, str]:
    service, slash, name = method.rpartition("/")
    return service + slash, name
