"""Follows one connection of BuildKit, upgraded or through ``docker exec``: its streams and its calls."""

import struct
from collections.abc import Callable

from layerfork.record.record import Gap
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.observed import ObservedConnection
from layerfork.wire.http.grpc import CallHandler, CallStatus, GrpcCall, GrpcStream, Room, describe
from layerfork.wire.http.http2 import PREFACE, Http2Connection, StreamSink
from layerfork.wire.proxy.tap import Bytes, ConnectionTap, Headers

MAX_GAPS = 100
"""A connection that is not understood at all would have a gap for each frame."""

MAX_METHOD_CHARACTERS = 200
"""BuildKit's longest has about fifty."""

HandlerFor = Callable[[GrpcCall], CallHandler | None]


class CallsDecoder:
    """The calls of one connection, whichever side opens them. Problems become gaps; nothing is raised."""

    def __init__(self, observed: ObservedConnection, handler_for: HandlerFor, engine_calls: bool) -> None:
        """``engine_calls``: the engine opens the streams, as in a session."""
        self._observed = observed
        self._handler_for = handler_for
        self._http2: Http2Connection | None = Http2Connection(self._open)
        self._client_feed = self._http2.acceptor_sent if engine_calls else self._http2.initiator_sent
        self._engine_feed = self._http2.initiator_sent if engine_calls else self._http2.acceptor_sent
        self._closed = 0
        self._room = Room()
        self.on_close: Callable[[], None] | None = None

    def client(self, data: Bytes) -> None:
        """The client sent these bytes."""
        self._feed(self._client_feed, data)

    def engine(self, data: Bytes) -> None:
        """The engine sent these bytes."""
        self._feed(self._engine_feed, data)

    def one_side_closed(self) -> None:
        """A side sends nothing more; when both do, the calls that are open are over."""
        self._closed += 1
        if self._closed == 2:
            self.close()

    def close(self) -> None:
        """Nothing more comes."""
        http2, self._http2 = self._http2, None
        if http2 is not None:
            http2.close()
            if self.on_close is not None:
                self.on_close()

    def problem(self, where: str, what: str) -> None:
        """Note what was not understood."""
        if len(self._observed.gaps) < MAX_GAPS:
            self._observed.gaps.append(Gap(where=f"{self._observed.where}: {where}", what=what))

    def lost(self, reason: str) -> None:
        """Bytes are missing from here on."""
        if self._http2 is not None:
            self.problem("connection", f"lost: {reason}")
        self.close()

    def _feed(self, feed: Callable[[Bytes], None], data: Bytes) -> None:
        if self._http2 is None:
            return
        try:
            feed(data)
        except Exception as error:  # a decoder must never stop the build it watches
            self.problem("http2", describe(error))
            self.close()

    def _open(self, headers: Headers) -> StreamSink | None:
        path = next((value for name, value in headers if name == ":path"), "")
        if len(path) > MAX_METHOD_CHARACTERS:
            self.problem("http2", f"a call was skipped: the name of its method has {len(path)} characters")
            return None
        call = GrpcCall(method=path.removeprefix("/"), metadata=headers)
        try:
            handler = self._handler_for(call)
        except Exception as error:  # as for `feed`: a decoder must never stop the build
            self.problem(f"grpc {call.method}", describe(error))
            return None
        return GrpcStream(call, handler, self.problem, self._room) if handler is not None else None


class TunnelFollower:
    """A session inside a call (Control/Session): its bytes travel in messages.

    Source: moby/buildkit session/grpchijack @ 73ed6825c.
    """

    def __init__(self, inner: CallsDecoder) -> None:
        self._inner = inner

    def request(self, message: Bytes) -> None:
        self._inner.client(control.BytesMessage.FromString(bytes(message)).data)

    def response(self, message: Bytes) -> None:
        self._inner.engine(control.BytesMessage.FromString(bytes(message)).data)

    def ended(self, status: CallStatus) -> None:
        self._inner.close()


# A builder in a container: buildx reaches it through ``docker exec … buildctl dial-stdio``.
#
# The client's bytes are the connection's; the engine wraps what the process writes into frames.
# Source: docker/buildx driver/docker-container/driver.go @ v0.13.1 (exec, demuxConn); moby/moby
# pkg/stdcopy/stdcopy.go @ v26.1.5 (one byte of stream, three of zeros, four of length).

_HEADER = struct.Struct(">B3xI")
_STDOUT = 1
_MAX_EARLY_BYTES = 1 << 16
"""What a process may write before its standard input says whether it is a builder."""


class ExecTap:
    """A `ConnectionTap` that hands on what speaks HTTP/2 and leaves every other process alone."""

    def __init__(self, inner: ConnectionTap) -> None:
        self._inner: ConnectionTap | None = inner
        self._known = False
        self._start = b""
        self._early = b""

    def client_sent(self, data: Bytes) -> None:
        if self._inner is None:
            return
        if self._known:
            self._inner.client_sent(data)
            return
        self._start += bytes(data)
        if not PREFACE.startswith(self._start[: len(PREFACE)]):
            self._leave()
        elif len(self._start) >= len(PREFACE):
            self._known = True
            self._inner.client_sent(self._start)
            self._inner.engine_sent(self._early)
            self._start = self._early = b""

    def engine_sent(self, data: Bytes) -> None:
        if self._inner is None:
            return
        if self._known:
            self._inner.engine_sent(data)
            return
        self._early += bytes(data)
        if len(self._early) > _MAX_EARLY_BYTES:
            self._leave()

    def client_closed(self) -> None:
        if self._inner is not None:
            self._inner.client_closed()

    def engine_closed(self) -> None:
        if self._inner is not None:
            self._inner.engine_closed()

    def lost(self, reason: str) -> None:
        if self._inner is not None:
            self._inner.lost(reason)

    def _leave(self) -> None:
        self._inner = None
        self._start = self._early = b""


class ExecDecoder:
    """Takes the engine's frames off: standard output is BuildKit's, standard error is not."""

    def __init__(self, inner: CallsDecoder) -> None:
        self._inner = inner
        self.client = inner.client
        self.one_side_closed = inner.one_side_closed
        self.lost = inner.lost
        self._header = b""
        self._stream = 0
        self._left = 0

    def engine(self, data: Bytes) -> None:
        """The engine sent these bytes."""
        view = memoryview(data)
        while view:
            if not self._left:
                missing = _HEADER.size - len(self._header)
                self._header += bytes(view[:missing])
                view = view[missing:]
                if len(self._header) < _HEADER.size:
                    return
                self._stream, self._left = _HEADER.unpack(self._header)
                self._header = b""
                continue
            part = view[: self._left]
            self._left -= len(part)
            view = view[len(part) :]
            if self._stream == _STDOUT:
                self._inner.engine(part)
