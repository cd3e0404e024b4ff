"""Follows an HTTP/2 connection from outside, in both directions: frames, header blocks, streams."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import hpack

from layerfork.wire.proxy.tap import Bytes, Headers

# Frames of one side of an HTTP/2 connection: taken apart, header blocks put together and decompressed.
#
# Flow control, priorities and push are of no interest to an observer and are skipped.
# Source: RFC 9113 (HTTP/2) and RFC 7541 (HPACK).

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

_FRAME = struct.Struct(">HBBBI")
_SETTING = struct.Struct(">HI")
_DATA, _HEADERS, _RESET, _SETTINGS, _PUSH_PROMISE, _CONTINUATION = 0, 1, 3, 4, 5, 9
_STREAM = 0x7FFFFFFF
"""The bits of a stream's number."""
_END_STREAM = _ACK = 0x1
_END_HEADERS = 0x4
_PADDED = 0x8
_PRIORITY = 0x20
_HEADER_TABLE_SIZE = 1

_MAX_CONTROL_BYTES = 1 << 20
"""Largest frame other than DATA that is taken in; peers here use 16 KiB."""
_MAX_HEADER_BLOCK_BYTES = 16 << 20
"""gRPC allows 16 MiB: an ignore file of many patterns travels in headers."""
_MAX_HEADERS = 500_000
_MAX_HEADER_BYTES = 64 << 20
"""Fields and their bytes that one side may send over one connection. To decompress them is slow, and calls
keep them; a build's calls have thousands."""
_MAX_EMPTY_CONTINUATIONS = 1000
_MAX_SIZE_UPDATES = 2
"""At the start of a header block. Source: RFC 7541, section 4.2."""


class Http2Error(Exception):
    """The connection cannot be followed any further."""


class Streams(Protocol):
    """Receives the frames of both sides that concern streams."""

    def headers(self, number: int, headers: Headers, from_initiator: bool, ends_stream: bool) -> None:
        """A complete header block arrived."""

    def end(self, number: int, from_initiator: bool) -> None:
        """One side finished a stream."""

    def reset(self, number: int, code: int) -> None:
        """One side gave a stream up."""


@dataclass(slots=True)
class _HeaderBlock:
    """A header block that is not complete yet."""

    stream: int
    ends_stream: bool
    promise: bool
    content: bytearray = field(default_factory=bytearray)
    empty: int = 0
    """Frames without a payload."""


class FrameReader:
    """What one side sends. Fed in pieces of any size; raises Http2Error when it cannot follow."""

    opposite: "FrameReader"

    def __init__(self, streams: Streams, from_initiator: bool) -> None:
        self._streams = streams
        self._from_initiator = from_initiator
        self._preface_left = PREFACE if from_initiator else b""
        self.receivers: dict[int, Callable[[memoryview], None]] = {}
        """Who takes the data of this direction, by stream."""
        self._rest: list[bytes] = []
        """The start of an incomplete frame; the whole frame has ``_wanted`` bytes."""
        self._rest_bytes = self._wanted = 0
        self._data_stream = 0
        self._data_left = 0
        self._data_ends = False
        self._block: _HeaderBlock | None = None
        self._header_bytes = self._header_count = 0
        self._decoder = hpack.Decoder(max_header_list_size=_MAX_HEADER_BLOCK_BYTES)
        self._takers: dict[int, Callable[[int, int, memoryview], None]] = {
            _DATA: self._padded_data,
            _HEADERS: self._headers,
            _PUSH_PROMISE: self._promise,
            _CONTINUATION: self._continuation,
            _RESET: self._reset,
            _SETTINGS: self._settings,
        }
        """What takes a whole frame, by its kind: flags, stream and payload. Others are of no interest."""
        self._table_sizes: list[int | None] = []
        """Table size of each SETTINGS this side sent that the other has not acknowledged."""

    @property
    def mid_frame(self) -> bool:
        return bool(self._rest or self._data_left or self._block)

    def feed(self, data: Bytes) -> None:
        view = self._with_rest(data) if self._rest else memoryview(data)
        at, end, wanted = 0, len(view), _FRAME.size
        if self._preface_left:
            at = self._skip_preface(view)
        if self._data_left:
            at = self._some_data(view, at, end)
        while end - at >= _FRAME.size:
            high, low, kind, flags, number = _FRAME.unpack_from(view, at)
            stop = at + _FRAME.size + (high << 8 | low)
            if kind == _DATA and not flags & _PADDED:
                at = self._plain_data(flags, number & _STREAM, view, at + _FRAME.size, stop)
                continue
            wanted = stop - at
            if wanted > _MAX_CONTROL_BYTES and kind != _DATA:
                raise Http2Error(f"a frame of kind {kind} has {wanted - _FRAME.size} bytes")
            if stop > end:
                break
            self._frame(kind, flags, number & _STREAM, view[at + _FRAME.size : stop])
            at, wanted = stop, _FRAME.size
        if at < end:
            self._rest, self._rest_bytes, self._wanted = [bytes(view[at:])], end - at, wanted

    def _plain_data(self, flags: int, number: int, view: memoryview, at: int, stop: int) -> int:
        """The received part of a DATA frame; returns where the next frame starts."""
        end = len(view)
        if stop > end or flags & _END_STREAM:
            self._data_stream, self._data_left = number, stop - at
            self._data_ends = bool(flags & _END_STREAM)
            return self._some_data(view, at, end)
        receive = self.receivers.get(number)
        if receive is not None and stop > at:
            receive(view[at:stop])
        return stop

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
        """Pass on the received part of the current DATA frame."""
        until = min(at + self._data_left, end)
        self._data_left -= until - at
        if until > at:
            receive = self.receivers.get(self._data_stream)
            if receive is not None:
                receive(view[at:until])
        if not self._data_left and self._data_ends:
            self._streams.end(self._data_stream, self._from_initiator)
        return until

    def _frame(self, kind: int, flags: int, number: int, payload: memoryview) -> None:
        if self._block is not None and kind != _CONTINUATION:
            raise Http2Error("a header block is interrupted")
        take = self._takers.get(kind)
        if take is not None:
            take(flags, number, payload)

    def _headers(self, flags: int, number: int, payload: memoryview) -> None:
        payload = _without_padding(flags, payload)
        self._block = _HeaderBlock(stream=number, ends_stream=bool(flags & _END_STREAM), promise=False)
        self._more_headers(flags, payload[5:] if flags & _PRIORITY else payload)

    def _promise(self, flags: int, number: int, payload: memoryview) -> None:
        self._block = _HeaderBlock(stream=number, ends_stream=False, promise=True)
        self._more_headers(flags, _without_padding(flags, payload)[4:])

    def _continuation(self, flags: int, number: int, payload: memoryview) -> None:
        if self._block is None or self._block.stream != number:
            raise Http2Error("a continuation without a header block")
        self._more_headers(flags, payload)

    def _reset(self, flags: int, number: int, payload: memoryview) -> None:
        if len(payload) == 4:
            self._streams.reset(number, int.from_bytes(payload, "big"))

    def _padded_data(self, flags: int, number: int, payload: memoryview) -> None:
        content = _without_padding(flags, payload)
        self._data_stream, self._data_left, self._data_ends = number, len(content), bool(flags & _END_STREAM)
        self._some_data(content, 0, len(content))

    def _more_headers(self, flags: int, payload: memoryview) -> None:
        block = self._block
        assert block is not None
        block.content += payload
        block.empty += not payload
        if len(block.content) > _MAX_HEADER_BLOCK_BYTES or block.empty > _MAX_EMPTY_CONTINUATIONS:
            raise Http2Error("a header block is too large")
        if not flags & _END_HEADERS:
            return
        self._block = None
        headers = self._decode(bytes(block.content))
        if not block.promise:
            self._streams.headers(block.stream, headers, self._from_initiator, block.ends_stream)

    def _decode(self, block: bytes) -> Headers:
        if _begins_with_updates(block):
            raise Http2Error("headers cannot be decompressed: their table changes its size too often")
        try:
            decoded = tuple(self._decoder.decode(block, raw=True))
        except (hpack.HPACKError, ValueError, IndexError) as error:
            raise Http2Error(f"headers cannot be decompressed: {error}") from error
        self._header_count += len(decoded)
        self._header_bytes += len(block) + sum(len(name) + len(value) for name, value in decoded)
        if self._header_bytes > _MAX_HEADER_BYTES or self._header_count > _MAX_HEADERS:
            raise Http2Error("too many headers")
        return tuple((_text(name), _text(value)) for name, value in decoded)

    def _settings(self, flags: int, number: int, payload: memoryview) -> None:
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


def _begins_with_updates(block: bytes) -> bool:
    """Whether a header block begins with more changes of the table's size than one may."""
    at = 0
    for _ in range(_MAX_SIZE_UPDATES + 1):
        if at >= len(block) or block[at] & 0xE0 != 0x20:
            return False
        goes_on = block[at] & 0x1F == 0x1F
        at += 1
        while goes_on and at < len(block):
            goes_on = block[at] >= 0x80
            at += 1
    return True


def _text(value: bytes | str) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


# Follows an HTTP/2 connection from outside, in both directions: its streams, from the first to the last.
#
# Source: RFC 9113 (HTTP/2).

_MAX_OPEN_STREAMS = 10_000


class StreamSink(Protocol):
    """Receives one stream. Data is only valid while the method runs."""

    def request_data(self, data: memoryview) -> None: ...
    def request_ended(self) -> None: ...
    def response_headers(self, headers: Headers) -> None: ...
    def response_data(self, data: memoryview) -> None: ...
    def response_ended(self) -> None: ...
    def reset(self, code: int) -> None: ...


OpenStream = Callable[[Headers], StreamSink | None]
"""Called with the request headers of each new stream; None to skip the stream."""


@dataclass(slots=True)
class _Stream:
    sink: StreamSink | None
    request_open: bool = True
    response_open: bool = True


class Http2Connection:
    """One connection. Feed it what each side sent; raises Http2Error when it cannot follow."""

    def __init__(self, open_stream: OpenStream) -> None:
        self._open_stream = open_stream
        self._streams: dict[int, _Stream] = {}
        self._requests = FrameReader(self, from_initiator=True)
        self._responses = FrameReader(self, from_initiator=False)
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
