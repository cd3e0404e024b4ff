"""Follows an HTTP/2 connection from outside, in both directions: its streams, from the first to the last.

Source: RFC 9113 (HTTP/2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from layerfork.wire.http.frames import FrameReader, Http2Error
from layerfork.wire.proxy.tap import Bytes, Headers

_MAX_OPEN_STREAMS = 10_000


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
