"""Lines of record files, zstd-compressed, and the blocks in which entries of contexts lie in them."""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import chain, groupby
from pathlib import Path
from posixpath import basename, dirname
from typing import IO, Annotated, Any, TypeVar

import msgspec
import zstandard

from layerfork.errors import EvidenceError
from layerfork.record.context import TYPEFLAGS, ContentSource, ContextEntry, ContextManifest, EntryType
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord
from layerfork.record.store.schema import can_be, not_a_record

# Lines of record files on disk: zstd-compressed, a frame for each piece that must not be lost.

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


# Entries of a context as they lie in a record file: cut into blocks, one a line.
#
# A block of alike files holds nothing but regular files of one directory, after the first of them. What is
# known of the whole context when it is written makes such a block one that nothing else in the context leans
# on: `common` leaves it out where both of two builds have it.

BLOCK_START = b'{"block"'
_ENTRIES = b',"entries":'
"""No text of a block's head can hold it: there a quotation mark has a backslash before it."""
_WORD = re.compile(r"[^\s,\"'\[\]=]+")
_KNOWN = frozenset({ContentSource.SENT, ContentSource.DISK})
_Form = TypeVar("_Form")
_FILE_FLAGS = frozenset({"", TYPEFLAGS[EntryType.FILE]})


class BlockPlace(msgspec.Struct, frozen=True):
    """Where a block belongs."""

    context: Annotated[int, msgspec.Meta(ge=0)]
    """0 is the main context, then the named ones in their order."""
    after: str = ""
    """Path of the file before a block of alike files; empty for every other block."""


Block = tuple[BlockPlace, Sequence[ContextEntry]]
"""Where a block belongs, and what it holds."""


class _Head(msgspec.Struct, frozen=True):
    block: BlockPlace


class _Block(msgspec.Struct, frozen=True):
    entries: tuple[ContextEntry, ...]


class _Tarsum(msgspec.Struct, frozen=True):
    tarsum: str | None = None


class _Tarsums(msgspec.Struct, frozen=True):
    entries: tuple[_Tarsum, ...]


class BlockEntries(Sequence[ContextEntry]):
    """Entries of a main context as the lines of its blocks, decoded when the first of them is looked at."""

    def __init__(
        self,
        lines: Sequence[bytes],
        count: int,
        names: frozenset[str],
        decoded: tuple[ContextEntry, ...] | None = None,
    ) -> None:
        """``count`` entries, cut into blocks for a record with these `names_in`; ``decoded`` if they are."""
        self.lines = tuple(lines)
        self.names = names
        self._count = count
        if decoded is not None:
            self.__dict__["_decoded"] = decoded

    @cached_property
    def _decoded(self) -> tuple[ContextEntry, ...]:
        return tuple(chain.from_iterable(map(entries_of, self.lines)))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        return self._decoded[index]

    def __iter__(self) -> Iterator[ContextEntry]:
        return iter(self._decoded)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._decoded == tuple(other)

    def __hash__(self) -> int:
        return hash(self._decoded)


def contexts_of(record: BuildRecord) -> tuple[ContextManifest, ...]:
    """All contexts, the main one first. Empty where there is no main one."""
    return () if record.context is None else (record.context, *record.named_contexts)


def with_contexts(record: BuildRecord, contexts: Iterable[ContextManifest]) -> BuildRecord:
    """The record with other contexts in the places of its own."""
    main, *named = contexts
    return replace(record, context=main, named_contexts=tuple(named))


def cut(record: BuildRecord) -> Iterator[Block]:
    """The blocks of all contexts, in the order of their entries."""
    for number, manifest in enumerate(contexts_of(record)):
        named = names_in(record) | _linked(manifest)
        for after, entries in _cut(manifest, named) if manifest.complete else [("", manifest.entries)]:
            if entries:
                yield BlockPlace(context=number, after=after), entries


def place_of(line: bytes) -> BlockPlace:
    """Where a block belongs. Raises: EvidenceError."""
    head, found, _ = line.partition(_ENTRIES)
    return _read(head + b"}" if found else line, _Head).block


def entries_of(line: bytes) -> tuple[ContextEntry, ...]:
    """What a block holds. Raises: EvidenceError."""
    entries = _read(line, _Block).entries
    if not all(map(can_be, entries)):
        raise not_a_record("a number is too large")
    return entries


def tarsums_of(line: bytes) -> tuple[str | None, ...]:
    """The classic builder's digests of what a block holds. Raises: EvidenceError."""
    return tuple(each.tarsum for each in _read(line, _Tarsums).entries)


def _read(line: bytes, kind: type[_Form]) -> _Form:
    try:
        return msgspec.json.decode(line, type=kind)
    except UNREADABLE as error:
        raise not_a_record(error) from error


def names_in(record: BuildRecord) -> frozenset[str]:
    """Last names of everything that the Dockerfile or a builder may name: such files stand alone."""
    texts = _WORD.findall(record.request.dockerfile or "")
    return _last_names([*texts, "Dockerfile", "dockerfile", record.request.dockerfile_name, ".dockerignore"])


def _linked(manifest: ContextManifest) -> frozenset[str]:
    """Last names of everything that links name."""
    return _last_names(entry.linkname for entry in manifest.entries if entry.linkname)


def _last_names(texts: Iterable[str]) -> frozenset[str]:
    names = {basename(text.rstrip("/")) for text in texts}
    return frozenset(names | {name + ".dockerignore" for name in names})


def _cut(manifest: ContextManifest, named: frozenset[str]) -> Iterator[tuple[str, Sequence[ContextEntry]]]:
    """Blocks, and for those of alike files the path of the one before them."""
    entries = manifest.entries
    paths = [context_path(entry.name) for entry in entries]
    sent = {path for path, entry in zip(paths, entries, strict=True) if entry.type is EntryType.DIRECTORY}
    inside = frozenset({"", *sent})
    if not _lie_apart(entries, paths, inside):
        yield "", entries
        return
    kinds = [_kind(entry, path, inside, named) for entry, path in zip(entries, paths, strict=True)]
    start = end = 0
    for kind, group in groupby(kinds):
        first, end = end, end + len(list(group))
        if kind is not None and end - first > 1:
            yield "", entries[start : first + 1]
            yield paths[first], entries[first + 1 : end]
            start = end
    yield "", entries[start:]


def _lie_apart(entries: Sequence[ContextEntry], paths: Sequence[str], inside: frozenset[str]) -> bool:
    """No path was sent twice, nor put where another lies by way of a link."""
    if len(set(paths)) != len(paths):
        return False
    return inside.issuperset(map(dirname, paths)) or not any(entry.linkname for entry in entries)


def _kind(
    entry: ContextEntry, path: str, inside: frozenset[str], named: frozenset[str]
) -> tuple[str, str, str] | None:
    """What alike files of one directory have in common; None for everything else.

    Alike are regular files that are fully known, that nothing names, and whose directory was sent.
    """
    directory, _, name = path.rpartition("/")
    alike = (
        entry.type is EntryType.FILE
        and entry.content is not None
        and entry.content_source in _KNOWN
        and entry.typeflag in _FILE_FLAGS
        and entry.raw_name is None
        and not entry.pax
        and directory in inside
        and name not in named
    )
    return (directory, entry.uname, entry.gname) if alike else None
