"""Lines of record files on disk: zstd-compressed, a frame for each piece that must not be lost."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from layerfork.errors import EvidenceError

MAGIC = b"\x28\xb5\x2f\xfd"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a line may raise, whatever is in it."""
LONGEST_HEADER = 1 << 16
LONGEST_LINE = 256 << 20
MOST_BYTES = 2 << 30
"""Of a whole file, decompressed. A build that sent 100,000 files takes 40 MB."""
_SPACED = re.compile(rb'\s|\{\s|\{"\w*"\s*:\s|\{"\w*"\s')
_HINT = "name a file that `layerfork record` or `run -o` wrote"
LEVEL = 1
"""Most of a large record are digests, which no level makes smaller."""


class LineWriter:
    """Writes lines to a file; what was flushed can be read whatever happens afterwards."""

    def __init__(self, file: IO[bytes]) -> None:
        """The file is neither flushed before `flush` nor closed."""
        self._file = file
        self._stream = zstandard.ZstdCompressor(level=LEVEL).stream_writer(file, closefd=False)

    def write(self, line: bytes) -> None:
        """Add one line, which holds no line feed. Raises: OSError."""
        self._stream.write(line)
        self._stream.write(b"\n")

    def flush(self) -> None:
        """End the frame and see it to the file. Raises: OSError."""
        self._stream.flush(zstandard.FLUSH_FRAME)
        self._file.flush()


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, from 1; one that is not compressed is read as it is.

    A compressed file that is cut ends where nothing more can be read.
    Raises: EvidenceError when it cannot be read or is damaged.
    """
    try:
        with path.open("rb") as file:
            yield from enumerate(_lines(path, _opened(file)), start=1)
    except zstandard.ZstdError as error:
        raise EvidenceError(f"{path} is damaged: {error}", hint="record the build again") from error
    except OSError as error:
        raise EvidenceError(
            f"cannot read {path}: {error.strerror}",
            hint=_HINT,
        ) from error


def _lines(path: Path, stream: IO[bytes]) -> Iterator[bytes]:
    """Lines with their ends. Raises: EvidenceError for what has no end."""
    longest, left = LONGEST_HEADER, MOST_BYTES
    while line := stream.readline(longest):
        left -= len(line)
        if len(line) == longest or left < 0:
            what = "is not a layerfork record file" if longest == LONGEST_HEADER else "is too long to be read"
            raise EvidenceError(f"{path} {what}", hint=_HINT)
        yield _compact(line) if _SPACED.match(line) else line
        longest = LONGEST_LINE


def _compact(line: bytes) -> bytes:
    """A line as we write it, of one that another program wrote anew; what is no JSON stays what it is."""
    try:
        return msgspec.json.format(line, indent=-1) + b"\n"[: line.endswith(b"\n")]
    except UNREADABLE:
        return line


def _opened(file: io.BufferedReader) -> IO[bytes]:
    if not file.peek(len(MAGIC)).startswith(MAGIC):
        return file
    reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True, closefd=False)
    return io.BufferedReader(reader, buffer_size=1 << 20)
