"""gRPC messages cut out of streams, and calls that end in every way."""

import gzip
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.wire.http.grpc import MAX_MESSAGE_BYTES, CallStatus, GrpcCall, GrpcStream, MessageReader, Room
from layerfork.wire.proxy.tap import Bytes, Headers


class Notes:
    """A call handler that notes everything, and fails on a message that says so."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.responses: list[bytes] = []
        self.status: CallStatus | None = None

    def request(self, message: Bytes) -> None:
        if bytes(message) == b"fail":
            raise ValueError("as asked")
        self.requests.append(bytes(message))

    def response(self, message: Bytes) -> None:
        self.responses.append(bytes(message))

    def ended(self, status: CallStatus) -> None:
        if self.responses == [b"fail at the end"]:
            raise ValueError("as asked")
        self.status = status


class Stream:
    """A call under test."""

    def __init__(self, *metadata: tuple[str, str]) -> None:
        self.notes = Notes()
        self.problems: list[tuple[str, str]] = []
        headers: Headers = ((":path", "/a.B/C"), *metadata)
        call = GrpcCall(method="a.B/C", metadata=headers)
        self.grpc = GrpcStream(
            call, self.notes, lambda where, what: self.problems.append((where, what)), Room()
        )

    def request(self, data: bytes) -> None:
        self.grpc.request_data(memoryview(data))

    def response(self, data: bytes) -> None:
        self.grpc.response_data(memoryview(data))


def framed(message: bytes, compressed: int = 0) -> bytes:
    return struct.pack(">BI", compressed, len(message)) + message


def test_messages_of_both_directions_arrive_whole() -> None:
    stream = Stream()
    stream.request(framed(b"one") + framed(b"") + framed(b"three"))
    stream.response(framed(b"answer"))
    stream.grpc.response_headers((("grpc-status", "0"),))
    stream.grpc.response_ended()

    assert stream.notes.requests == [b"one", b"", b"three"]
    assert stream.notes.responses == [b"answer"]
    assert stream.notes.status == CallStatus(code=0)
    assert not stream.problems


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_messages_are_read(encoding: str) -> None:
    stream = Stream(("grpc-encoding", encoding))
    compress = gzip.compress if encoding == "gzip" else zlib.compress
    stream.request(framed(compress(b"x" * 5000), 1) + framed(b"plain"))
    stream.grpc.response_headers(((":status", "200"), ("grpc-encoding", encoding)))
    stream.response(framed(compress(b"answer"), 1))

    assert stream.notes.requests == [b"x" * 5000, b"plain"]
    assert stream.notes.responses == [b"answer"]


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (framed(b"\x1f\x8bbroken", 1), "broken compression"),
        (framed(b"x", 7), "unknown message flags"),
        (framed(gzip.compress(bytes(MAX_MESSAGE_BYTES + 1)), 1), "too large"),
    ],
)
def test_what_is_no_message_ends_the_call_and_is_reported(data: bytes, complaint: str) -> None:
    stream = Stream(("grpc-encoding", "gzip"))
    stream.request(data)
    stream.request(framed(b"not looked at any more"))
    stream.grpc.response_ended()

    assert stream.notes.requests == []
    assert stream.notes.status is None
    assert [where for where, _ in stream.problems] == ["grpc a.B/C"]
    assert complaint in stream.problems[0][1]


def test_an_unknown_compression_is_reported() -> None:
    stream = Stream(("grpc-encoding", "snappy"))
    stream.request(framed(b"x", 1))

    assert "unknown compression 'snappy'" in stream.problems[0][1]


def test_a_handler_that_fails_is_dropped_and_named() -> None:
    stream = Stream()
    stream.request(framed(b"fail"))
    stream.request(framed(b"later"))

    assert stream.problems == [("grpc a.B/C", "request not understood: ValueError: as asked")]


def test_a_handler_that_fails_at_the_end_is_named() -> None:
    stream = Stream()
    stream.response(framed(b"fail at the end"))
    stream.grpc.reset(8)

    assert stream.problems == [("grpc a.B/C", "end not understood: ValueError: as asked")]


def test_a_huge_message_is_skipped_and_the_next_one_read() -> None:
    stream = Stream()
    size = MAX_MESSAGE_BYTES + 10
    stream.response(struct.pack(">BI", 0, size))
    for _ in range(size // (1 << 20)):
        stream.response(bytes(1 << 20))
    stream.response(bytes(size % (1 << 20)) + framed(b"next"))

    assert stream.notes.responses == [b"next"]
    assert stream.problems == [("grpc a.B/C", f"a response of {size} bytes was skipped")]


def test_an_answer_of_trailers_alone_is_a_status() -> None:
    stream = Stream()
    stream.grpc.response_headers(((":status", "200"), ("grpc-status", "5"), ("grpc-message", "not%20found")))
    stream.grpc.response_ended()

    assert stream.notes.status == CallStatus(code=5, message="not found")


def test_a_strange_status_counts_as_unknown() -> None:
    stream = Stream()
    stream.grpc.response_headers((("grpc-status", "-"),))
    stream.grpc.response_ended()

    assert stream.notes.status == CallStatus(code=2)


def test_a_call_that_is_cut_has_no_status() -> None:
    stream = Stream()
    stream.grpc.reset(-1)

    assert stream.notes.status == CallStatus(code=None, message="cut")


def test_a_request_that_ends_inside_a_message_is_reported() -> None:
    stream = Stream()
    stream.request(framed(b"whole") + b"\x00\x00\x00")
    stream.grpc.request_ended()

    assert stream.problems == [("grpc a.B/C", "the request ends inside a message")]


def test_metadata_may_repeat() -> None:
    call = GrpcCall(method="a/b", metadata=(("followpaths", "x"), ("dir-name", "d"), ("followpaths", "y")))

    assert call.values("followpaths") == ("x", "y")
    assert call.first("dir-name") == "d"
    assert call.first("absent") == ""


@given(
    messages=st.lists(st.binary(max_size=60), max_size=12),
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=10),
)
def test_any_chunking_means_the_same(messages: list[bytes], sizes: list[int]) -> None:
    found: list[bytes] = []
    reader = MessageReader(lambda message: found.append(bytes(message)), Room())
    data = b"".join(map(framed, messages))
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        reader.feed(memoryview(data)[at : at + size])
        at, turn = at + size, turn + 1

    assert found == messages
    assert not reader.mid_message
