"""What a recorded build exported, and where."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from layerfork.builders.caches.manifest import Descriptor
from layerfork.builders.caches.opening import attributes_of
from layerfork.errors import UsageError
from layerfork.keys.baseimage import full_reference
from layerfork.record.context import Digest
from layerfork.record.exportedcache import ExportedCache
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
