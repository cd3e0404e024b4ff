"""The record store: earlier builds on this machine, so that a later one can be compared with them."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from layerfork.errors import EvidenceError, LayerforkError
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import RecordFile, StoredRecord, read_records, read_stored
from layerfork.record.store.setaside import recover
from layerfork.userdirs import make_private, state_directory

LIMIT_BYTES = 512 << 20
LIMIT_RECORDS = 500
ENDING = ".records.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProject:
    """What makes two builds comparable: where they were asked for, the Dockerfile's name, the target."""

    directory: Path
    dockerfile: str
    target: str

    @property
    def file_prefix(self) -> str:
        return f"{_key(os.fspath(self.directory))}-{_key(self.dockerfile + chr(0) + self.target)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStore:
    """A directory of record files, one build each, bounded in size and number."""

    directory: Path
    limit_bytes: int = LIMIT_BYTES
    limit_records: int = LIMIT_RECORDS

    def prepare(self) -> None:
        """Make the directory, so that nothing is built whose record could not be kept.

        Raises: LayerforkError when it cannot be made.
        """
        try:
            make_private(self.directory)
        except OSError as error:
            raise LayerforkError(
                f"cannot make the record store {self.directory}: {error.strerror}",
                hint="name another place with --store",
            ) from error

    def add(self, project: StoredProject, record: BuildRecord, form: StoredRecord | None = None) -> Path:
        """Keep a record; the oldest ones go when the limits are passed. Gives the file.

        ``form`` is the same as a file holds it, where that is known.

        Raises: LayerforkError when it cannot be written.
        """
        self.prepare()
        path = self.directory / f"{project.file_prefix}-{_sortable(record)}-{record.id}{ENDING}"
        unfinished = path.with_suffix(".unfinished")
        try:
            with RecordFile(unfinished) as file:
                file.add(form or record)
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
        self._drop_oldest(keep=path)
        return path

    def newest(self, project: StoredProject) -> Iterator[BuildRecord]:
        """Records of a project, newest first. Files that cannot be read any more are passed over."""
        return self._newest(f"{project.file_prefix}-*{ENDING}")

    def newest_of(self, directory: Path) -> Iterator[BuildRecord]:
        """Records of all projects of a directory, newest first."""
        return self._newest(f"{_key(os.fspath(directory.resolve()))}-*{ENDING}")

    def builds(self) -> "tuple[KeptBuild, ...]":
        """Every build that is kept, the newest first. Files that cannot be read any more are passed over."""
        return tuple(sorted(self._builds(), key=lambda kept: kept.record.recorded_at, reverse=True))

    def _builds(self) -> "Iterator[KeptBuild]":
        for path in self._files():
            with contextlib.suppress(EvidenceError, FileNotFoundError):
                for stored in read_stored(path):
                    yield KeptBuild(path=path, size_bytes=path.stat().st_size, record=stored.outline)

    def remove(self, kept: "KeptBuild") -> None:
        """Remove a build, with what lies beside it under its name."""
        for path in self.directory.glob(f"{kept.path.name}*"):
            path.unlink(missing_ok=True)

    def _newest(self, pattern: str) -> Iterator[BuildRecord]:
        paths = self.directory.glob(pattern)
        for path in sorted(paths, key=lambda path: path.name.split("-", 2)[2], reverse=True):
            with contextlib.suppress(EvidenceError):
                yield from read_records(path)

    def _drop_oldest(self, keep: Path) -> None:
        files = sorted(
            ((path.stat().st_mtime_ns, path.stat().st_size, path) for path in self._files()), reverse=True
        )
        total = 0
        for number, (_, size, path) in enumerate(files, start=1):
            total += size
            if path != keep and (total > self.limit_bytes or number > self.limit_records):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        for path in self.directory.glob(f"*{ENDING}"):
            with contextlib.suppress(FileNotFoundError):
                path.stat()
                yield path


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBuild:
    """A build in a store."""

    path: Path
    size_bytes: int
    record: BuildRecord
    """Without what its contexts held."""

    @property
    def age_s(self) -> float:
        """Since it was made, by this machine's clock."""
        made = datetime.fromisoformat(self.record.recorded_at)
        return (datetime.now(UTC) - made).total_seconds()


def open_store(path: str = "") -> RecordStore:
    """The store at a path; by default the one in the state directory.

    What a killed run took out of a build's way comes back first.
    Raises: LayerforkError when that cannot be written.
    """
    directory = Path(path) if path else state_directory() / "records"
    recover(directory)
    return RecordStore(directory=directory)


def project_of(directory: Path, record: BuildRecord) -> StoredProject:
    """The project that a build belongs to."""
    request = record.request
    return StoredProject(
        directory=directory.resolve(), dockerfile=request.dockerfile_name, target=request.target
    )


def _key(project: str) -> str:
    return sha256(os.fsencode(project)).hexdigest()[:16]


def _sortable(record: BuildRecord) -> str:
    return "".join(char for char in record.recorded_at if char.isdigit())
