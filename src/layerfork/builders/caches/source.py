"""What all locations of a cache have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from layerfork.errors import EvidenceError
from layerfork.record.context import Digest
from layerfork.record.exportedcache import CacheLayer

MAX_CONFIG_BYTES = 32 << 20
"""Limit for a cache config that layerfork reads."""
BUILDKIT_CONFIG_BYTES = 1 << 20
"""A config that is longer is refused by BuildKit.
Source: moby/buildkit cache/remotecache/import.go:readBlob @ v0.10.0 to v0.32.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheConfig:
    """A cache config as it lies somewhere, and the layers that go with it."""

    text: bytes
    """JSON: ``layers`` and ``records``; of an inline cache only the list of records."""
    layers: Mapping[Digest, CacheLayer] | None = None
    """What the manifest lists; None where the config itself describes its layers."""
    chain: tuple[Digest, ...] = ()
    """Of an inline cache the layers of its image, the lowest first."""
    inline: bool = False
    note: str = ""
    """A note for the user; empty for none."""


class CacheSource(Protocol):
    """A place with a cache."""

    name: str
    """Its name in messages, without credentials."""
    manifest: Digest | None
    """Digest of what `configs` read first; None before, and where there is none."""

    def configs(self) -> tuple[CacheConfig, ...]:
        """The configs of the cache; of an image with inline caches one for each platform that has one.

        Raises: EvidenceError for what cannot be understood, LayerforkError for what cannot be reached.
        """

    def has_blob(self, digest: Digest) -> bool | None:
        """Whether a layer exists, without reading it; None when the location cannot tell."""


class SeveralCaches:
    """Places that are imported together."""

    def __init__(self, sources: Sequence[CacheSource]) -> None:
        self.name = ", ".join(source.name for source in sources)
        self.manifest: Digest | None = None
        self._sources = sources

    def configs(self) -> tuple[CacheConfig, ...]:
        """As `CacheSource.configs`."""
        return tuple(config for source in self._sources for config in source.configs())

    def has_blob(self, digest: Digest) -> bool | None:
        """As `CacheSource.has_blob`: one place that has it is enough."""
        answers = {source.has_blob(digest) for source in self._sources}
        return True if True in answers else None if None in answers else False


def bad_cache(name: str, what: str, hint: str = "export the cache again") -> EvidenceError:
    """An error about a cache that cannot be understood."""
    return EvidenceError(f"{name}: {what}", hint=hint)
