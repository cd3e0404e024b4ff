"""Sparse files in tar archives: where the sent bytes belong, and a hash over the whole file.

Source: golang/go src/archive/tar/reader.go @ go1.21 (readOldGNUSparseMap, readGNUSparseMap0x1,
readGNUSparseMap1x0); GNU tar manual, "Storing Sparse Files".
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from layerfork.record.context import ContextEntry, EntryType
from layerfork.wire.tar.header import BLOCK, Records, TarError, number, pax_number

MAX_HOLES_BYTES = 256 << 20
"""Holes of one file beyond this are not hashed: the recorder must not stall the build for zeros."""
MAX_MAP_BYTES = 1 << 20
MAX_NUMBERS = 1 << 17
"""A map with more numbers is refused."""
_ZEROS = bytes(1 << 16)

Fragments = tuple[tuple[int, int], ...]
"""Offset and length of each piece of data, ascending; everything between is zeros."""


class Hash(Protocol):
    """What a content is poured into."""

    def update(self, data: bytes | memoryview, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseMap:
    """Layout of one sparse file."""

    size: int
    """Size of the file with its holes."""
    fragments: Fragments

    @property
    def holes_bytes(self) -> int:
        return self.size - sum(length for _, length in self.fragments)

    @property
    def data_bytes(self) -> int:
        return sum(length for _, length in self.fragments)


class SparseHash:
    """Feeds a hash with a sparse file's bytes, holes included, from the bytes that were sent."""

    def __init__(self, layout: SparseMap, target: Hash) -> None:
        self._target = target
        self._pieces = _pieces(layout)
        self._left = 0
        self._advance()

    def update(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while len(view) and self._left:
            self._target.update(view[: self._left])
            taken = min(self._left, len(view))
            view = view[taken:]
            self._left -= taken
            if not self._left:
                self._advance()

    def _advance(self) -> None:
        """Hash the holes up to the next piece of data."""
        for is_data, length in self._pieces:
            if is_data and length:
                self._left = length
                return
            while length:
                step = min(length, len(_ZEROS))
                self._target.update(_ZEROS if step == len(_ZEROS) else _ZEROS[:step])
                length -= step


def _pieces(layout: SparseMap) -> Iterator[tuple[bool, int]]:
    at = 0
    for offset, length in layout.fragments:
        yield False, offset - at
        yield True, length
        at = offset + length
    yield False, layout.size - at


def check_map(size: int, numbers: Iterable[int]) -> SparseMap:
    """A map from alternating offsets and lengths.

    Raises: TarError when it is not ascending or goes beyond the file's size.
    """
    flat = tuple(numbers)
    if len(flat) % 2:
        raise TarError("a sparse map ends with an offset")
    fragments = tuple(zip(flat[::2], flat[1::2], strict=True))
    at = 0
    for offset, length in fragments:
        if offset < at or length < 0 or offset + length > size:
            raise TarError("a sparse map is out of order")
        at = offset + length
    return SparseMap(size=size, fragments=fragments)


def why_not_hashed(layout: SparseMap, sent: int) -> str:
    """Why a file of ``sent`` content bytes cannot be hashed as a whole; empty when it can."""
    if layout.data_bytes != sent:
        return "a sparse file's map does not fit its data"
    if layout.holes_bytes > MAX_HOLES_BYTES:
        return "a sparse file with huge holes was not hashed"
    return ""


MapReader = Generator[None, bytes, tuple[SparseMap, int]]
"""Is sent the file's header block and then each block it yields for; returns the map and how many
bytes of it were part of the content."""


def map_reader(entry: ContextEntry, records: Records) -> MapReader | None:
    """What reads the map of a sparse file; None for any other entry. Raises TarError when run."""
    if entry.typeflag == "S":
        return _read_old_gnu()
    found = dict(records)
    if entry.type is not EntryType.FILE or not any(key.startswith(b"GNU.sparse.") for key in found):
        return None
    size = found.get(b"GNU.sparse.realsize") or found.get(b"GNU.sparse.size")
    size_bytes = pax_number(size) if size else entry.size
    if found.get(b"GNU.sparse.major") == b"1":
        return _read_from_content(size_bytes, entry.size)
    return _read_from_records(size_bytes, records)


def _read_old_gnu() -> MapReader:
    block = yield
    size = number(block[483:495])
    numbers = _old_gnu_numbers(block, 386, 4)
    more = block[482]
    while more:
        block = yield
        numbers += _old_gnu_numbers(block, 0, 21)
        more = block[504]
        if len(numbers) > MAX_NUMBERS:
            raise TarError("a sparse map is too long")
    return check_map(size, numbers), 0


def _old_gnu_numbers(block: bytes, start: int, count: int) -> list[int]:
    numbers: list[int] = []
    for at in range(start, start + 24 * count, 24):
        if not block[at] or not block[at + 12]:
            break
        numbers += (number(block[at : at + 12]), number(block[at + 12 : at + 24]))
    return numbers


def _read_from_records(size: int, records: Records) -> MapReader:
    """Formats 0.0 (one record for each number) and 0.1 (one record for all)."""
    yield
    listed = dict(records).get(b"GNU.sparse.map")
    if listed is None:
        numbers = [value for key, value in records if key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes")]
    else:
        numbers = listed.split(b",") if listed else []
    return check_map(size, map(pax_number, numbers)), 0


def _read_from_content(size: int, sent: int) -> MapReader:
    """Format 1.0: decimal numbers on lines of their own, in whole blocks before the data."""
    yield
    lines: list[bytes] = []
    rest = b""
    blocks, wanted = 0, 1
    while len(lines) < wanted:
        if blocks * BLOCK >= min(sent, MAX_MAP_BYTES) or len(rest) > BLOCK:
            raise TarError("a sparse map does not end")
        blocks += 1
        *whole, rest = (rest + (yield)).split(b"\n")
        lines += whole
        if lines:
            wanted = 1 + 2 * pax_number(lines[0])
            if wanted < 1:
                raise TarError("a sparse map has a negative length")
    return check_map(size, map(pax_number, lines[1:wanted])), blocks * BLOCK
