"""Completes a record with digests of files that the engine did not ask for, read from the context."""

import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

from layerfork.model.context import ContentSource, ContextEntry, ContextManifest, Digest, EntryType
from layerfork.model.record import BuildRecord


def fill_from_disk(record: BuildRecord, directory: Path) -> BuildRecord:
    """The record with digests of the unsent files of its main context, marked as read from disk.

    A file whose size or modification time is no longer what was sent is left as it was: it may have
    changed since.
    """
    if record.context is None:
        return record
    return replace(record, context=_fill(record.context, directory))


def _fill(manifest: ContextManifest, directory: Path) -> ContextManifest:
    if not any(entry.content_source is ContentSource.NOT_SENT for entry in manifest.entries):
        return manifest
    return replace(manifest, entries=tuple(_filled(entry, directory) for entry in manifest.entries))


def _filled(entry: ContextEntry, directory: Path) -> ContextEntry:
    if entry.content_source is not ContentSource.NOT_SENT or entry.type is not EntryType.FILE:
        return entry
    path = os.path.join(os.fsencode(directory), entry.name_bytes)  # noqa: PTH118 - names may be no text
    digest = _digest_of(path, entry)
    if digest is None:
        return entry
    return replace(entry, content=digest, content_source=ContentSource.DISK)


def _digest_of(path: bytes, entry: ContextEntry) -> Digest | None:
    """Digest of a regular file that is still what was announced, or None."""
    try:
        with open(path, "rb", opener=_no_follow) as file:
            if not _unchanged(os.fstat(file.fileno()), entry):
                return None
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Digest(f"sha256:{digest}") if _unchanged(os.fstat(file.fileno()), entry) else None
    except OSError:
        return None


def _no_follow(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


def _unchanged(found: os.stat_result, entry: ContextEntry) -> bool:
    same = (found.st_size, found.st_mtime_ns) == (entry.size, entry.mtime_ns)
    return same and stat.S_ISREG(found.st_mode)
