"""Completes a record with digests of files that the builder did not ask for, read from the context."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.harness.recording.contextplaces import Find, is_as_announced, unsent_files
from layerfork.model.context import ContentSource, ContextEntry, ContextManifest, Digest
from layerfork.model.record import BuildRecord


def fill_from_disk(record: BuildRecord, find: Find) -> BuildRecord:
    """The record with digests of the unsent files of its contexts, marked as read from disk.

    A file that is no longer what was announced is left as it was, and so is one that has different contents
    in two directories that the context may have been sent from.
    """
    return replace(
        record,
        context=None if record.context is None else _filled(record.context, find),
        named_contexts=tuple(_filled(manifest, find) for manifest in record.named_contexts),
    )


def _filled(manifest: ContextManifest, find: Find) -> ContextManifest:
    unsent = unsent_files(manifest)
    directories = find(manifest) if unsent else ()
    digests = {id(entry): _only_digest(entry, directories) for entry in unsent}
    if not any(digests.values()):
        return manifest
    entries = tuple(_with_digest(entry, digests.get(id(entry))) for entry in manifest.entries)
    return replace(manifest, entries=entries)


def _with_digest(entry: ContextEntry, digest: Digest | None) -> ContextEntry:
    return replace(entry, content=digest, content_source=ContentSource.DISK) if digest else entry


def _only_digest(entry: ContextEntry, directories: Sequence[Path]) -> Digest | None:
    """The digest of a file, wherever it lies; None when it lies nowhere, or with two contents."""
    found = {_digest_of(directory, entry) for directory in directories} - {None}
    return found.pop() if len(found) == 1 else None


def _digest_of(directory: Path, entry: ContextEntry) -> Digest | None:
    """Digest of a file that is still what was announced, or None."""
    path = os.path.join(os.fsencode(directory), entry.name_bytes)  # noqa: PTH118 - non-UTF-8 names
    try:
        with open(path, "rb", opener=_no_follow) as file:
            if not is_as_announced(os.fstat(file.fileno()), entry):
                return None
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Digest(f"sha256:{digest}") if is_as_announced(os.fstat(file.fileno()), entry) else None
    except (OSError, ValueError):
        return None


def _no_follow(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
