"""What a client or an engine that lies may send over one connection: floods, and bytes of no protocol."""

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, count, repeat

import hpack

from layerfork.wire.http.http2 import PREFACE

Chunks = Iterator[bytes]

DATA, HEADERS, PRIORITY, RESET, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8
_PIECE = 1 << 16
CONTROL = "/moby.buildkit.v1.Control/"
DIFF_COPY = "/moby.filesync.v1.FileSync/DiffCopy"


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    """One frame of HTTP/2."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def message(payload: bytes, compressed: bool = False) -> bytes:
    """One message of gRPC."""
    return struct.pack(">BI", compressed, len(payload)) + payload


def block(*headers: tuple[str, str]) -> bytes:
    """Headers that leave no trace in the other side's table."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers)


def _text(value: str) -> bytes:
    data = value.encode("latin-1")
    number = bytearray()
    left = len(data)
    if left < 127:
        return bytes([left]) + data
    left -= 127
    while left >= 128:
        number.append(left % 128 + 128)
        left //= 128
    return bytes([127, *number, left]) + data


def odd() -> Iterator[int]:
    """Numbers of streams that an initiator opens."""
    return count(1, 2)


def opening(stream: int, path: str, *more: tuple[str, str], flags: int = END_HEADERS) -> bytes:
    """A call begins."""
    return frame(HEADERS, flags, stream, block((":method", "POST"), (":path", path), *more))


def bundled(frames: Iterator[bytes]) -> Chunks:
    """As a sender would write them: many at a time."""
    held = bytearray()
    for each in frames:
        held += each
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()


def _field(number: int, payload: bytes) -> bytes:
    size, length = bytearray(), len(payload)
    while length >= 128:
        size.append(length % 128 + 128)
        length //= 128
    return bytes([number << 3 | 2, *size, length]) + payload


def _call_with(path: str, bodies: Iterator[bytes], *, compressed: bool = False) -> Iterator[bytes]:
    """One call whose request is an endless row of messages."""
    more = (("grpc-encoding", "gzip"),) if compressed else ()
    yield opening(1, path, *more)
    for body in bodies:
        data = message(body, compressed)
        for at in range(0, len(data), 16_000):
            yield frame(DATA, 0, 1, data[at : at + 16_000])


def _calls(path: Callable[[int], str], body: Callable[[int], bytes], *, ends: bool) -> Iterator[bytes]:
    """Endless calls, each with one message."""
    for stream in odd():
        yield opening(stream, path(stream))
        yield frame(DATA, END_STREAM if ends else 0, stream, message(body(stream)))
        if ends:
            yield frame(RESET, 0, stream, struct.pack(">I", 8))


def _bomb(path: str) -> Iterator[bytes]:
    """Four kilobytes of a header once, and then by its number: each call's headers are megabytes."""
    yield frame(HEADERS, END_HEADERS, 1, b"\x40" + _text("x") + _text("y" * 4_000))
    for stream in count(3, 2):
        yield frame(HEADERS, END_HEADERS, stream, block((":path", path)) + b"\xbe" * 4_000)


def _huffman(value: str) -> bytes:
    return hpack.Encoder().encode([(":path", "/a"), ("x", value)])


_DATA_OF_ONE = frame(DATA, 0, 1, b"a")
_DATA_OF_TWO = frame(DATA, 0, 1, b"ab")
_LARGE = struct.pack(">BI", 0, (64 << 20) - 1)


def _refs(stream: int) -> bytes:
    return _field(1, b"build %d" % stream)


def _vertices(number: int) -> bytes:
    vertex = _field(1, b"sha256:%064x" % number) + _field(3, b"n" * 8_000)
    return _field(1, vertex)


INITIATOR: dict[str, Callable[[], Iterator[bytes]]] = {
    "pings": lambda: repeat(frame(PING, 0, 0, b"12345678")),
    "settings": lambda: repeat(frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 4096))),
    "acknowledged settings that were never sent": lambda: repeat(frame(SETTINGS, 1)),
    "settings of 174,000 table sizes": lambda: repeat(
        frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 1 << 31) * 174_000)
    ),
    "window updates": lambda: repeat(frame(WINDOW, 0, 0, struct.pack(">I", 1))),
    "priorities": lambda: repeat(frame(PRIORITY, 0, 3, bytes(5))),
    "resets of streams that are none": lambda: (frame(RESET, 0, n, bytes(4)) for n in odd()),
    "rapid resets": lambda: chain.from_iterable(
        (opening(n, CONTROL + "Status"), frame(RESET, 0, n, bytes(4))) for n in odd()
    ),
    "frames of unknown kinds": lambda: repeat(frame(99, 255, 7, bytes(1_000))),
    "empty data": lambda: chain([opening(1, CONTROL + "Solve")], repeat(frame(DATA, 0, 1))),
    "data of no stream": lambda: repeat(frame(DATA, 0, 77, bytes(16_000))),
    "padded data": lambda: repeat(frame(DATA, PADDED, 1, b"\xff" + bytes(255))),
    "data shorter than its padding": lambda: repeat(frame(DATA, PADDED, 1, b"\xff")),
    "a message in single bytes": lambda: chain(
        [opening(1, CONTROL + "Solve"), frame(DATA, 0, 1, _LARGE)], repeat(_DATA_OF_ONE)
    ),
    "a message in pairs of bytes": lambda: chain(
        [opening(1, CONTROL + "Solve"), frame(DATA, 0, 1, _LARGE)], repeat(_DATA_OF_TWO)
    ),
    "messages that never end": lambda: chain.from_iterable(
        (opening(n, CONTROL + "Solve"), frame(DATA, 0, n, _LARGE + bytes(16_000))) for n in odd()
    ),
    "streams that never end": lambda: (opening(n, CONTROL + "Status") for n in odd()),
    "an oversized frame": lambda: chain([frame(HEADERS, 0, 1, bytes(1 << 21))], repeat(bytes(_PIECE))),
    "a frame of 16 MiB of padded data": lambda: repeat(frame(DATA, PADDED, 1, bytes((1 << 24) - 1))),
    "a frame that never ends": lambda: chain([b"\x0f\xff\xff\x01\x04\x00\x00\x00\x01"], repeat(b"\x00")),
    "continuations of nothing": lambda: chain([frame(HEADERS, 0, 1)], repeat(frame(CONTINUATION, 0, 1))),
    "continuations of two bytes": lambda: chain(
        [frame(HEADERS, 0, 1)], repeat(frame(CONTINUATION, 0, 1, b"\x82\x82"))
    ),
    "continuations of 16 kB": lambda: chain(
        [frame(HEADERS, 0, 1)], repeat(frame(CONTINUATION, 0, 1, bytes(16_000)))
    ),
    "a continuation of another stream": lambda: chain(
        [frame(HEADERS, 0, 1), frame(CONTINUATION, 4, 3)], repeat(frame(PING, 0, 0, bytes(8)))
    ),
    "indexes that are none": lambda: repeat(frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\x7f")),
    "numbers that do not end": lambda: repeat(frame(HEADERS, END_HEADERS, 1, b"\xff" * 16_000)),
    "Huffman codes that are none": lambda: repeat(
        frame(HEADERS, END_HEADERS, 1, b"\x40\x81\xff\xff\xff\xff\xff")
    ),
    "table sizes in headers": lambda: repeat(frame(HEADERS, END_HEADERS, 1, b"\x20\x3f\xe1\x1f" * 4_000)),
    "headers by number": lambda: (frame(HEADERS, END_HEADERS, n, b"\x82" * 16_000) for n in odd()),
    "headers that grow a thousandfold": lambda: _bomb(CONTROL + "Solve"),
    "headers of Huffman codes": lambda: map(
        partial(frame, HEADERS, END_HEADERS, payload=_huffman("e" * 20_000)), odd()
    ),
    "promises": lambda: (frame(PUSH, END_HEADERS, 1, struct.pack(">I", n) + b"\x82") for n in odd()),
    "methods of a megabyte": lambda: (opening(n, "/" + f"{n}" + "m" * 1_000_000) for n in odd()),
    "long methods that cannot be understood": lambda: chain.from_iterable(
        (opening(n, CONTROL + "Solve/" + "m" * 500_000), frame(DATA, 0, n, b"\xff" * 9)) for n in odd()
    ),
    "solves of other builds": lambda: _calls(lambda _: CONTROL + "Solve", _refs, ends=True),
    "solves that end": lambda: _calls(lambda _: CONTROL + "Solve", _refs, ends=False),
    "solves with a megabyte each": lambda: _calls(
        lambda _: CONTROL + "Solve", lambda n: _refs(n) + _field(6, b"frontend" * 130_000), ends=True
    ),
    "statuses of other builds": lambda: _calls(lambda _: CONTROL + "Status", _refs, ends=True),
    "returns": lambda: _calls(
        lambda _: "/moby.buildkit.v1.frontend.LLBBridge/Return", lambda n: _field(1, b"\xff"), ends=True
    ),
    "sessions within calls": lambda: (opening(n, CONTROL + "Session") for n in odd()),
    "messages that are none": lambda: _call_with(CONTROL + "Solve", repeat(b"\xff" * 1_000)),
    "compressed messages that grow a thousandfold": lambda: _call_with(
        CONTROL + "Solve", repeat(_gzip(bytes(60 << 20))), compressed=True
    ),
    "files asked for again and again": lambda: (
        opening(n, DIFF_COPY, ("dir-name", "x" * 100)) for n in odd()
    ),
    "files asked for and given up": lambda: chain.from_iterable(
        (opening(n, DIFF_COPY, ("dir-name", "x" * 100)), frame(RESET, 0, n, bytes(4))) for n in odd()
    ),
    "uploads": lambda: chain.from_iterable(
        (
            opening(n, "/moby.upload.v1.Upload/Pull", ("urlpath", f"/{n}" + "u" * 200)),
            frame(RESET, 0, n, bytes(4)),
        )
        for n in odd()
    ),
    "secrets": lambda: _call_with(
        "/moby.buildkit.secrets.v1.Secrets/GetSecret",
        (_field(1, b"%d" % n + b"s" * 500_000) for n in odd()),
    ),
    "noise": lambda: (struct.pack(">QQ", n * 0x9E3779B97F4A7C15 % (1 << 64), n) for n in count()),
}
"""After the preface and empty settings: endless, from the side that opens streams."""


def _gzip(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def _answered(path: str, request: bytes, bodies: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """A call, and an answer that is an endless row of messages."""
    asked = opening(1, path) + frame(DATA, END_STREAM, 1, message(request))

    def answer() -> Iterator[bytes]:
        yield frame(HEADERS, END_HEADERS, 1, block((":status", "200")))
        for body in bodies:
            data = message(body)
            for at in range(0, len(data), 16_000):
                yield frame(DATA, 0, 1, data[at : at + 16_000])

    return asked, answer()


def _stat(number: int) -> bytes:
    """A packet of fsutil that names a path."""
    return _field(2, _field(1, b"%d/" % number + b"p" * 200))


ACCEPTOR: dict[str, Callable[[], tuple[bytes, Iterator[bytes]]]] = {
    "pings": lambda: (b"", repeat(frame(PING, 0, 0, b"12345678"))),
    "settings": lambda: (b"", repeat(frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0)))),
    "resets": lambda: (b"", (frame(RESET, 0, n, bytes(4)) for n in odd())),
    "goaways": lambda: (b"", repeat(frame(GOAWAY, 0, 0, bytes(1_000)))),
    "promises": lambda: (
        b"",
        (frame(PUSH, END_HEADERS, 1, struct.pack(">I", n) + b"\x82") for n in count(2, 2)),
    ),
    "continuations of nothing": lambda: (
        b"",
        chain([frame(HEADERS, 0, 1)], repeat(frame(CONTINUATION, 0, 1))),
    ),
    "headers of no stream": lambda: (b"", (frame(HEADERS, END_HEADERS, n, b"\x88") for n in odd())),
    "headers again and again": lambda: (
        opening(1, CONTROL + "Solve"),
        repeat(frame(HEADERS, END_HEADERS, 1, block((":status", "200"), ("x", "y" * 10_000)))),
    ),
    "vertices": lambda: _answered(CONTROL + "Status", _refs(1), map(_vertices, count())),
    "vertices of a few bytes": lambda: _answered(
        CONTROL + "Status",
        _refs(1),
        (b"".join(_field(1, _field(1, b"%d" % (n * 99 + i))) for i in range(99)) for n in count()),
    ),
    "logs": lambda: _answered(CONTROL + "Status", _refs(1), repeat(_field(3, _field(4, b"l" * 9_000)))),
    "one answer after the other": lambda: _answered(
        CONTROL + "Solve", _refs(1), repeat(_field(1, _field(1, b"k") + _field(2, b"v" * 100_000)))
    ),
    "paths": lambda: _answered(DIFF_COPY, b"", map(_stat, count())),
    "files that never end": lambda: _answered(
        DIFF_COPY, b"", (b"\x08\x02\x18" + _varint(n) + b"\x22\x01x" for n in count())
    ),
    "files that were not listed": lambda: _answered(
        DIFF_COPY, b"", (b"\x08\x02\x18" + _varint(n) for n in count())
    ),
    "an upload of nothing but headers": lambda: _answered(
        "/moby.upload.v1.Upload/Pull", b"", repeat(_field(1, bytes(1_000)))
    ),
    "an oversized frame": lambda: (b"", chain([frame(HEADERS, 0, 1, bytes(1 << 21))], repeat(bytes(_PIECE)))),
    "noise": lambda: (b"", (struct.pack(">QQ", n * 0x9E3779B97F4A7C15 % (1 << 64), n) for n in count())),
}
"""What the other side asked before, after both sides' settings, and what this one answers: endless."""


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 128:
        out.append(number % 128 + 128)
        number //= 128
    return bytes([*out, number])


_GET = b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n"
HTTP1_CLIENT: dict[str, Callable[[], Iterator[bytes]]] = {
    "requests without an answer": lambda: repeat(_GET),
    "large requests without an answer": lambda: repeat(
        b"GET / HTTP/1.1\r\nX: " + b"x" * 500_000 + b"\r\n\r\n"
    ),
    "builds without an answer": lambda: repeat(
        b"POST /build?t=x HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n"
    ),
    "a build in chunks of one byte": lambda: chain(
        [b"POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"], repeat(b"1\r\nx\r\n")
    ),
    "a build with nothing but headers": lambda: chain(
        [b"POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"],
        repeat(b"400\r\n" + bytes(1024) + b"\r\n"),
    ),
    "blank lines": lambda: repeat(b"\r\n" * 1_000),
    "a head that does not end": lambda: chain([b"GET / HTTP/1.1\r\n"], repeat(b"X: y\r\n")),
    "folded lines": lambda: chain.from_iterable(
        repeat((b"GET / HTTP/1.1\r\nX: a\r\n" + b" b\r\n" * 260_000 + b"\r\n",))
    ),
    "a chunk size that does not end": lambda: chain(
        [b"POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"], repeat(b"0")
    ),
    "trailers that do not end": lambda: chain(
        [b"POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"], repeat(b"x: y\r\n")
    ),
    "bytes after an upgrade that nobody answered": lambda: chain(
        [b"POST /grpc HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"], repeat(bytes(1_000))
    ),
    "noise": lambda: (struct.pack(">QQ", n * 0x9E3779B97F4A7C15 % (1 << 64), n) for n in count()),
}
HTTP1_ENGINE: dict[str, Callable[[], tuple[bytes, Iterator[bytes]]]] = {
    "bytes before any request": lambda: (b"", repeat(bytes(1_000))),
    "interim answers": lambda: (_GET, repeat(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "answers to nothing": lambda: (_GET, repeat(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")),
    "folded lines": lambda: (_GET, repeat(b"HTTP/1.1 100 C\r\nX: a\r\n" + b" b\r\n" * 260_000 + b"\r\n")),
    "a body that does not end": lambda: (_GET, chain([b"HTTP/1.1 200 OK\r\n\r\n"], repeat(bytes(1_000)))),
    "a build's log that does not end": lambda: (
        b"POST /build HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        chain([b"HTTP/1.1 200 OK\r\n\r\n"], repeat(b'{"stream":"' + b"s" * 1_000 + b'"}\r\n')),
    ),
    "a build's log of one line": lambda: (
        b"POST /build HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        chain([b'HTTP/1.1 200 OK\r\n\r\n{"stream":"'], repeat(b"s" * 1_000)),
    ),
    "a build's log of steps": lambda: (
        b"POST /build HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        chain(
            [b"HTTP/1.1 200 OK\r\n\r\n"],
            (b'{"stream":"Step %d/9 : RUN a\\n"}\r\n' % n for n in count()),
        ),
    ),
    "a build's log of nothing": lambda: (
        b"POST /build HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        chain([b"HTTP/1.1 200 OK\r\n\r\n"], repeat(b"{}\r\n")),
    ),
}

SETUP = frame(SETTINGS)
__all__ = ["ACCEPTOR", "HTTP1_CLIENT", "HTTP1_ENGINE", "INITIATOR", "PREFACE", "SETUP", "bundled"]
