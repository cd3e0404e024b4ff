"""Record files: JSON lines with a header, records, and a footer. No footer means truncated."""

import contextlib
import os
import stat
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

from layerfork import __version__
from layerfork.errors import EvidenceError, LayerforkError
from layerfork.record.context import ContextEntry
from layerfork.record.record import RECORD_SCHEMA, BuildRecord
from layerfork.record.store.blocks import (
    BLOCK_START,
    UNREADABLE,
    BlockEntries,
    BlockPlace,
    LineWriter,
    contexts_of,
    cut,
    entries_of,
    names_in,
    numbered_lines,
    place_of,
    with_contexts,
)
from layerfork.record.store.schema import nonsense_in, not_a_record

# A record as it lies in a file: the entries of its contexts in blocks beside it, not yet decoded.


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as it lies in a file: what its contexts held is not decoded yet."""

    outline: BuildRecord
    """The record; entries that lie in blocks are missing in it."""
    blocks: tuple[bytes, ...] = ()
    """Lines without their ends, in the order of the entries."""

    def whole(self) -> BuildRecord:
        """The record itself. Raises: EvidenceError."""
        return self.with_blocks(self.blocks)

    def with_blocks(self, blocks: Iterable[bytes]) -> BuildRecord:
        """The record with what some of its blocks hold. Raises: EvidenceError."""
        contexts = contexts_of(self.outline)
        entries: list[list[ContextEntry]] = [list(manifest.entries) for manifest in contexts]
        try:
            for line in blocks:
                entries[place_of(line).context] += entries_of(line)
        except IndexError as error:
            raise not_a_record("there is no such context") from error
        if not contexts:
            return self.outline
        found = zip(contexts, entries, strict=True)
        return with_contexts(self.outline, (replace(one, entries=tuple(own)) for one, own in found))


def stored(record: BuildRecord) -> StoredRecord:
    """A record as a file would hold it."""
    main = record.context.entries if record.context is not None else ()
    if isinstance(main, BlockEntries) and not record.named_contexts and main.names == names_in(record):
        blocks = main.lines
    else:
        blocks = tuple(_block_line(place, entries) for place, entries in cut(record))
    contexts = contexts_of(record)
    outline = with_contexts(record, (replace(one, entries=()) for one in contexts)) if contexts else record
    return StoredRecord(outline=outline, blocks=blocks)


def _block_line(place: BlockPlace, entries: Sequence[ContextEntry]) -> bytes:
    return encode({"block": place, "entries": entries})


def encode(value: Any) -> bytes:
    """JSON; names that are no text (lone surrogates) are written with escapes that can be read."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value)
        return msgspec.json.encode(_readable(plain))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list | tuple) else value


def decode_record(line: bytes) -> BuildRecord:
    """One record from its JSON.

    Raises: EvidenceError.
    """
    try:
        record = msgspec.json.decode(line, type=BuildRecord)
    except UNREADABLE as error:
        raise not_a_record(error) from error
    if record.schema != RECORD_SCHEMA:
        raise EvidenceError(
            f"the record has the schema {record.schema}, this layerfork reads {RECORD_SCHEMA}",
            hint="read it with a newer layerfork",
        )
    if nonsense := nonsense_in(record):
        raise not_a_record(nonsense)
    return record


# A record is one line, after the lines of what its contexts held (`blocks`). Each is flushed when it is
# whole, so a run that dies keeps what it had measured.

FILE_SCHEMA = "layerfork/records/2"
READABLE = frozenset({"1", "2"})
"""Versions of files; in the first a record holds its contexts' entries itself, and nothing is compressed."""
NOTE_START = b'{"note"'
"""Lines for `earlier`, which other readers pass over."""


class _Header(msgspec.Struct, frozen=True):
    schema: str
    layerfork: str = ""


class _Footer(msgspec.Struct, frozen=True):
    complete: bool
    records: int


class RecordFile:
    """A record file that is being written; a context manager that ends it properly."""

    def __init__(self, path: Path) -> None:
        """Open the file, readable by its owner only; what it held stays until there is something to write.

        Raises: LayerforkError when it cannot be written.
        """
        self.path = path
        self.count = 0
        self._lock = threading.Lock()
        self._new = not path.exists()
        self._begun = False
        self._lost = False
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise cannot_write(path, error) from error
        if self._new:
            os.fchmod(descriptor, 0o600)
        self._is_regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._whole_bytes = 0
        """So much of the file is whole."""
        self._file: IO[bytes] = os.fdopen(descriptor, "wb")
        self._lines = LineWriter(self._file)

    def add(self, record: BuildRecord | StoredRecord) -> None:
        """Append one record and see it to the file. Any thread may.

        Raises: LayerforkError when there is no space left; what was written before stays readable, and
        a smaller record may still be added.
        """
        record = stored(record) if isinstance(record, BuildRecord) else record
        with self._lock:
            self._write(*record.blocks, encode(record.outline))
            self.count += 1

    def add_note(self, note: Mapping[str, Any]) -> None:
        """Append what is no record, by its name; `earlier` reads it again. Any thread may.

        Raises: LayerforkError when there is no space left.
        """
        with self._lock:
            self._write(encode({"note": note}))

    def _write(self, *lines: bytes) -> None:
        try:
            if not self._begun:
                if self._is_regular:
                    self._file.truncate()
                self._lines.write(encode(_Header(schema=FILE_SCHEMA, layerfork=__version__)))
            for line in lines:
                self._lines.write(line)
            self._lines.flush()
        except OSError as error:
            self._take_back()
            raise cannot_write(self.path, error) from error
        self._begun = True
        if self._is_regular:
            self._whole_bytes = self._file.tell()

    def _take_back(self) -> None:
        """Leave nothing of what was not written whole; what waits in buffers is dropped."""
        if not self._is_regular:
            return
        self._new = self._new or not self._begun
        descriptor = os.dup(self._file.fileno())
        with contextlib.suppress(OSError):
            self._file.close()
        os.ftruncate(descriptor, self._whole_bytes)
        os.lseek(descriptor, self._whole_bytes, os.SEEK_SET)
        self._file = os.fdopen(descriptor, "wb")
        self._lines = LineWriter(self._file)
        self._lost = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None and (self.count or not self._lost):
                self._write(encode(_Footer(complete=True, records=self.count)))
        finally:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._new and not self._begun:
            self.path.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> LayerforkError:
    """The error for a file that cannot be written."""
    return LayerforkError(
        f"cannot write {path}: {error.strerror}", hint="choose a place with room that you may write to"
    )


def read_records(path: Path, accept_truncated: bool = False) -> tuple[BuildRecord, ...]:
    """All records of a file, in the order they were made.

    ``accept_truncated`` takes what a killed run left behind; otherwise such a file is refused.
    Fields of newer versions are passed over.

    Raises: EvidenceError naming the file, the line and what is wrong with it.
    """
    return tuple(record.whole() for record in read_stored(path, accept_truncated))


def read_stored(path: Path, accept_truncated: bool = False) -> tuple[StoredRecord, ...]:
    """As `read_records`, without decoding what contexts held.

    Raises: EvidenceError.
    """
    records: list[StoredRecord] = []
    blocks: list[bytes] = []
    lines = numbered_lines(path)
    check_header(path, next(lines, (1, b""))[1])
    for number, line in lines:
        if footer := _as_footer(line):
            if footer.records != len(records):
                raise EvidenceError(
                    f"{path} says that it holds {footer.records} records, but holds {len(records)}",
                    hint="record the build again",
                )
            return tuple(records)
        if line.startswith(NOTE_START):
            continue
        if line.startswith(BLOCK_START):
            blocks.append(line.removesuffix(b"\n"))
            continue
        try:
            records.append(StoredRecord(outline=decode_record(line), blocks=tuple(blocks)))
            blocks = []
        except EvidenceError as error:
            if accept_truncated and not line.endswith(b"\n"):
                break
            raise EvidenceError(f"{path}, line {number}: {error.message}", hint=error.hint) from error
    if not accept_truncated:
        raise EvidenceError(
            f"{path} is truncated: it ends after {len(records)} records without its last line",
            hint="the run that wrote it was killed or the copy is incomplete; record the build again",
        )
    return tuple(records)


_PLAIN = b'{"schema":"layerfork/'
_ZSTD = b"\x28\xb5\x2f\xfd"
HEAD_BYTES = len(_PLAIN)


def is_record_file(head: bytes) -> bool:
    """Whether the first `HEAD_BYTES` of a file are those of a record file, compressed or not."""
    return head.startswith((_PLAIN, _ZSTD))


def check_header(path: Path, line: bytes) -> None:
    """Refuse what is not a record file, or one of another major version.

    Raises: EvidenceError.
    """
    hint = "name a file that `layerfork record` or `run -o` wrote, or one that `layerfork import` takes"
    try:
        header = msgspec.json.decode(line, type=_Header)
    except UNREADABLE as error:
        raise EvidenceError(f"{path} is not a layerfork record file", hint=hint) from error
    kind, _, version = header.schema.rpartition("/")
    if kind != FILE_SCHEMA.rpartition("/")[0]:
        raise EvidenceError(f"{path} is not a layerfork record file but {header.schema}", hint=hint)
    if version not in READABLE:
        raise EvidenceError(
            f"{path} has the schema {header.schema}, this layerfork reads {FILE_SCHEMA}",
            hint="read it with the layerfork that wrote it"
            + (f" ({header.layerfork}), or a newer one" if header.layerfork else ""),
        )


def _as_footer(line: bytes) -> _Footer | None:
    if not line.startswith(b'{"complete"'):
        return None
    try:
        return msgspec.json.decode(line, type=_Footer)
    except UNREADABLE:
        return None
