"""Floods over one connection: each is bounded where it is kept, and said where it is not looked at."""

import struct
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import pytest
from linear import assert_linear

from layerfork.wire.http import http1
from layerfork.wire.http import http2 as frames
from layerfork.wire.http.grpc import MessageReader, Room
from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.http.http2 import PREFACE, Http2Connection, Http2Error
from layerfork.wire.http.messages import HttpError, parse_head
from layerfork.wire.proxy.tap import Headers

HEADERS, CONTINUATION, END = 1, 9, 4


def frame(kind: int, flags: int, number: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, number) + payload


@contextmanager
def holding_at_most(limit: int) -> Iterator[None]:
    """What the block adds to this process's memory at any time."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < limit
    finally:
        tracemalloc.stop()


def connection() -> Http2Connection:
    made = Http2Connection(lambda headers: None)
    made.initiator_sent(PREFACE)
    return made


def pour(made: Http2Connection, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        made.initiator_sent(piece)


def test_a_header_block_takes_no_more_room_than_its_bytes() -> None:
    made = connection()
    made.initiator_sent(frame(HEADERS, 0, 1, b""))
    flood = frame(CONTINUATION, 0, 1, b"\x82\x82") * 1_000
    with holding_at_most(2 << 20):
        pour(made, [flood] * 200)  # 400,000 bytes of headers


def test_continuations_that_bring_nothing_end() -> None:
    made = connection()
    made.initiator_sent(frame(HEADERS, 0, 1, b""))
    with pytest.raises(Http2Error, match="too large"):
        made.initiator_sent(frame(CONTINUATION, 0, 1, b"") * 1_001)


def test_headers_of_one_connection_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_MAX_HEADERS", 30)
    made = connection()
    pour(made, [frame(HEADERS, END, 1, b"\x82" * 15), frame(HEADERS, END, 3, b"\x82" * 15)])
    with pytest.raises(Http2Error, match="too many headers"):
        made.initiator_sent(frame(HEADERS, END, 5, b"\x82"))


def test_headers_are_counted_as_large_as_they_are_when_decompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_MAX_HEADER_BYTES", 10_000)
    made = connection()
    made.initiator_sent(frame(HEADERS, END, 1, b"\x40\x01x\x7f\xe9\x06" + b"y" * 1_000))
    with pytest.raises(Http2Error, match="too many headers"):
        pour(made, [frame(HEADERS, END, number, b"\xbe" * 4) for number in range(3, 9, 2)])


@pytest.mark.parametrize(("updates", "fits"), [(1, True), (2, True), (3, False)])
def test_a_header_block_begins_with_two_sizes_of_its_table_at_most(updates: int, fits: bool) -> None:
    made = connection()
    block = b"\x3f\xe1\x1f" * updates + b"\x82"  # 4,096 each
    if fits:
        made.initiator_sent(frame(HEADERS, END, 1, block))
        return
    with pytest.raises(Http2Error, match="too often"):
        made.initiator_sent(frame(HEADERS, END, 1, block))


def test_a_message_in_small_pieces_takes_no_more_room_than_its_bytes() -> None:
    reader = MessageReader(lambda message: None, Room())
    reader.feed(memoryview(struct.pack(">BI", 0, 10_000_000)))
    with holding_at_most(2 << 20):
        for _ in range(200_000):
            reader.feed(memoryview(b"ab"))


def test_messages_that_are_begun_share_the_room_of_their_connection() -> None:
    found: list[bytes] = []
    room = Room(100)
    first, second = (MessageReader(lambda message: found.append(bytes(message)), room) for _ in range(2))
    first.feed(memoryview(struct.pack(">BI", 0, 90) + b"a" * 80))
    with pytest.raises(Exception, match="messages are incomplete"):
        second.feed(memoryview(struct.pack(">BI", 0, 90) + b"b" * 30))
    first.feed(memoryview(b"a" * 10))
    assert found == [b"a" * 90]
    third = MessageReader(lambda message: found.append(bytes(message)), room)
    third.feed(memoryview(struct.pack(">BI", 0, 99) + b"c" * 98))
    third.forget()
    first.feed(memoryview(struct.pack(">BI", 0, 100) + b"d" * 99))
    first.feed(memoryview(b"d"))
    assert found[1:] == [b"d" * 100]


GET = b"GET /x HTTP/1.1\r\nHost: d\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Noted:
    """An exchange that only says how it ended."""

    def __init__(self) -> None:
        self.status = 0
        self.reason = ""

    def request_data(self, data: memoryview) -> None: ...
    def request_done(self, *, whole: bool) -> None: ...
    def answer_data(self, data: memoryview) -> None: ...
    def answer_done(self) -> None: ...

    def answered(self, status: int, headers: Headers) -> None:
        self.status = status

    def broken(self, reason: str) -> None:
        self.reason = reason


def http(upgraded: Callable[..., None] = lambda path, headers: None) -> tuple[Http1Tap, list[Noted]]:
    made: list[Noted] = []

    def opened(_: object) -> Noted:
        made.append(Noted())
        return made[-1]

    return Http1Tap(opened, upgraded), made


def test_requests_that_wait_for_answers_are_bounded() -> None:
    tap, made = http()
    for _ in range(1_000):  # answered in time: any number
        tap.client_sent(GET)
        tap.engine_sent(OK)
    assert {each.status for each in made} == {200}
    with pytest.raises(HttpError, match="too many requests wait"):
        tap.client_sent(GET * (http1.MAX_PENDING + 1))
    assert "too many requests wait" in made[-2].reason


def test_heads_of_requests_that_wait_are_bounded() -> None:
    tap, _ = http()
    with pytest.raises(HttpError, match="too many requests wait"):
        tap.client_sent((b"GET / HTTP/1.1\r\nX: " + b"x" * 900_000 + b"\r\n\r\n") * 3)


def test_folded_lines_take_linear_time() -> None:
    assert_linear(lambda size: parse_head(b"GET / HTTP/1.1\r\nX: a" + b"\r\n b" * size), 10_000)
    [(name, value)] = parse_head(b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\tc\r\n\r\n").headers
    assert (name, value) == ("X", "a b c")


@pytest.mark.parametrize("path", [b"/grpc", b"/session", b"/v1.45/containers/x/attach"])
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\ndenied",
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 Nothing\r\n\r\n",
        b"HTTP/1.1 304 Same\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, 1_000])
def test_a_build_after_a_refused_upgrade_is_followed(path: bytes, answer: bytes, size: int) -> None:
    tap, made = http()
    upgrade = b"POST %b HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" % path
    for feed, data in (
        (tap.client_sent, upgrade),
        (tap.engine_sent, answer),
        (tap.client_sent, b"POST /build HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"),
        (tap.engine_sent, OK),
    ):
        for at in range(0, len(data), size):
            feed(data[at : at + size])
    assert [each.status for each in made] == [int(answer.split()[1]), 200]


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_bytes_that_are_no_protocol_end_quietly(size: int) -> None:
    tap, _ = http()
    noise = bytes(range(256)) * 50
    with suppress(HttpError):
        for at in range(0, len(noise), size):
            tap.client_sent(noise[at : at + size])
    tap.client_sent(noise)  # nothing is looked at any more
    tap.lost("ended")
