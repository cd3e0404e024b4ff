"""Files that builds left behind, recognized by their content and never by their names."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from layerfork.builders.imports.dockerbuild import import_archive, is_archive
from layerfork.builders.imports.drafts import Importer
from layerfork.builders.imports.logs import import_log
from layerfork.builders.imports.provenance import import_provenance
from layerfork.builders.recording.redactionkey import key_id, redaction_key
from layerfork.builders.recording.secrets import sealed
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.record import BuildRecord
from layerfork.record.store.schema import nonsense_in
from layerfork.wire.history.historyrecord import read_json
from layerfork.wire.redact import Redactor

LIMIT_BYTES = 64 << 20
"""Of a file, or of what it holds compressed; more is not read, and a gap says so."""
_MAX_MEMBERS = 1000
"""Of a zip."""
_GZIP, _ZIP, _ZIP_END = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
_ZSTD = b"\x28\xb5\x2f\xfd"
_RECORDS = b'{"schema":"layerfork/'
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
    try:
        with path.open("rb") as file:
            data = file.read(LIMIT_BYTES + 1)
        time = path.stat().st_mtime
    except OSError as error:
        raise EvidenceError(f"cannot read {path}: {error.strerror}", hint=f"name {FORMS}") from error
    try:
        records = import_bytes(data, key, time)
    except EvidenceError as error:
        raise EvidenceError(f"{path}: {error.message}", hint=error.hint) from error
    if not records:
        raise UsageError(f"{path} tells of no build", hint=f"name {FORMS}")
    return records


def holds_records(path: Path) -> bool:
    """Whether a file holds records already; what cannot be read is `import_file`'s to refuse."""
    try:
        with path.open("rb") as file:
            return file.read(len(_RECORDS)).startswith((_RECORDS, _ZSTD))
    except OSError:
        return False


def import_bytes(data: bytes, key: bytes, file_time: float) -> tuple[BuildRecord, ...]:
    """The same of a file's bytes, ``file_time`` seconds since 1970; none when they tell of no build.

    Raises: EvidenceError.
    """
    importer = Importer(
        redactor=Redactor(key),
        key_id=key_id(key),
        file_time=file_time,
        cut=len(data) > LIMIT_BYTES,
    )
    records = tuple(sealed(record, importer.redactor) for record in _import(data[:LIMIT_BYTES], importer))
    for record in records:
        if nonsense := nonsense_in(record):
            raise EvidenceError(f"it is damaged: {nonsense}", hint="export the build once more")
    return records


def _import(data: bytes, importer: Importer) -> Iterator[BuildRecord]:
    if data.startswith((_RECORDS, _ZSTD)):
        raise EvidenceError(
            "it holds records already, or is compressed with zstd as they are",
            hint="give records to show, diff or why as they are; decompress anything else first",
        )
    if data.startswith((_ZIP, _ZIP_END)):
        yield from _import_zip(data, importer)
        return
    if data.startswith(_GZIP):
        data, importer = _decompress(data, importer, LIMIT_BYTES)
    if is_archive(data):
        yield from import_archive(data, importer)
        return
    yield from _import_text(data, importer)


def _import_text(data: bytes, importer: Importer) -> Iterator[BuildRecord]:
    text = _text(data)
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            value = read_json(text.lstrip("\ufeff"))
        except ValueError:
            value = None  # lines of JSON
        if records := import_provenance(value, importer):
            yield from records
            return
    yield from import_log(text, importer)


def _text(data: bytes) -> str:
    """UTF-8, or UTF-16 as PowerShell writes it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "replace")


def _decompress(data: bytes, importer: Importer, limit: int) -> tuple[bytes, Importer]:
    """As much as is intact, within the limit. Raises: EvidenceError when nothing is."""
    decompressor = zlib.decompressobj(wbits=31)
    try:
        found = decompressor.decompress(data, limit)
    except zlib.error as error:
        raise EvidenceError(f"its gzip is damaged: {error}", hint="fetch the file once more") from error
    return found, replace(importer, cut=importer.cut or not decompressor.eof)


def _import_zip(data: bytes, importer: Importer) -> Iterator[BuildRecord]:
    """Every member that tells of a build: logs and artifacts are downloaded so."""
    left = LIMIT_BYTES
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            for member in archive.infolist()[:_MAX_MEMBERS]:
                if member.is_dir() or member.file_size > left:
                    continue
                with archive.open(member) as file:
                    inner = file.read(left)
                left -= len(inner)
                if inner.startswith((_ZIP, _ZIP_END)):
                    continue
                found = _opened(inner, importer, left)
                if found is not None:
                    left -= len(found[0])
                    yield from _import_member(*found)
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
        OSError,
    ) as error:
        raise EvidenceError(f"its zip is damaged: {error}", hint="fetch the file once more") from error


def _opened(data: bytes, importer: Importer, limit: int) -> tuple[bytes, Importer] | None:
    """A member of a zip, decompressed; None when it is damaged or nothing may be read any more."""
    if not data.startswith(_GZIP):
        return data, importer
    try:
        return _decompress(data, importer, limit) if limit > 0 else None
    except EvidenceError:
        return None


def _import_member(data: bytes, importer: Importer) -> Iterator[BuildRecord]:
    try:
        yield from _import(data, importer)
    except EvidenceError:
        return
