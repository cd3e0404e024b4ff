"""The cache that a recorded build exported, and its context's files while they are unchanged on disk."""

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from layerfork.builders.caches.cachemanifest import Descriptor
from layerfork.builders.caches.opening import attributes_of
from layerfork.builders.caches.registry import RegistryCache
from layerfork.errors import LayerforkError, UsageError
from layerfork.keys.buildkit.content_digest import Contents
from layerfork.keys.buildkit.recordkeys import UnknownContentError
from layerfork.keys.recordedbases import full_reference
from layerfork.record.context import ContextEntry, Digest
from layerfork.record.exportedcache import ExportedCache
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord


def exported_manifest(record: BuildRecord) -> Digest | None:
    """The manifest of the cache that a build exported, as BuildKit reported it; None when it did not.

    Source: moby/buildkit cache/remotecache/export.go:ExporterResponseManifestDesc @ v0.13.2 to v0.32.2.
    """
    text = dict(record.result.exporter).get("cache.manifest", "")
    try:
        return Digest(msgspec.json.decode(text, type=Descriptor).digest) if text else None
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def exported_bytes(record: BuildRecord, within_s: float) -> int | None:
    """How large the cache is that a build exported to a registry, by the manifest that BuildKit reported.

    One question, without layers; None where the build exported elsewhere too, or the registry does not answer
    in time.
    """
    manifest = exported_manifest(record)
    if manifest is None or len(record.request.cache_to) != 1:
        return None
    try:
        attributes = attributes_of(record.request.cache_to[0])
        if attributes.get("type") != "registry":
            return None
        insecure = attributes.get("registry.insecure", "").lower() in ("1", "t", "true")
        reference = f"{full_reference(attributes.get('ref', ''))}@{manifest}"
        return RegistryCache(reference, insecure=insecure, within_s=within_s).stored_bytes()
    except LayerforkError:
        return None


def was_replaced(record: BuildRecord, cache: ExportedCache) -> bool:
    """Whether a build exported to the place that a cache was read from, and another one lies there now."""
    exported = exported_manifest(record)
    here = (cache.source, os.path.realpath(cache.source))
    return (
        exported is not None
        and cache.manifest not in (None, exported)
        and not _places(record).isdisjoint(here)
    )


def _places(record: BuildRecord) -> frozenset[str]:
    """Where a build exported its cache, as sources are named."""
    found: set[str] = set()
    for word in record.request.cache_to:
        with contextlib.suppress(UsageError):
            found |= _place(attributes_of(word), record.place.ran_in)
    return frozenset(found)


def _place(attributes: Mapping[str, str], ran_in: str) -> set[str]:
    if attributes.get("type") == "local" and attributes.get("dest"):
        return {os.path.realpath(Path(ran_in) / attributes["dest"])}
    return {full_reference(attributes["ref"])} if attributes.get("ref") else set()


# Contents of a recorded context's files, while they are on disk as they were sent.

_PIECE_BYTES = 1 << 20
_DIGEST_BYTES = 32


def contents_in(directory: str, edited: frozenset[str] = frozenset()) -> Contents:
    """Reads files of a context from the directory that it was sent from; empty for a directory unknown.

    ``edited`` are paths of files whose content is to be one that no cache has.
    Raises (when read): UnknownContentError for a file that is gone, or holds something else by now.
    """

    def read(entry: ContextEntry) -> Iterator[bytes]:
        if edited and context_path(entry.name) in edited:
            yield os.urandom(_DIGEST_BYTES)
            return
        if entry.size == 0:
            return
        if not directory or entry.content is None:
            raise UnknownContentError
        yield from _pieces(Path(directory) / os.fsdecode(entry.name_bytes), entry.content)

    return read


def _pieces(path: Path, expected: str) -> Iterator[bytes]:
    digest = sha256()
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UnknownContentError
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
                yield piece
    except OSError as error:
        raise UnknownContentError from error
    if f"sha256:{digest.hexdigest()}" != expected:
        raise UnknownContentError
