"""Follows an HTTP/2 connection from outside, in both directions: frames and header compression.

Flow control, priorities and push are of no interest to an observer and are skipped.
Source: RFC 9113 (HTTP/2) and RFC 7541 (HPACK).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import hpack

from layerfork.wire.proxy.tap import Bytes, Headers

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_FRAME = struct.Struct(">HBBBI")
_SETTING = struct.Struct(">HI")
_DATA, _HEADERS, _RESET, _SETTINGS, _PUSH_PROMISE, _CONTINUATION = 0, 1, 3, 4, 5, 9
_END_STREAM = _ACK = 0x1
_END_HEADERS = 0x4
_PADDED = 0x8
_PRIORITY = 0x20
_HEADER_TABLE_SIZE = 1

_MAX_CONTROL_BYTES = 1 << 20
"""Largest frame other than DATA that is taken in; peers here use 16 KiB."""
_MAX_HEADER_BLOCK_BYTES = 16 << 20
"""gRPC allows 16 MiB: an ignore file of many patterns travels in headers."""
_MAX_OPEN_STREAMS = 10_000


class Http2Error(Exception):
    """The connection cannot be followed any further."""


class StreamSink(Protocol):
    """What becomes of one stream. Data is only valid during the call."""

    def request_data(self, data: memoryview) -> None: ...
    def request_ended(self) -> None: ...
    def response_headers(self, headers: Headers) -> None: ...
    def response_data(self, data: memoryview) -> None: ...
    def response_ended(self) -> None: ...
    def reset(self, code: int) -> None: ...


OpenStream = Callable[[Headers], StreamSink | None]
"""Called with the request headers of each new stream; None when nobody wants it."""


@dataclass(slots=True)
class _Stream:
    sink: StreamSink | None
    request_open: bool = True
    response_open: bool = True


@dataclass(slots=True)
class _Block:
    """A header block that is not complete yet."""

    stream: int
    ends_stream: bool
    promise: bool
    parts: list[bytes] = field(default_factory=list)
    size: int = 0


class Http2Connection:
    """One connection. Feed it what each side sent; raises Http2Error when it cannot follow."""

    def __init__(self, open_stream: OpenStream) -> None:
        self._open_stream = open_stream
        self._streams: dict[int, _Stream] = {}
        self._requests = _Direction(self, from_initiator=True)
        self._responses = _Direction(self, from_initiator=False)
        self._requests.opposite = self._responses
        self._responses.opposite = self._requests

    def initiator_sent(self, data: Bytes) -> None:
        """The side that opens the streams sent these bytes, the preface first."""
        self._requests.feed(data)

    def acceptor_sent(self, data: Bytes) -> None:
        """The side that answers sent these bytes."""
        self._responses.feed(data)

    @property
    def mid_frame(self) -> bool:
        """Whether a side stopped inside a frame: true at the end of a cut connection."""
        return self._requests.mid_frame or self._responses.mid_frame

    def close(self) -> None:
        """Both sides are gone: streams that are still open end here."""
        for number in tuple(self._streams):
            self.reset(number, -1)

    def headers(self, number: int, headers: Headers, from_initiator: bool, ends_stream: bool) -> None:
        """A complete header block arrived."""
        stream = self._streams.get(number)
        if stream is None:
            if not from_initiator:
                return
            self._open(number, headers)
        elif not from_initiator and stream.sink is not None:
            stream.sink.response_headers(headers)
        if ends_stream:
            self.end(number, from_initiator)

    def _open(self, number: int, headers: Headers) -> None:
        if len(self._streams) >= _MAX_OPEN_STREAMS:
            raise Http2Error("too many open streams")
        sink = self._open_stream(headers)
        self._streams[number] = _Stream(sink)
        if sink is not None:
            self._requests.receivers[number] = sink.request_data
            self._responses.receivers[number] = sink.response_data

    def _forget(self, number: int) -> "_Stream | None":
        self._requests.receivers.pop(number, None)
        self._responses.receivers.pop(number, None)
        return self._streams.pop(number, None)

    def end(self, number: int, from_initiator: bool) -> None:
        """One side finished a stream."""
        stream = self._streams.get(number)
        if stream is None:
            return
        if from_initiator and stream.request_open:
            stream.request_open = False
            if stream.sink is not None:
                stream.sink.request_ended()
        elif not from_initiator and stream.response_open:
            stream.response_open = False
            if stream.sink is not None:
                stream.sink.response_ended()
        if not (stream.request_open or stream.response_open):
            self._forget(number)

    def reset(self, number: int, code: int) -> None:
        """One side gave a stream up."""
        stream = self._forget(number)
        if stream is not None and stream.sink is not None:
            stream.sink.reset(code)


class _Direction:
    """What one side sends."""

    opposite: "_Direction"

    def __init__(self, connection: Http2Connection, from_initiator: bool) -> None:
        self._connection = connection
        self._from_initiator = from_initiator
        self._preface_left = PREFACE if from_initiator else b""
        self.receivers: dict[int, Callable[[memoryview], None]] = {}
        """Who takes the data of this direction, by stream."""
        self._rest: list[bytes] = []
        """The start of a frame of which more must come; it is ``_wanted`` bytes long."""
        self._rest_bytes = self._wanted = 0
        self._data_stream = 0
        self._data_left = 0
        self._data_ends = False
        self._block: _Block | None = None
        self._decoder = hpack.Decoder(max_header_list_size=_MAX_HEADER_BLOCK_BYTES)
        self._table_sizes: list[int | None] = []
        """Table size of each SETTINGS this side sent that the other has not acknowledged."""

    @property
    def mid_frame(self) -> bool:
        return bool(self._rest or self._data_left or self._block)

    def feed(self, data: Bytes) -> None:
        view = self._with_rest(data) if self._rest else memoryview(data)
        at, end = 0, len(view)
        wanted = 9
        if self._preface_left:
            at = self._skip_preface(view)
        if self._data_left:
            at = self._some_data(view, at, end)
        while end - at >= 9:
            high, low, kind, flags, number = _FRAME.unpack_from(view, at)
            stop = at + 9 + (high << 8 | low)
            number &= 0x7FFFFFFF
            if kind == _DATA and not flags & _PADDED:
                if stop <= end and not flags & _END_STREAM:
                    receive = self.receivers.get(number)
                    if receive is not None and stop > at + 9:
                        receive(view[at + 9 : stop])
                    at = stop
                else:
                    self._data_stream, self._data_left = number, stop - at - 9
                    self._data_ends = bool(flags & _END_STREAM)
                    at = self._some_data(view, at + 9, end)
                continue
            if stop - at > _MAX_CONTROL_BYTES and kind != _DATA:
                raise Http2Error(f"a frame of kind {kind} has {stop - at - 9} bytes")
            if stop > end:
                wanted = stop - at
                break
            self._frame(kind, flags, number, view[at + 9 : stop])
            at = stop
        if at < end:
            self._rest, self._rest_bytes, self._wanted = [bytes(view[at:])], end - at, wanted

    def _with_rest(self, data: Bytes) -> memoryview:
        """What was held back and these bytes, once a whole frame is there; nothing before."""
        self._rest.append(bytes(data))
        self._rest_bytes += len(data)
        if self._rest_bytes < self._wanted:
            return memoryview(b"")
        parts, self._rest = self._rest, []
        return memoryview(b"".join(parts))

    def _skip_preface(self, view: memoryview) -> int:
        known = min(len(view), len(self._preface_left))
        if view[:known] != self._preface_left[:known]:
            raise Http2Error("no HTTP/2 preface")
        self._preface_left = self._preface_left[known:]
        return known

    def _some_data(self, view: memoryview, at: int, end: int) -> int:
        """Hand on what is there of the current DATA frame."""
        until = min(at + self._data_left, end)
        self._data_left -= until - at
        if until > at:
            receive = self.receivers.get(self._data_stream)
            if receive is not None:
                receive(view[at:until])
        if not self._data_left and self._data_ends:
            self._connection.end(self._data_stream, self._from_initiator)
        return until

    def _frame(self, kind: int, flags: int, number: int, payload: memoryview) -> None:
        if self._block is not None and kind != _CONTINUATION:
            raise Http2Error("a header block is interrupted")
        if kind == _DATA:
            self._padded_data(flags, number, payload)
        elif kind == _HEADERS:
            payload = _without_padding(flags, payload)
            if flags & _PRIORITY:
                payload = payload[5:]
            self._block = _Block(stream=number, ends_stream=bool(flags & _END_STREAM), promise=False)
            self._more_headers(flags, payload)
        elif kind == _PUSH_PROMISE:
            self._block = _Block(stream=number, ends_stream=False, promise=True)
            self._more_headers(flags, _without_padding(flags, payload)[4:])
        elif kind == _CONTINUATION:
            if self._block is None or self._block.stream != number:
                raise Http2Error("a continuation of no header block")
            self._more_headers(flags, payload)
        elif kind == _RESET and len(payload) == 4:
            self._connection.reset(number, int.from_bytes(payload, "big"))
        elif kind == _SETTINGS:
            self._settings(flags, payload)

    def _padded_data(self, flags: int, number: int, payload: memoryview) -> None:
        content = _without_padding(flags, payload)
        self._data_stream, self._data_left, self._data_ends = number, len(content), bool(flags & _END_STREAM)
        self._some_data(content, 0, len(content))

    def _more_headers(self, flags: int, payload: memoryview) -> None:
        block = self._block
        assert block is not None
        block.parts.append(bytes(payload))
        block.size += len(payload)
        if block.size > _MAX_HEADER_BLOCK_BYTES:
            raise Http2Error("a header block is too large")
        if not flags & _END_HEADERS:
            return
        self._block = None
        headers = self._decode(b"".join(block.parts))
        if not block.promise:
            self._connection.headers(block.stream, headers, self._from_initiator, block.ends_stream)

    def _decode(self, block: bytes) -> Headers:
        try:
            decoded = self._decoder.decode(block, raw=True)
        except (hpack.HPACKError, ValueError, IndexError) as error:
            raise Http2Error(f"headers cannot be decompressed: {error}") from error
        return tuple((_text(name), _text(value)) for name, value in decoded)

    def _settings(self, flags: int, payload: memoryview) -> None:
        """A side announces how large a table it keeps; the other's headers obey once it acknowledged."""
        if flags & _ACK:
            if self.opposite._table_sizes:
                size = self.opposite._table_sizes.pop(0)
                if size is not None:
                    self._decoder.max_allowed_table_size = size
            return
        sizes = [
            value
            for identifier, value in _SETTING.iter_unpack(payload[: len(payload) // 6 * 6])
            if identifier == _HEADER_TABLE_SIZE
        ]
        if len(self._table_sizes) < 1000:
            self._table_sizes.append(sizes[-1] if sizes else None)


def _without_padding(flags: int, payload: memoryview) -> memoryview:
    if not flags & _PADDED:
        return payload
    if not payload or payload[0] >= len(payload):
        raise Http2Error("padding is longer than its frame")
    return payload[1 : len(payload) - payload[0]]


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
