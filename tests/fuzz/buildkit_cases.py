"""Broken BuildKit traffic: each case is made from one number, so that it can be made again."""

import random
import struct
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path

import hpack
from transcripts.framed import (
    CLIENT_CLOSED,
    CLIENT_SENT,
    ENGINE_CLOSED,
    ENGINE_SENT,
    Frame,
    read_transcript,
)
from transcripts.replay import recut, replay

from layerfork.wire.http.grpc import CallStatus, GrpcCall, GrpcStream, Room
from layerfork.wire.http.http2 import PREFACE, Http2Connection
from layerfork.wire.proxy.tap import Bytes, Headers

TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"
MOST_BYTES = 1 << 20
"""Of a transcript that is taken as a seed."""

Messages = dict[str, list[bytes]]
"""Real messages by method and side (``> `` request, ``< `` response)."""


class Seeds:
    """Real traffic to start from."""

    def __init__(self) -> None:
        paths = sorted(TRANSCRIPTS.glob("buildkit-*.bin"))
        self.transcripts = [read_transcript(path).frames for path in paths]
        self.messages: Messages = {}
        for frames in self.transcripts:
            replay(frames, self._collect)
        self.methods = sorted({key[2:] for key in self.messages})

    def _collect(self, path: str, headers: Headers) -> "_Collector":
        return _Collector(self.messages, engine_calls=path.endswith("session"))


class _Collector:
    """A tap that keeps every message."""

    def __init__(self, messages: Messages, engine_calls: bool) -> None:
        self._messages = messages
        http2 = Http2Connection(self._open)
        self.client_sent, self.engine_sent = http2.initiator_sent, http2.acceptor_sent
        if engine_calls:
            self.client_sent, self.engine_sent = http2.acceptor_sent, http2.initiator_sent

    def _open(self, headers: Headers) -> GrpcStream:
        method = dict(headers)[":path"].removeprefix("/")
        keep = _Keep(
            self._messages.setdefault("> " + method, []), self._messages.setdefault("< " + method, [])
        )
        return GrpcStream(GrpcCall(method=method, metadata=headers), keep, lambda where, what: None, Room())

    def client_closed(self) -> None: ...
    def engine_closed(self) -> None: ...
    def lost(self, reason: str) -> None: ...


class _Keep:
    def __init__(self, requests: list[bytes], responses: list[bytes]) -> None:
        self._requests, self._responses = requests, responses

    def request(self, message: Bytes) -> None:
        self._requests.append(bytes(message))

    def response(self, message: Bytes) -> None:
        self._responses.append(bytes(message))

    def ended(self, status: CallStatus) -> None: ...


def mutate(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few things wrong."""
    raw = bytearray(data)
    for _ in range(rng.choice((0, 1, 1, 2, 4, 16))):
        at = rng.randrange(len(raw) + 1)
        match rng.randrange(7):
            case 0 if raw:
                raw[at % len(raw)] ^= 1 << rng.randrange(8)
            case 1 if raw:
                raw[at % len(raw)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 2:
                del raw[at : at + rng.randrange(1, 40)]
            case 3:
                raw[at:at] = rng.randbytes(rng.randrange(1, 20))
            case 4:
                raw[at:at] = raw[at : at + rng.randrange(1, 200)]
            case 5:
                del raw[at:]
            case _:
                start = rng.randrange(len(raw) + 1)
                raw[at:at] = raw[start : start + rng.randrange(1, 60)]
    return bytes(raw)


def broken_transcript(seeds: Seeds, rng: random.Random) -> Iterable[Frame]:
    """A real build in which some reads are damaged, lost, doubled or swapped, cut into other pieces."""
    frames = list(rng.choice(seeds.transcripts))
    for _ in range(rng.randrange(1, 5)):
        at = rng.randrange(len(frames))
        match rng.randrange(6):
            case 0:
                del frames[at]
            case 1:
                frames.insert(at, rng.choice(frames))
            case 2:
                other = rng.randrange(len(frames))
                frames[at], frames[other] = frames[other], frames[at]
            case 3:
                del frames[at + 1 :]
            case _:
                old = frames[at]
                frames[at] = Frame(kind=old.kind, connection=old.connection, data=mutate(old.data, rng))
        if not frames:
            break
    steady = repeat(rng.choice((1, 7, 100, 5000, 1 << 20)))
    cut: Iterable[Frame] = recut(frames, steady if rng.random() < 0.5 else _sizes(rng))
    return cut


def _sizes(rng: random.Random) -> Iterator[int]:
    while True:
        yield rng.choice((1, 2, 9, 50, 500, 20_000))


def made_up_connection(seeds: Seeds, rng: random.Random) -> Iterable[Frame]:
    """An upgraded connection of well-formed frames in any order, with real methods and damaged messages."""
    session = rng.random() < 0.5
    caller, callee = (ENGINE_SENT, CLIENT_SENT) if session else (CLIENT_SENT, ENGINE_SENT)
    path = b"/session" if session else b"/grpc"
    yield Frame(
        kind=CLIENT_SENT,
        connection=0,
        data=b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
        b"X-Docker-Expose-Session-Uuid: s\r\n\r\n",
    )
    yield Frame(
        kind=ENGINE_SENT,
        connection=0,
        data=b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    )
    yield Frame(kind=caller, connection=0, data=PREFACE)
    speaker = _Speaker(seeds, rng)
    for _ in range(rng.randrange(1, 120)):
        from_caller = rng.random() < 0.5
        yield Frame(kind=caller if from_caller else callee, connection=0, data=speaker.frame(from_caller))
    for kind in (CLIENT_CLOSED, ENGINE_CLOSED):
        if rng.random() < 0.8:
            yield Frame(kind=kind, connection=0)


class _Speaker:
    """Makes frames that mostly make sense."""

    def __init__(self, seeds: Seeds, rng: random.Random) -> None:
        self._seeds, self._rng = seeds, rng
        self._encoders = hpack.Encoder(), hpack.Encoder()
        self._methods: dict[int, str] = {}
        self._next = 1
        self._rest: dict[tuple[int, bool], bytes] = {}

    def frame(self, from_caller: bool) -> bytes:
        rng = self._rng
        choice = rng.randrange(12)
        if (choice < 3 and from_caller) or not self._methods:
            return self._headers(self._open(), from_caller)
        number = rng.choice(list(self._methods)) if rng.random() < 0.95 else rng.randrange(200)
        if choice < 9:
            return self._data(number, from_caller)
        if choice == 9:
            return self._headers(number, from_caller)
        if choice == 10:
            return _frame(
                rng.choice((2, 3, 4, 6, 7, 8, 200)),
                rng.randrange(256),
                number,
                rng.randbytes(rng.choice((0, 4, 6, 8))),
            )
        return _frame(rng.randrange(256), rng.randrange(256), number, rng.randbytes(rng.randrange(60)))

    def _open(self) -> int:
        number, self._next = self._next, self._next + 2
        self._methods[number] = self._rng.choice(self._seeds.methods)
        return number

    def _headers(self, number: int, from_caller: bool) -> bytes:
        rng = self._rng
        fields = [
            (":path", "/" + self._methods.get(number, "x")),
            ("buildkit-controlapi-buildid", rng.choice(("a", "b", ""))),
            ("dir-name", rng.choice(("context", "dockerfile", "other"))),
            ("followpaths", rng.choice((".dockerignore", "src", "%zz"))),
            ("exclude-patterns-encoded", "1"),
            ("grpc-encoding", rng.choice(("gzip", "", "zip"))),
            ("grpc-status", rng.choice(("0", "1", "x", "9" * 30))),
            ("urlpath", "/" + rng.choice(("m", "n"))),
        ]
        block = self._encoders[not from_caller].encode(rng.sample(fields, rng.randrange(1, len(fields) + 1)))
        ends = rng.random() < 0.15
        cut = rng.randrange(len(block) + 1) if rng.random() < 0.2 else len(block)
        data = _frame(1, 0x4 * (cut == len(block)) | ends, number, block[:cut])
        if cut < len(block):
            data += _frame(9, 0x4, number, block[cut:])
        return data

    def _data(self, number: int, from_caller: bool) -> bytes:
        rng = self._rng
        waiting = self._rest.pop((number, from_caller), b"") or self._message(number, from_caller)
        cut = rng.randrange(len(waiting) + 1) if rng.random() < 0.2 else len(waiting)
        if cut < len(waiting):
            self._rest[number, from_caller] = waiting[cut:]
        flags = int(rng.random() < 0.1)
        if rng.random() < 0.1:
            pad = rng.randrange(20)
            return _frame(0, flags | 0x8, number, bytes([pad]) + waiting[:cut] + bytes(pad))
        return b"".join(
            _frame(0, flags, number, waiting[at : min(at + 16384, cut)]) for at in range(0, cut or 1, 16384)
        )

    def _message(self, number: int, from_caller: bool) -> bytes:
        rng = self._rng
        method = self._methods.get(number, "") if rng.random() < 0.9 else rng.choice(self._seeds.methods)
        known = self._seeds.messages.get(("> " if from_caller else "< ") + method) or [b""]
        message = mutate(rng.choice(known), rng)
        length = (
            len(message)
            if rng.random() < 0.97
            else rng.choice((0, 1 << 31, (64 << 20) + 5, len(message) + 1))
        )
        return struct.pack(">BI", rng.choice((0,) * 20 + (1, 7)), length) + message


def _frame(kind: int, flags: int, number: int, payload: bytes) -> bytes:
    return struct.pack(">HBBBI", len(payload) >> 8, len(payload) & 0xFF, kind, flags, number) + payload


CASES: tuple[Callable[[Seeds, random.Random], Iterable[Frame]], ...] = (broken_transcript, made_up_connection)
