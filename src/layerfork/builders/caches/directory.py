"""Caches in directories: OCI layouts as ``type=local`` writes them, and copies of buckets.

Source: OCI image-spec image-layout.md @ v1.1; moby/buildkit client/solve.go @ v0.32.2 (which manifest of a
layout is meant), cache/remotecache/s3/s3.go and azblob/utils.go @ v0.32.2 (names in a bucket).
"""

from dataclasses import replace
from pathlib import Path

import msgspec

from layerfork.builders.caches.cacheconfig import DIGEST
from layerfork.builders.caches.cachemanifest import MAX_MANIFEST_BYTES, Descriptor, configs_of, verified
from layerfork.builders.caches.source import MAX_CONFIG_BYTES, CacheConfig, bad_cache
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.context import Digest

_REF_NAME = "org.opencontainers.image.ref.name"
_DEFAULT_TAG = "latest"
_DEFAULT_NAME = "buildkit"
_BARE = "none of its layers is there: it is assumed to be a copy without layers"


class _Index(msgspec.Struct):
    manifests: list[Descriptor] | None = None


class LayoutDirectory:
    """An OCI layout."""

    def __init__(self, path: Path, tag: str = "", digest: str = "") -> None:
        """``tag`` or ``digest`` say which manifest; empty for the one that is tagged ``latest``."""
        self.name = str(path)
        self.manifest: Digest | None = None
        self._path = path
        self._tag = tag or _DEFAULT_TAG
        self._digest = digest
        self._is_bare = False

    def configs(self) -> tuple[CacheConfig, ...]:
        """As `CacheSource.configs`."""
        self.manifest = Digest(self._digest) if self._digest else self._tagged()
        text = verified(self.read(self.manifest, MAX_MANIFEST_BYTES), self.manifest, self.name)
        configs = configs_of(text, self)
        layers = {digest for config in configs for digest in config.layers or ()}
        self._is_bare = not any(self._has(digest) for digest in layers)
        return tuple(replace(config, note=_BARE) for config in configs) if self._is_bare else configs

    def _tagged(self) -> Digest:
        text = _read(self._path / "index.json", MAX_MANIFEST_BYTES)
        try:
            manifests = msgspec.json.decode(text, type=_Index).manifests or []
        except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
            raise bad_cache(self.name, f"its index.json cannot be read: {error}") from error
        tags = [(each.annotations or {}).get(_REF_NAME, "") for each in manifests]
        for each, tag in zip(manifests, tags, strict=True):
            if tag == self._tag:
                return Digest(each.digest)
        if len(manifests) == 1 and not tags[0]:
            return Digest(manifests[0].digest)
        there = ", ".join(filter(None, tags)) or "none"
        raise bad_cache(self.name, f"no manifest in it is tagged {self._tag!r}", f"its tags are: {there}")

    def read(self, digest: Digest, limit: int) -> bytes:
        """As `Blobs.read`."""
        return _read(self._blob(digest), limit)

    def has_blob(self, digest: Digest) -> bool | None:
        """As `CacheSource.has_blob`: a copy without any layer does not say."""
        return None if self._is_bare else self._has(digest)

    def _has(self, digest: Digest) -> bool:
        return bool(DIGEST.fullmatch(digest)) and self._blob(digest).is_file()

    def _blob(self, digest: Digest) -> Path:
        if not DIGEST.fullmatch(digest):
            raise bad_cache(self.name, f"{digest[:80]!r} is not a sha256 digest")
        return self._path / "blobs" / "sha256" / digest.removeprefix("sha256:")


class BucketDirectory:
    """A copy of a bucket that ``type=s3`` or ``type=azblob`` wrote to: a config, and blobs beside it."""

    def __init__(self, path: Path, name: str = "", manifests: str = "", blobs: str = "") -> None:
        """``name`` is the cache's in the bucket; ``manifests`` and ``blobs`` are prefixes; empty for the
        defaults."""
        self.name = str(path)
        self.manifest: Digest | None = None
        self._file = path / (manifests or "manifests") / (name or _DEFAULT_NAME)
        self._blobs = path / (blobs or "blobs")

    def configs(self) -> tuple[CacheConfig, ...]:
        """As `CacheSource.configs`."""
        return (CacheConfig(text=_read(self._file, MAX_CONFIG_BYTES)),)

    def has_blob(self, digest: Digest) -> bool | None:
        """As `CacheSource.has_blob`."""
        return (self._blobs / digest).is_file()


def open_directory(path: Path) -> LayoutDirectory | BucketDirectory:
    """The cache in a directory, of the kind that its files show. Raises: UsageError."""
    if (path / "index.json").is_file():
        return LayoutDirectory(path)
    if (path / "manifests" / _DEFAULT_NAME).is_file():
        return BucketDirectory(path)
    raise UsageError(
        f"{path} holds no exported cache: it has neither index.json nor manifests/{_DEFAULT_NAME}",
        hint="name a directory that `--cache-to type=local,dest=DIR` wrote",
    )


def _read(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            text = file.read(limit + 1)
    except FileNotFoundError as error:
        raise bad_cache(str(path), "there is no such file, and the cache needs it") from error
    except OSError as error:
        raise LayerforkError(f"cannot read {path}: {error.strerror}", hint="check the path") from error
    if len(text) > limit:
        raise bad_cache(str(path), f"it is longer than {limit:,} bytes, and is not read")
    return text
