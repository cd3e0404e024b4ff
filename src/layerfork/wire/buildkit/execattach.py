"""A builder in a container: buildx reaches it through ``docker exec … buildctl dial-stdio``.

The client's bytes are the connection's; the engine wraps what the process writes into frames.
Source: docker/buildx driver/docker-container/driver.go @ v0.13.1 (exec, demuxConn); moby/moby
pkg/stdcopy/stdcopy.go @ v26.1.5 (one byte of stream, three of zeros, four of length).
"""

import struct

from layerfork.wire.buildkit.connection import CallsDecoder
from layerfork.wire.http.frames import PREFACE
from layerfork.wire.proxy.tap import Bytes, ConnectionTap

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
