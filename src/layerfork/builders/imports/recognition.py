"""Files that builds left behind, recognized by their content and never by their names."""

import re
import zipfile
import zlib
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO

from layerfork.builders.imports.dockerbuild import import_archive, is_archive
from layerfork.builders.imports.drafts import Importer
from layerfork.builders.imports.logs import import_log
from layerfork.builders.imports.provenance import import_provenance
from layerfork.builders.recording.redactionkey import key_id, redaction_key
from layerfork.builders.recording.secrets import sealed
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import HEAD_BYTES, is_record_file
from layerfork.record.store.schema import nonsense_in
from layerfork.wire.history.historyrecord import read_json
from layerfork.wire.redact import Redactor

LIMIT_BYTES = 64 << 20
"""Of an archive, or of JSON; more is not read, and a gap says so."""
LIMIT_OF_LOGS_BYTES = 1 << 30
"""Of all that is read of one file, decompressed and again where it is read twice."""
_CHUNK_BYTES = 1 << 20
_LONGEST_LINE = 16 << 20
_MAX_MEMBERS = 1000
"""Of a zip."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BEGINNING = 1024
"""Bytes that show whether a text is JSON."""
_PROGRESS = re.compile(r'\{"(?:vertexes|statuses|logs|warnings)":')
_BAD_GZIP = "its gzip is damaged: {}"
_FETCH = "fetch the file once more"
_GZIP, _ZIP, _ZIP_END = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
FORMS = (
    "a log of BuildKit (rawjson or plain), of the classic builder, of podman or buildah; an export of the "
    "build history (.dockerbuild); provenance; or a metadata file"
)


def import_file(path: Path, key: bytes | None = None) -> tuple[BuildRecord, ...]:
    """Records of all builds that a file tells of, in its order.

    ``key`` is what stand-ins for secrets are made with; without, this machine's own.
    Raises: UsageError for a file that tells of none, EvidenceError for one that cannot be read.
    """
    key = redaction_key() if key is None else key
    source = Source(partial(_chunks_of_file, path), Budget(LIMIT_OF_LOGS_BYTES))
    try:
        records = _import_all(source, key, path.stat().st_mtime)
    except OSError as error:
        raise EvidenceError(f"cannot read {path}: {error.strerror}", hint=f"name {FORMS}") from error
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error.message}", hint=error.hint) from error
    if not records:
        raise UsageError(f"{path} tells of no build", hint=f"name {FORMS}")
    return records


def _chunks_of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from _chunks(file)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def holds_records(path: Path) -> bool:
    """Whether a file holds records already; what cannot be read is `import_file`'s to refuse."""
    try:
        with path.open("rb") as file:
            return is_record_file(file.read(HEAD_BYTES))
    except OSError:
        return False


def import_bytes(data: bytes, key: bytes, file_time: float) -> tuple[BuildRecord, ...]:
    """The same of a file's bytes, ``file_time`` seconds since 1970; none when they tell of no build.

    Raises: EvidenceError.
    """
    return _import_all(Source(lambda: iter((data,)), Budget(LIMIT_OF_LOGS_BYTES)), key, file_time)


def _import_all(source: "Source", key: bytes, file_time: float) -> tuple[BuildRecord, ...]:
    importer = Importer(redactor=Redactor(key), key_id=key_id(key), file_time=file_time)
    records = tuple(sealed(record, importer.redactor) for record in _import(source, importer))
    for record in records:
        if nonsense := nonsense_in(record):
            raise EvidenceError(f"it is damaged: {nonsense}", hint="export the build once more")
    return records


@dataclass(slots=True)
class Budget:
    """What may still be read of a file and of all that lies in it."""

    left: int
    """Bytes."""


class Source:
    """A file, or what lies in one: read in pieces, from the beginning whenever that is asked for."""

    def __init__(self, read: Callable[[], Iterator[bytes]], budget: Budget) -> None:
        self.cut = False
        """The last reading came to no end: it is damaged or too large."""
        self._read = read
        self._budget = budget

    def head(self) -> bytes:
        """The first bytes, enough to show the form of the file."""
        return next(self.chunks(), b"")

    def chunks(self) -> Iterator[bytes]:
        """All pieces, as long as something may be read."""
        self.cut = False
        for chunk in self._read():
            if self._budget.left <= 0:
                self.cut = True
                return
            self._budget.left -= len(chunk)
            yield chunk

    def whole(self, importer: Importer) -> tuple[bytes, Importer]:
        """All bytes up to the limit, and the importer that knows whether there were more."""
        data = bytearray()
        for chunk in self.chunks():
            data += chunk
            if len(data) > LIMIT_BYTES:
                self.cut = True
                break
        return bytes(data[:LIMIT_BYTES]), replace(importer, cut=importer.cut or self.cut)

    def lines(self) -> Iterator[str]:
        """The lines of a text without their ends: UTF-8, or UTF-16 as PowerShell writes it."""
        decoder: IncrementalDecoder | None = None
        rest = ""
        for chunk in self.chunks():
            if decoder is None:
                decoder = getincrementaldecoder("utf-16" if chunk.startswith(_UTF16) else "utf-8-sig")(
                    "replace"
                )
            *lines, last = decoder.decode(chunk).split("\n")
            if lines:
                yield rest + lines[0]
                yield from lines[1:]
                rest = last
            elif len(rest) < _LONGEST_LINE:
                rest += last
        yield rest + (decoder.decode(b"", final=True) if decoder is not None else "")

    def inflated(self) -> "Source":
        """What lies in a gzip: as much as is intact."""

        def read() -> Iterator[bytes]:
            decompressor = zlib.decompressobj(wbits=31)
            found = False
            try:
                for chunk in self.chunks():
                    data = chunk
                    while data:
                        if decompressor.eof:
                            if not data.startswith(_GZIP):
                                return  # padding
                            decompressor = zlib.decompressobj(wbits=31)
                        if piece := decompressor.decompress(data, _CHUNK_BYTES):
                            found = True
                            yield piece
                        data = decompressor.unconsumed_tail or decompressor.unused_data
            except zlib.error as error:
                if not found:
                    raise EvidenceError(_BAD_GZIP.format(error), hint=_FETCH) from error
                inner.cut = True
            else:
                inner.cut = inner.cut or self.cut or not decompressor.eof

        inner = Source(read, self._budget)
        return inner


def _import(source: Source, importer: Importer) -> Iterator[BuildRecord]:
    head = source.head()
    if is_record_file(head):
        raise EvidenceError(
            "it holds records already, or is compressed with zstd as they are",
            hint="give records to show, diff or why as they are; decompress anything else first",
        )
    if head.startswith((_ZIP, _ZIP_END)):
        yield from _import_zip(*source.whole(importer))
        return
    if head.startswith(_GZIP):
        source = source.inflated()
        head = source.head()
    if is_archive(head):
        yield from import_archive(*source.whole(importer))
        return
    yield from _import_text(source, head, importer)


def _import_text(source: Source, head: bytes, importer: Importer) -> Iterator[BuildRecord]:
    if _may_be_provenance(head):
        data, _ = source.whole(importer)
        try:
            value = read_json(_text(data)) if not source.cut else None
        except ValueError:
            value = None  # lines of JSON
        if records := import_provenance(value, importer):
            yield from records
            return
    yield from import_log(source.lines, importer, lambda: source.cut)


def _may_be_provenance(head: bytes) -> bool:
    """Whether a text begins like one JSON object, and not like a log of many."""
    text = _text(head[:_BEGINNING]).lstrip()
    return text.startswith("{") and _PROGRESS.match(text) is None


def _text(data: bytes) -> str:
    return data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig", "replace")


def _import_zip(data: bytes, importer: Importer) -> Iterator[BuildRecord]:
    """Every member that tells of a build: logs and artifacts are downloaded so."""
    budget = Budget(LIMIT_OF_LOGS_BYTES)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for member in archive.infolist()[:_MAX_MEMBERS]:
                source = Source(partial(_chunks_of_member, archive, member), budget)
                if not member.is_dir() and not source.head().startswith((_ZIP, _ZIP_END)):
                    yield from _import_member(source, importer)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
        OSError,
    ) as error:
        if importer.cut:
            what = f"it is a zip of more than {LIMIT_BYTES >> 20} MiB"
            raise EvidenceError(what, hint="unpack it, and import what is in it") from error
        raise EvidenceError(f"its zip is damaged: {error}", hint=_FETCH) from error


def _chunks_of_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as file:
        yield from _chunks(file)


def _import_member(source: Source, importer: Importer) -> Iterator[BuildRecord]:
    try:
        yield from _import(source, importer)
    except EvidenceError:
        return
