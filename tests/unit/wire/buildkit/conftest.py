import struct
from collections.abc import Callable
from pathlib import Path

import hpack
import pytest
from google.protobuf.message import Message
from hyperframe.frame import DataFrame, HeadersFrame, SettingsFrame
from transcripts.framed import (
    Transcript,
    read_transcript,
)
from transcripts.replay import replay

from layerfork.wire.buildkit.buildkitbuild import BuildKitParts, read_build
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.http.http2 import PREFACE
from layerfork.wire.proxy.tap import ConnectionTap, Headers
from layerfork.wire.redact import Redactor

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts"

Load = Callable[[str], Transcript]
Builds = Callable[[str], list[BuildKitParts]]


def load_transcript(name: str) -> Transcript:
    return read_transcript(TRANSCRIPTS / f"buildkit-{name}.bin")


@pytest.fixture(scope="session")
def load() -> Load:
    """Reads a transcript by its name without ``buildkit-`` and ``.bin``."""
    return load_transcript


@pytest.fixture(scope="session")
def builds() -> Builds:
    """The builds of a transcript, in the order of their targets' names."""

    def play(name: str) -> list[BuildKitParts]:
        watcher = BuildKitWatcher(clock=lambda: 0.0)
        replay(load_transcript(name).frames, watcher.upgraded)
        redactor = Redactor(b"key")
        parts = [read_build(build, redactor) for build in watcher.finished()]
        assert not watcher.close()
        return sorted(parts, key=lambda each: each.request.tags)

    return play


class Talk:
    """One connection to a watcher: both sides speak HTTP/2 and gRPC, made by hyperframe and hpack."""

    def __init__(self, tap: ConnectionTap, *, engine_calls: bool) -> None:
        self.tap = tap
        self._caller, self._callee = tap.client_sent, tap.engine_sent
        if engine_calls:
            self._caller, self._callee = tap.engine_sent, tap.client_sent
        self._requests, self._responses = hpack.Encoder(), hpack.Encoder()
        self._next = 1
        self._caller(PREFACE + SettingsFrame(0).serialize())
        self._callee(SettingsFrame(0).serialize())

    def call(self, method: str, *metadata: tuple[str, str]) -> int:
        """Open a call; returns its stream."""
        number, self._next = self._next, self._next + 2
        block = self._requests.encode([(":method", "POST"), (":path", f"/{method}"), *metadata])
        self._caller(HeadersFrame(number, block, flags=["END_HEADERS"]).serialize())
        return number

    def request(self, number: int, message: Message | bytes) -> None:
        self._caller(_framed(number, message))

    def piece(self, number: int, data: bytes) -> None:
        """Some bytes of a request that may not be a whole message."""
        self._caller(DataFrame(number, data).serialize())

    def response(self, number: int, message: Message | bytes) -> None:
        self._callee(_framed(number, message))

    def end(self, number: int, status: int = 0, message: str = "") -> None:
        block = self._responses.encode([("grpc-status", str(status)), ("grpc-message", message)])
        self._caller(DataFrame(number, b"", flags=["END_STREAM"]).serialize())
        self._callee(HeadersFrame(number, block, flags=["END_HEADERS", "END_STREAM"]).serialize())

    def whole(self, method: str, request: Message, response: Message, *metadata: tuple[str, str]) -> None:
        """A call with one request and one answer."""
        number = self.call(method, *metadata)
        self.request(number, request)
        self.response(number, response)
        self.end(number)

    def close(self) -> None:
        self.tap.client_closed()
        self.tap.engine_closed()


def _framed(number: int, message: Message | bytes) -> bytes:
    raw = message if isinstance(message, bytes) else message.SerializeToString()
    framed = struct.pack(">BI", 0, len(raw)) + raw
    return b"".join(
        DataFrame(number, framed[at : at + 16384]).serialize() for at in range(0, len(framed), 16384)
    )


class Watched:
    """A watcher and the connections to it."""

    def __init__(self) -> None:
        self.watcher = BuildKitWatcher(clock=lambda: 0.0)

    def control(self) -> Talk:
        return self._talk("/grpc", (), engine_calls=False)

    def session(self, identifier: str) -> Talk:
        return self._talk("/session", (("X-Docker-Expose-Session-Uuid", identifier),), engine_calls=True)

    def parts(self) -> list[BuildKitParts]:
        return [read_build(build, Redactor(b"key")) for build in self.watcher.close()]

    def _talk(self, path: str, headers: Headers, *, engine_calls: bool) -> Talk:
        tap = self.watcher.upgraded(path, headers)
        assert tap is not None
        return Talk(tap, engine_calls=engine_calls)


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture(scope="session")
def talk_on() -> Callable[..., Talk]:
    """Makes a conversation on any tap."""
    return Talk
