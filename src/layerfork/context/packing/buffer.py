"""A buffer that a tar is laid out in: what is full is handed on, and no byte is moved that need not be."""

import os
from collections.abc import Iterator

from layerfork.context.tarball import BLOCK, archive_end

PIECE_BYTES = 1 << 18
"""So many bytes are handed on at once, at most."""
SPARE = 2 * BLOCK
"""Room that a content needs besides its size: for what fills up its block, and a byte that is too much."""
_HALF = BLOCK // 2
_ZEROS = bytes(BLOCK)


class TarBuffer:
    """Begins and ends between blocks with every call; what it hands on is good until the next call.

    Go's programs take the end of a stream between two entries for the tar's end. So every piece but the last
    ends in the middle of a block, the first after half a one: whoever gets no further sees it, also where a
    pipe passed on some pages of a piece before its writer was killed.
    Source: golang/go src/archive/tar/reader.go:readHeader @ go1.22.
    """

    def __init__(self) -> None:
        self._view = memoryview(bytearray(PIECE_BYTES))
        self._at = 0
        self._written = 0
        """What was handed on."""

    def has_room(self, size: int) -> bool:
        """Whether it still takes so many bytes."""
        return self._at + size <= PIECE_BYTES

    def put(self, data: bytes | memoryview) -> None:
        """Lay down whole blocks, for which there is room."""
        end = self._at + len(data)
        self._view[self._at : end] = data
        self._at = end

    def read(self, handle: int, size: int) -> int:
        """Lay down ``size`` bytes of a file, for which there is room besides `SPARE`.

        Gives how many there are, at most one more: if it is another number, nothing is laid down.
        Raises: OSError.
        """
        start, end = self._at, self._at + size
        done = os.readv(handle, (self._view[start : end + 1],))
        while done < size:
            more = os.readv(handle, (self._view[start + done : end + 1],))
            if not more:
                return done
            done += more
        if done == size:
            self._at = end + -size % BLOCK
            self._view[end : self._at] = _ZEROS[: self._at - end]
        return done

    def read_blocks(self, handle: int, size: int) -> int | None:
        """Lay down of ``size`` bytes of a file as many as there is room for in whole blocks.

        Gives how many that was; None if the file ended before, and nothing is laid down.
        Raises: OSError.
        """
        wanted = min(PIECE_BYTES - self._at, size) // BLOCK * BLOCK
        done = 0
        while done < wanted:
            more = os.readv(handle, (self._view[self._at + done : self._at + wanted],))
            if not more:
                return None
            done += more
        self._at += wanted
        return wanted

    def handed_on(self) -> Iterator[memoryview]:
        """Hand on all but the last half block, which stays."""
        if not self._at:
            return
        begin = 0
        if not self._written:
            yield self._view[:_HALF]
            begin = _HALF
        end = self._at - _HALF
        if end > begin:
            yield self._view[begin:end]
        self._view[:_HALF] = self._view[end : self._at]
        self._written += end
        self._at = _HALF

    def ended(self) -> Iterator[memoryview]:
        """Hand on the rest and the end of the archive."""
        yield memoryview(bytes(self._view[: self._at]) + archive_end(self._written + self._at))
