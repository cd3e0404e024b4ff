"""HTTP/2 followed from outside, with frames and headers made by hyperframe and hpack."""

from collections.abc import Iterator

import hpack
import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import given
from hypothesis import strategies as st

from layerfork.wire.http.http2 import PREFACE, Http2Connection, Http2Error
from layerfork.wire.proxy.tap import Headers


class Seen:
    """A stream sink that notes what it is told."""

    def __init__(self, headers: Headers, log: list[tuple[object, ...]]) -> None:
        self.name = dict(headers)[":path"]
        self.log = log
        self.request = b""
        self.response = b""
        log.append((self.name, "opened", headers))

    def request_data(self, data: memoryview) -> None:
        self.request += data

    def request_ended(self) -> None:
        self.log.append((self.name, "request", self.request))

    def response_headers(self, headers: Headers) -> None:
        self.log.append((self.name, "headers", headers))

    def response_data(self, data: memoryview) -> None:
        self.response += data

    def response_ended(self) -> None:
        self.log.append((self.name, "response", self.response))

    def reset(self, code: int) -> None:
        self.log.append((self.name, "reset", code, self.request, self.response))


class Talk:
    """Both sides of a connection: encodes what they send and feeds it to the connection."""

    def __init__(self) -> None:
        self.log: list[tuple[object, ...]] = []
        self.connection = Http2Connection(lambda headers: Seen(headers, self.log))
        self.request_encoder = hpack.Encoder()
        self.response_encoder = hpack.Encoder()

    def start(self) -> None:
        self.connection.initiator_sent(PREFACE)
        self.initiator(SettingsFrame(0))
        self.acceptor(SettingsFrame(0))

    def initiator(self, *frames: Frame) -> None:
        self.connection.initiator_sent(b"".join(frame.serialize() for frame in frames))

    def acceptor(self, *frames: Frame) -> None:
        self.connection.acceptor_sent(b"".join(frame.serialize() for frame in frames))

    def open(self, number: int, path: str) -> None:
        block = self.request_encoder.encode([(":method", "POST"), (":path", path)])
        self.initiator(HeadersFrame(number, block, flags=["END_HEADERS"]))

    def answer(self, number: int, *headers: tuple[str, str], end: bool = False) -> None:
        block = self.response_encoder.encode(list(headers))
        self.acceptor(HeadersFrame(number, block, flags=["END_HEADERS", *(["END_STREAM"] if end else [])]))


@pytest.fixture
def talk() -> Talk:
    made = Talk()
    made.start()
    return made


def test_streams_are_told_apart_when_interleaved(talk: Talk) -> None:
    talk.open(1, "/a")
    talk.open(3, "/b")
    talk.initiator(DataFrame(1, b"1"), DataFrame(3, b"2"), DataFrame(1, b"3", flags=["END_STREAM"]))
    talk.acceptor(DataFrame(3, b"x"), DataFrame(1, b"y"))
    talk.answer(1, ("grpc-status", "0"), end=True)

    assert ("/a", "request", b"13") in talk.log
    assert ("/a", "headers", (("grpc-status", "0"),)) in talk.log
    assert ("/a", "response", b"y") in talk.log
    assert not [event for event in talk.log if event[0] == "/b" and event[1] != "opened"]


def test_a_header_block_goes_on_in_continuation_frames_with_padding_and_priority(talk: Talk) -> None:
    block = talk.request_encoder.encode([(":path", "/long"), ("pattern", "x" * 300)])
    first = HeadersFrame(1, block[:7], pad_length=5, flags=["PADDED", "PRIORITY"])
    talk.initiator(
        first, ContinuationFrame(1, block[7:50]), ContinuationFrame(1, block[50:], flags=["END_HEADERS"])
    )

    assert talk.log == [("/long", "opened", ((":path", "/long"), ("pattern", "x" * 300)))]


def test_padding_is_no_data(talk: Talk) -> None:
    talk.open(1, "/a")
    talk.initiator(DataFrame(1, b"real", pad_length=200, flags=["PADDED", "END_STREAM"]))

    assert ("/a", "request", b"real") in talk.log


def test_frames_of_no_interest_change_nothing(talk: Talk) -> None:
    talk.open(1, "/a")
    talk.initiator(
        WindowUpdateFrame(0, 10),
        PingFrame(0, b"12345678"),
        PriorityFrame(1, depends_on=0, stream_weight=3, exclusive=False),
        GoAwayFrame(0, last_stream_id=1),
        DataFrame(99, b"of a stream that nobody opened"),
    )
    talk.connection.initiator_sent(b"\x00\x00\x07\xee\xff\x00\x00\x00\x01unknown")
    talk.initiator(DataFrame(1, b"data", flags=["END_STREAM"]))

    assert talk.log[1:] == [("/a", "request", b"data")]


def test_a_reset_and_the_end_of_the_connection_end_streams(talk: Talk) -> None:
    talk.open(1, "/a")
    talk.open(3, "/b")
    talk.acceptor(RstStreamFrame(1, error_code=8))
    talk.connection.close()

    assert ("/a", "reset", 8, b"", b"") in talk.log
    assert ("/b", "reset", -1, b"", b"") in talk.log


def test_a_promise_keeps_the_header_table_in_step(talk: Talk) -> None:
    talk.open(1, "/a")
    promised = talk.response_encoder.encode([(":path", "/pushed"), ("only-here", "once")])
    talk.acceptor(PushPromiseFrame(1, promised_stream_id=2, data=promised, flags=["END_HEADERS"]))
    talk.answer(1, ("only-here", "once"), end=True)

    assert ("/a", "headers", (("only-here", "once"),)) in talk.log


def test_a_smaller_header_table_counts_from_its_acknowledgement(talk: Talk) -> None:
    talk.acceptor(SettingsFrame(0, settings={SettingsFrame.HEADER_TABLE_SIZE: 0}))
    talk.open(1, "/still-with-the-table")
    talk.initiator(SettingsFrame(0, flags=["ACK"]), SettingsFrame(0, flags=["ACK"]))
    talk.request_encoder.header_table_size = 0
    talk.open(3, "/without")

    assert [event[0] for event in talk.log] == ["/still-with-the-table", "/without"]


def test_a_larger_header_table_is_followed(talk: Talk) -> None:
    talk.acceptor(SettingsFrame(0, settings={SettingsFrame.HEADER_TABLE_SIZE: 65536}))
    talk.initiator(SettingsFrame(0, flags=["ACK"]), SettingsFrame(0, flags=["ACK"]))
    talk.request_encoder.header_table_size = 65536
    for number in range(1, 401, 2):
        talk.open(number, f"/{number:0>60}")

    assert len(talk.log) == 200


def test_whoever_opens_no_streams_may_speak_first() -> None:
    talk = Talk()
    talk.acceptor(SettingsFrame(0))
    talk.connection.initiator_sent(PREFACE + SettingsFrame(0).serialize())
    talk.open(1, "/a")

    assert talk.log[0][0] == "/a"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "no HTTP/2 preface"),
        (PREFACE + b"\x20\x00\x00\x01\x04\x00\x00\x00\x01", "frame of kind 1"),
        (
            PREFACE + HeadersFrame(1, b"\x82").serialize() + PingFrame(0, b"12345678").serialize(),
            "interrupted",
        ),
        (PREFACE + ContinuationFrame(1, b"\x82").serialize(), "continuation without a header block"),
        (
            PREFACE + HeadersFrame(1, b"\xff\xff\xff\xff\xff", flags=["END_HEADERS"]).serialize(),
            "decompressed",
        ),
        (PREFACE + b"\x00\x00\x02\x01\x0c\x00\x00\x00\x01\x09x", "padding"),
    ],
)
def test_what_is_no_http2_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(Http2Error, match=complaint):
        Http2Connection(lambda _: None).initiator_sent(data)


def test_a_header_block_has_a_limit(talk: Talk) -> None:
    talk.initiator(HeadersFrame(1, b"\x82"))
    pieces = ContinuationFrame(1, b"\x82" * (1 << 19)).serialize() * 33
    with pytest.raises(Http2Error, match="too large"):
        talk.connection.initiator_sent(pieces)


def test_open_streams_have_a_limit(talk: Talk) -> None:
    frames = [
        HeadersFrame(number, talk.request_encoder.encode([(":path", "/a")]), flags=["END_HEADERS"])
        for number in range(1, 20_003, 2)
    ]
    with pytest.raises(Http2Error, match="too many"):
        talk.initiator(*frames)


def _conversation() -> Iterator[tuple[bool, bytes]]:
    requests, responses = hpack.Encoder(), hpack.Encoder()
    yield True, PREFACE + SettingsFrame(0).serialize()
    yield False, SettingsFrame(0).serialize()
    for number, path in ((1, "/a"), (3, "/b")):
        block = requests.encode([(":path", path), ("dir-name", "context"), ("long", "y" * 500)])
        yield True, HeadersFrame(number, block[:20]).serialize()
        yield True, ContinuationFrame(number, block[20:], flags=["END_HEADERS"]).serialize()
        yield True, DataFrame(number, bytes(range(256)), pad_length=9, flags=["PADDED"]).serialize()
        yield (
            False,
            HeadersFrame(number, responses.encode([(":status", "200")]), flags=["END_HEADERS"]).serialize(),
        )
        yield False, DataFrame(number, b"z" * 1000).serialize()
        yield True, DataFrame(number, b"", flags=["END_STREAM"]).serialize()
        trailers = responses.encode([("grpc-status", "0")])
        yield False, HeadersFrame(number, trailers, flags=["END_HEADERS", "END_STREAM"]).serialize()


def _log_of(pieces: Iterator[tuple[bool, bytes]]) -> list[tuple[object, ...]]:
    log: list[tuple[object, ...]] = []
    connection = Http2Connection(lambda headers: Seen(headers, log))
    for from_initiator, data in pieces:
        (connection.initiator_sent if from_initiator else connection.acceptor_sent)(memoryview(data))
    assert not connection.mid_frame
    return log


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_any_chunking_means_the_same(sizes: list[int]) -> None:
    def cut() -> Iterator[tuple[bool, bytes]]:
        turn = 0
        for from_initiator, data in _conversation():
            at = 0
            while at < len(data):
                size = sizes[turn % len(sizes)]
                turn += 1
                yield from_initiator, data[at : at + size]
                at += size

    whole = _log_of(_conversation())
    assert len(whole) == 10
    assert _log_of(cut()) == whole
