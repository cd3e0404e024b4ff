"""Record files: JSON lines with a header, one line a record, and a footer. No footer means truncated.

Lines are flushed as they are written, so a run that dies keeps what it had measured.
"""

import contextlib
import os
import stat
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import msgspec

from layerfork import __version__
from layerfork.errors import EvidenceError, LayerforkError
from layerfork.model.record import RECORD_SCHEMA, BuildRecord

FILE_SCHEMA = "layerfork/records/1"
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
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _cannot_write(path, error) from error
        self._file: IO[bytes] = os.fdopen(descriptor, "wb")

    def add(self, record: BuildRecord) -> None:
        """Append one record and see it to the file. Any thread may.

        Raises: LayerforkError when there is no space left; what was written before stays readable.
        """
        with self._lock:
            self._write(record)
            self.count += 1

    def add_note(self, note: Mapping[str, Any]) -> None:
        """Append what is no record, by its name; `earlier` reads it again. Any thread may.

        Raises: LayerforkError when there is no space left.
        """
        with self._lock:
            self._write({"note": note})

    def _write(self, value: Any) -> None:
        try:
            if not self._begun:
                if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                    self._file.truncate()
                self._file.write(_encode(_Header(schema=FILE_SCHEMA, layerfork=__version__)) + b"\n")
                self._begun = True
            self._file.write(_encode(value) + b"\n")
            self._file.flush()
        except OSError as error:
            raise _cannot_write(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._write(_Footer(complete=True, records=self.count))
        finally:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._new and not self._begun:
            self.path.unlink(missing_ok=True)


def _encode(value: Any) -> bytes:
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


def _cannot_write(path: Path, error: OSError) -> LayerforkError:
    return LayerforkError(
        f"cannot write {path}: {error.strerror}", hint="choose a place with room that you may write to"
    )


def read_records(path: Path, accept_truncated: bool = False) -> tuple[BuildRecord, ...]:
    """All records of a file, in the order they were made.

    ``accept_truncated`` takes what a killed run left behind; otherwise such a file is refused.
    Fields of newer versions are passed over.

    Raises: EvidenceError naming the file, the line and what is wrong with it.
    """
    records: list[BuildRecord] = []
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
        try:
            records.append(decode_record(line))
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


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, from 1. Raises: EvidenceError when it cannot be read."""
    try:
        with path.open("rb") as file:
            yield from enumerate(file, start=1)
    except OSError as error:
        raise EvidenceError(
            f"cannot read {path}: {error.strerror}",
            hint="name a file that `layerfork record` or `run -o` wrote",
        ) from error


def check_header(path: Path, line: bytes) -> None:
    """Refuse what is not a record file, or one of another major version.

    Raises: EvidenceError.
    """
    hint = "name a file that `layerfork record` or `layerfork run -o` wrote"
    try:
        header = msgspec.json.decode(line, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceError(f"{path} is not a layerfork record file", hint=hint) from error
    kind, _, version = header.schema.rpartition("/")
    if kind != FILE_SCHEMA.rpartition("/")[0]:
        raise EvidenceError(f"{path} is not a layerfork record file but {header.schema}", hint=hint)
    if version != FILE_SCHEMA.rpartition("/")[2]:
        raise EvidenceError(
            f"{path} has the schema {header.schema}, this layerfork reads {FILE_SCHEMA}",
            hint="read it with the layerfork that wrote it"
            + (f" ({header.layerfork}), or a newer one" if header.layerfork else ""),
        )


def decode_record(line: bytes) -> BuildRecord:
    """One record from its JSON.

    Raises: EvidenceError.
    """
    try:
        record = msgspec.json.decode(line, type=BuildRecord)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EvidenceError(
            f"this is not a build record ({error})", hint="the file is damaged; record the build again"
        ) from error
    if record.schema != RECORD_SCHEMA:
        raise EvidenceError(
            f"the record has the schema {record.schema}, this layerfork reads {RECORD_SCHEMA}",
            hint="read it with a newer layerfork",
        )
    return record


def _as_footer(line: bytes) -> _Footer | None:
    if not line.startswith(b'{"complete"'):
        return None
    try:
        return msgspec.json.decode(line, type=_Footer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
