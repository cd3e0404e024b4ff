"""Decompresses a build context while it passes, whatever it was compressed with.

The engine looks at the first bytes, never at a header. Source: moby/moby
pkg/archive/archive.go @ v26.1.5 (DetectCompression, DecompressStream); the same since 20.10, where
zstd was added, up to 29.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import IO, Protocol, cast

import zstandard

SNIFFED_BYTES = 10
STEP_BYTES = 1 << 18
"""No more than this is decompressed at a time, however small the input."""
MAX_RATIO = 4000
FREE_BYTES = 1 << 30
"""Beyond this much output, an expansion above ``MAX_RATIO`` is taken for a bomb."""
_LZMA_MEMORY = 256 << 20

Sink = Callable[[bytes | memoryview], None]


class _Codec(Protocol):
    """One stream format; concatenated streams included."""

    ended: bool
    """Whether the input so far ends where a stream ends."""

    def decompress(self, data: bytes | memoryview, sink: Sink) -> None: ...


class Decompressor:
    """Fed a body in pieces of any size, hands its content on in pieces of bounded size."""

    def __init__(self, sink: Sink) -> None:
        self.compression = ""
        """``identity``, ``gzip``, ``bzip2``, ``xz`` or ``zstd``; empty before it is known."""
        self.error = ""
        """What is wrong with the compressed data; nothing is handed on after it."""
        self._sink = sink
        self._codec: _Codec | None = None
        self._head = b""
        self._received = 0
        self._produced = 0

    def feed(self, data: bytes | memoryview) -> None:
        """The next bytes of the body; not kept beyond the call."""
        if self.error:
            return
        if not self.compression:
            self._head += bytes(data)
            if len(self._head) < SNIFFED_BYTES:
                return
            data = self._start()
        self._pass_on(data)

    def close(self) -> None:
        """The body ended."""
        if not self.compression:
            self._pass_on(self._start())
        if self._codec is not None and not self._codec.ended and not self.error:
            self.error = f"the {self.compression} data is truncated"

    def _start(self) -> bytes:
        self.compression = sniff(self._head)
        make = _CODECS.get(self.compression)
        self._codec = make() if make is not None else None
        head, self._head = self._head, b""
        return head

    def _pass_on(self, data: bytes | memoryview) -> None:
        if self._codec is None:
            self._sink(data)
            return
        self._received += len(data)
        try:
            self._codec.decompress(data, self._emit)
        except _BombError as error:
            self.error = str(error)
        except (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, ValueError, EOFError) as error:
            self.error = f"bad {self.compression} data: {error}"

    def _emit(self, piece: bytes | memoryview) -> None:
        self._produced += len(piece)
        if self._produced > FREE_BYTES and self._produced > MAX_RATIO * self._received:
            raise _BombError(f"the {self.compression} data expands more than {MAX_RATIO}-fold")
        self._sink(piece)


class _BombError(Exception):
    """The data expands more than the limit."""


def sniff(head: bytes) -> str:
    """The compression that the first ten bytes (or all, if fewer) stand for."""
    for compression, magic in _MAGICS:
        if head.startswith(magic):
            return compression
    if len(head) >= 8 and head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:
        return "zstd"
    return "identity"


class _Gzip:
    def __init__(self) -> None:
        self.ended = True
        self._stream = zlib.decompressobj(wbits=31)

    def decompress(self, data: bytes | memoryview, sink: Sink) -> None:
        more = True
        while data or more:
            if self.ended:
                if not data:
                    return
                self._stream = zlib.decompressobj(wbits=31)
            piece = self._stream.decompress(data, STEP_BYTES)
            self.ended = self._stream.eof
            data = self._stream.unused_data if self.ended else self._stream.unconsumed_tail
            more = len(piece) == STEP_BYTES
            if piece:
                sink(piece)


class _Repeated:
    """bzip2 and xz: one decompressor object for each of the concatenated streams."""

    def __init__(
        self, make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor], padding: bytes = b""
    ) -> None:
        """``padding`` may stand between streams and after the last."""
        self.ended = True
        self._make = make
        self._padding = padding
        self._stream = make()

    def decompress(self, data: bytes | memoryview, sink: Sink) -> None:
        rest = bytes(data)
        while True:
            if self.ended:
                rest = rest.lstrip(self._padding) if self._padding else rest
                if not rest:
                    return
                self._stream = self._make()
            piece = self._stream.decompress(rest, STEP_BYTES)
            self.ended = self._stream.eof
            rest = self._stream.unused_data if self.ended else b""
            if piece:
                sink(piece)
            if not self.ended and self._stream.needs_input:
                return


class _Zstd:
    """Never says that the data is truncated, for the library does not say where a frame ends: an
    archive without its end-of-archive blocks does.
    """

    ended = True

    def __init__(self) -> None:
        self._output = _Output()
        self._writer = zstandard.ZstdDecompressor().stream_writer(
            cast("IO[bytes]", self._output), write_size=STEP_BYTES
        )

    def decompress(self, data: bytes | memoryview, sink: Sink) -> None:
        self._output.sink = sink
        try:
            self._writer.write(data)
        finally:
            self._output.sink = _nowhere


class _Output:
    """What the library writes to. Between writes it leads to nothing: the garbage collector does not see
    through the library's objects, so a circle through one would stay for ever.
    """

    def __init__(self) -> None:
        self.sink: Sink = _nowhere

    def write(self, piece: bytes) -> int:
        """What the library calls with each step of its output."""
        self.sink(piece)
        return len(piece)


def _nowhere(_: bytes | memoryview) -> None:
    """The target before the first write."""


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY)


_MAGICS = (("bzip2", b"BZh"), ("gzip", b"\x1f\x8b\x08"), ("xz", b"\xfd7zXZ\0"), ("zstd", b"\x28\xb5\x2f\xfd"))
_CODECS: dict[str, Callable[[], _Codec]] = {
    "gzip": _Gzip,
    "bzip2": lambda: _Repeated(bz2.BZ2Decompressor),
    "xz": lambda: _Repeated(_xz, padding=b"\0"),
    "zstd": _Zstd,
}
