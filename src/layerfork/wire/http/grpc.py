"""Follows gRPC calls over HTTP/2 from outside.

Source: grpc/grpc doc/PROTOCOL-HTTP2.md (length-prefixed messages, trailers).
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from layerfork.wire.proxy.tap import Bytes, Headers

MAX_MESSAGE_BYTES = 64 << 20
"""Larger messages are skipped and reported. BuildKit itself allows 16 MiB."""

_PREFIX = struct.Struct(">BI")
_GZIP = 16 + zlib.MAX_WBITS


class GrpcError(Exception):
    """A call cannot be followed any further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStatus:
    """How a call ended."""

    code: int | None
    """gRPC status; 0 is success, None a call that was reset or cut."""
    message: str = ""


class CallHandler(Protocol):
    """Receives one gRPC call. A message is only valid while its method runs; copy what you keep."""

    def request(self, message: Bytes) -> None: ...
    def response(self, message: Bytes) -> None: ...
    def ended(self, status: CallStatus) -> None: ...


class RawRequests:
    """Base of handlers that take the bytes of a request as they come: messages are not put together.

    Whole files travel in such requests, and only their number of bytes is of interest.
    """

    __slots__ = ()

    def request_data(self, data: memoryview) -> None:
        """A piece of the request, prefixes of messages included."""

    def request(self, message: Bytes) -> None:
        """Not called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpcCall:
    """A call as its request headers announce it."""

    method: str
    """``moby.buildkit.v1.Control/Solve``: service and method."""
    metadata: Headers

    def values(self, name: str) -> tuple[str, ...]:
        """Every value of a metadata key, in order."""
        return tuple(value for key, value in self.metadata if key == name)

    def first(self, name: str) -> str:
        """The first value of a metadata key, or an empty text."""
        return next(iter(self.values(name)), "")


Problem = Callable[[str, str], None]
"""Called with where something was not understood, and what it was."""


class Room:
    """How many bytes of messages that are not whole yet one connection may hold."""

    def __init__(self, limit: int = 2 * MAX_MESSAGE_BYTES) -> None:
        self._left = limit

    def take(self, size: int) -> None:
        """Raises: GrpcError."""
        if size > self._left:
            raise GrpcError("too many messages are incomplete")
        self._left -= size

    def give_back(self, size: int) -> None:
        self._left += size


class GrpcStream:
    """One call on one HTTP/2 stream: a `StreamSink` that hands whole messages to a handler.

    A handler that fails is dropped and reported; the rest of the connection goes on.
    """

    def __init__(self, call: GrpcCall, handler: CallHandler, problem: Problem, room: Room) -> None:
        self._call = call
        self._handler: CallHandler | None = handler
        self._raw = handler if isinstance(handler, RawRequests) else None
        self._problem = problem
        self._status: CallStatus | None = None
        self._request = MessageReader(handler.request, room)
        self._request.encoding = call.first("grpc-encoding")
        self._response = MessageReader(handler.response, room)

    def request_data(self, data: memoryview) -> None:
        if self._handler is not None:
            try:
                if self._raw is not None:
                    self._raw.request_data(data)
                else:
                    self._request.feed(data)
            except Exception as error:  # a decoder must never stop the build it watches
                self._drop("request", error)
            if self._request.skipped_bytes:
                self._report_skipped(self._request, "request")

    def response_data(self, data: memoryview) -> None:
        if self._handler is not None:
            try:
                self._response.feed(data)
            except Exception as error:  # as above
                self._drop("response", error)
            if self._response.skipped_bytes:
                self._report_skipped(self._response, "response")

    def request_ended(self) -> None:
        if self._handler is not None and self._request.mid_message:
            self._problem(f"grpc {self._call.method}", "the request ends inside a message")

    def response_headers(self, headers: Headers) -> None:
        found = dict(headers)
        self._response.encoding = found.get("grpc-encoding", self._response.encoding)
        if "grpc-status" in found:
            code = found["grpc-status"]
            self._status = CallStatus(
                code=int(code) if code.isdecimal() else 2, message=unquote(found.get("grpc-message", ""))
            )

    def response_ended(self) -> None:
        self._end(self._status or CallStatus(code=None, message="the answer has no status"))

    def reset(self, code: int) -> None:
        self._end(self._status or CallStatus(code=None, message=f"reset ({code})" if code >= 0 else "cut"))

    def _drop(self, side: str, error: Exception) -> None:
        self._handler = self._raw = None
        self._forget()
        self._problem(f"grpc {self._call.method}", f"{side} not understood: {describe(error)}")

    def _report_skipped(self, reader: "MessageReader", side: str) -> None:
        self._problem(f"grpc {self._call.method}", f"a {side} of {reader.skipped_bytes} bytes was skipped")
        reader.skipped_bytes = 0

    def _end(self, status: CallStatus) -> None:
        handler, self._handler = self._handler, None
        self._forget()
        if handler is None:
            return
        try:
            handler.ended(status)
        except Exception as error:  # as above
            self._problem(f"grpc {self._call.method}", f"end not understood: {describe(error)}")

    def _forget(self) -> None:
        for reader in (self._request, self._response):
            reader.forget()


class MessageReader:
    """Cuts one direction of a call into messages."""

    def __init__(self, deliver: Callable[[Bytes], None], room: Room) -> None:
        self._deliver = deliver
        self._room = room
        self.encoding = ""
        self.skipped_bytes = 0
        """Size of a message that was too large to take in; the reader's user sets it back."""
        self._begun = bytearray()
        """The start of a message that comes in pieces."""
        self._prefix = b""
        self._compressed = False
        self._left = 0
        self._skip = 0

    @property
    def mid_message(self) -> bool:
        return bool(self._prefix or self._left or self._skip)

    def forget(self) -> None:
        """Nothing more comes of a message that has begun."""
        self._room.give_back(len(self._begun))
        self._begun = bytearray()

    def feed(self, data: memoryview) -> None:
        """Raises: GrpcError, and whatever the receiver of the messages raises."""
        if self._deliver_whole(data):
            return
        at, end = 0, len(data)
        while at < end:
            if self._skip:
                step = min(self._skip, end - at)
                self._skip -= step
                at += step
            elif self._left:
                at = self._body(data, at, end)
            else:
                at = self._start(data, at, end)

    def _deliver_whole(self, data: memoryview) -> bool:
        """Deliver data that is exactly one message, or the body of one, without a copy; most of it is."""
        end = len(data)
        if self._left:
            if self._left != end or self._begun or self._compressed:
                return False
            self._left = 0
            self._deliver(data)
            return True
        if end < 5 or self._prefix or self._skip:
            return False
        compressed, length = _PREFIX.unpack_from(data)
        if compressed or length != end - 5:
            return False
        self._deliver(data[5:])
        return True

    def _start(self, data: memoryview, at: int, end: int) -> int:
        if not self._prefix and end - at >= 5:
            compressed, length = _PREFIX.unpack_from(data, at)
            at += 5
        else:
            taken = min(5 - len(self._prefix), end - at)
            self._prefix += bytes(data[at : at + taken])
            at += taken
            if len(self._prefix) < 5:
                return at
            compressed, length = _PREFIX.unpack(self._prefix)
            self._prefix = b""
        if compressed > 1:
            raise GrpcError(f"unknown message flags {compressed:#x}")
        self._compressed = bool(compressed)
        if length > MAX_MESSAGE_BYTES:
            self._skip = self.skipped_bytes = length
        elif length:
            self._left = length
        else:
            self._deliver(b"")
        return at

    def _body(self, data: memoryview, at: int, end: int) -> int:
        until = at + self._left
        if until <= end and not self._begun:
            self._left = 0
            self._message(data[at:until])
            return until
        until = min(until, end)
        self._room.take(until - at)
        self._begun += data[at:until]
        self._left -= until - at
        if not self._left:
            whole = bytes(self._begun)
            self.forget()
            self._message(whole)
        return until

    def _message(self, message: Bytes) -> None:
        self._deliver(self._decompressed(message) if self._compressed else message)

    def _decompressed(self, message: Bytes) -> bytes:
        if self.encoding not in {"gzip", "deflate"}:
            raise GrpcError(f"unknown compression {self.encoding!r}")
        inflate = zlib.decompressobj(_GZIP if self.encoding == "gzip" else zlib.MAX_WBITS)
        try:
            plain = inflate.decompress(message, MAX_MESSAGE_BYTES)
        except zlib.error as error:
            raise GrpcError(f"broken compression: {error}") from error
        if inflate.unconsumed_tail:
            raise GrpcError("a compressed message is too large")
        return plain


def describe(error: Exception) -> str:
    """An exception as one line for a gap."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
