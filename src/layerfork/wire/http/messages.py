"""Incremental HTTP/1 messages of one direction: head, body framing, chunks. Bodies are passed on, not kept.

Source: RFC 9112 sections 2.2 (line ends), 6.3 (message body length), 7.1 (chunked coding).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from layerfork.wire.proxy.tap import Headers, TapError

MAX_HEAD_BYTES = 1 << 20
"""Go's default limit; the engines use it."""
MAX_LINE_BYTES = 4096

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,15}")
_LINE_BREAK = re.compile(rb"\r?\n")


class HttpError(TapError):
    """The bytes are not valid HTTP/1. The text says why and quotes none of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Start line and headers of a message."""

    start: str
    headers: Headers
    raw: bytes
    """The bytes as sent, blank line included."""

    def all(self, name: str) -> tuple[str, ...]:
        """Values of a header, which is given in lower case."""
        return tuple(value for key, value in self.headers if key.lower() == name)

    def tokens(self, name: str) -> frozenset[str]:
        """Comma-separated values of a header, in lower case."""
        values = ",".join(self.all(name)).split(",")
        return frozenset(value.strip().lower() for value in values) - {""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """Where a body ends."""

    length: int | None = 0
    """Bytes; None when chunks or the end of the connection delimit the body."""
    chunked: bool = False


NO_BODY = Framing()
CHUNKED = Framing(length=None, chunked=True)
UNTIL_CLOSE = Framing(length=None)

Sink = Callable[[memoryview], None]


def framing_of(head: Head, otherwise: Framing) -> Framing:
    """How the headers frame the body.

    Raises: HttpError when they contradict each other.
    """
    if "chunked" in head.tokens("transfer-encoding"):
        return CHUNKED
    lengths = head.tokens("content-length")
    if not lengths:
        return otherwise
    (length, *more) = lengths
    if more or not length.isdecimal() or len(length) > 18:
        raise HttpError("a content-length that is not a number, or two of them")
    return Framing(length=int(length))


class MessageStream:
    """Parses the messages that one side sends, one after the other.

    ``started`` is called with each head and returns the framing of the body and where its bytes go
    (None: nowhere); ``ended`` after each body. ``ended`` may call `take_over`.
    """

    def __init__(
        self, started: Callable[[Head], tuple[Framing, Sink | None]], ended: Callable[[], None]
    ) -> None:
        self._started = started
        self._ended = ended
        self._sink: Sink | None = None
        self._taker: Sink = ignore
        self._line = bytearray()
        self._left = 0
        self._state: Callable[[memoryview], memoryview] = self._read_head
        self.inside = False
        """Whether a message has begun and not ended."""

    def feed(self, data: bytes | memoryview) -> None:
        """The next bytes; not kept beyond the call.

        Raises: HttpError.
        """
        view = memoryview(data)
        while view:
            view = self._state(view)

    def close(self) -> bool:
        """The side sends nothing more: whether its last message is whole."""
        if self._state == self._pass_until_close:
            self._end()
        return not self.inside

    def take_over(self, sink: Sink) -> None:
        """From here on every byte goes to the sink."""
        self.inside = False
        self._taker = sink
        self._state = self._hand_on

    def resume(self) -> None:
        """Parse messages again, after a `take_over`."""
        self._state = self._read_head

    def _read_head(self, view: memoryview) -> memoryview:
        before = len(self._line)
        self._line += view[: MAX_HEAD_BYTES + 1 - before]
        if not self.inside:
            stripped = self._line.lstrip(b"\r\n")
            skipped = len(self._line) - len(stripped)
            self._line = stripped
            before -= skipped
        end = _HEAD_END.search(self._line, max(0, before - 3))
        if end is None:
            self.inside = bool(self._line)
            if len(self._line) > MAX_HEAD_BYTES:
                raise HttpError("the message head does not end")
            return view[len(view) :]
        rest = view[end.end() - before :]
        raw = bytes(self._line[: end.end()])
        self._line.clear()
        self.inside = True
        self._begin(*self._started(parse_head(raw)))
        return rest

    def _begin(self, framing: Framing, sink: Sink | None) -> None:
        if self._state == self._hand_on:
            return
        self._sink = sink
        if framing.chunked:
            self._state = self._read_chunk_size
        elif framing.length is None:
            self._state = self._pass_until_close
        elif framing.length:
            self._left = framing.length
            self._state = self._pass_length
        else:
            self._end()

    def _end(self) -> None:
        self.inside = False
        self._sink = None
        self._state = self._read_head
        self._ended()

    def _pass(self, view: memoryview) -> memoryview:
        piece = view[: self._left]
        self._left -= len(piece)
        if self._sink is not None:
            self._sink(piece)
        return view[len(piece) :]

    def _pass_length(self, view: memoryview) -> memoryview:
        view = self._pass(view)
        if not self._left:
            self._end()
        return view

    def _pass_until_close(self, view: memoryview) -> memoryview:
        if self._sink is not None:
            self._sink(view)
        return view[len(view) :]

    def _hand_on(self, view: memoryview) -> memoryview:
        self._taker(view)
        return view[len(view) :]

    def _pass_chunk(self, view: memoryview) -> memoryview:
        view = self._pass(view)
        if not self._left:
            self._state = self._read_chunk_end
        return view

    def _read_chunk_size(self, view: memoryview) -> memoryview:
        line, view = self._read_line(view)
        if line is not None:
            digits = line.partition(b";")[0].strip()
            if not _HEXADECIMAL.fullmatch(digits):
                raise HttpError("a chunk size that is not a number")
            self._left = int(digits, 16)
            self._state = self._pass_chunk if self._left else self._read_trailer
        return view

    def _read_chunk_end(self, view: memoryview) -> memoryview:
        line, view = self._read_line(view)
        if line is not None:
            if line:
                raise HttpError("a chunk is longer than its size")
            self._state = self._read_chunk_size
        return view

    def _read_trailer(self, view: memoryview) -> memoryview:
        line, view = self._read_line(view)
        if line == b"":
            self._end()
        return view

    def _read_line(self, view: memoryview) -> tuple[bytes | None, memoryview]:
        """A line without its end, or None when it goes on in the next bytes."""
        piece = view[: MAX_LINE_BYTES - len(self._line)].tobytes()
        at = piece.find(b"\n")
        if at < 0:
            self._line += piece
            if len(self._line) >= MAX_LINE_BYTES:
                raise HttpError("a chunk's line does not end")
            return None, view[len(piece) :]
        line = bytes(self._line) + piece[:at]
        self._line.clear()
        return line.removesuffix(b"\r"), view[at + 1 :]


def ignore(_: memoryview) -> None:
    """Discard bytes."""


def parse_head(raw: bytes) -> Head:
    """Start line and headers; a folded line belongs to the header before it.

    Raises: HttpError.
    """
    start, *lines = _LINE_BREAK.split(raw.rstrip(b"\r\n"))
    headers: list[tuple[str, list[str]]] = []
    for line in lines:
        text = line.decode("latin-1")
        if text[0] in " \t" and headers:
            headers[-1][1].append(text.strip())
            continue
        name, colon, value = text.partition(":")
        if not colon:
            raise HttpError("a header line without a colon")
        headers.append((name.strip(), [value.strip()]))
    joined = tuple((name, " ".join(values)) for name, values in headers)
    return Head(start=start.decode("latin-1"), headers=joined, raw=raw)
