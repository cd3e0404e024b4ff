"""Manifests and indexes, of OCI and of Docker: where a cache config is, or images with inline caches.

Source: moby/buildkit cache/remotecache/import.go @ v0.10.0 to v0.32.2; OCI image-spec manifest.md and
image-index.md @ v1.1.
"""

import base64
import binascii
from collections.abc import Iterator
from hashlib import sha256
from typing import Protocol, TypeVar

import msgspec

from layerfork.builders.caches.source import MAX_CONFIG_BYTES, CacheConfig, bad_cache
from layerfork.record.context import Digest
from layerfork.record.exportedcache import CacheLayer

CONFIG_TYPE = "application/vnd.buildkit.cacheconfig.v0"
_ANY_CONFIG = "application/vnd.buildkit.cacheconfig."
MAX_MANIFEST_BYTES = 8 << 20
MAX_MANIFESTS = 64
"""Of an index; more platforms than there are."""
_CREATED, _DIFF_ID = "buildkit/createdat", "containerd.io/uncompressed"


T = TypeVar("T")


class Descriptor(msgspec.Struct, rename="camel"):
    """A blob as a manifest describes it."""

    media_type: str = ""
    digest: str = ""
    size: int = 0
    annotations: dict[str, str] | None = None


class _Manifest(msgspec.Struct):
    config: Descriptor | None = None
    layers: list[Descriptor] | None = None
    manifests: list[Descriptor] | None = None


class _RootFs(msgspec.Struct):
    diff_ids: list[str] | None = None


class _History(msgspec.Struct):
    created: str | None = None
    empty_layer: bool = False


class _Image(msgspec.Struct):
    rootfs: _RootFs | None = None
    history: list[_History] | None = None
    cache: str | None = msgspec.field(name="moby.buildkit.cache.v0", default=None)


def stored_bytes(text: bytes, name: str) -> int:
    """Bytes of a manifest or index and of all that it lists itself, each blob once.

    Raises: EvidenceError.
    """
    top: _Manifest = _decode(text, _Manifest, name)
    listed = (top.config, *(top.layers or ()), *(top.manifests or ()))
    sizes: dict[str, int] = {each.digest: max(each.size, 0) for each in listed if each is not None}
    return len(text) + sum(sizes.values())


class BlobReader(Protocol):
    """What manifests and configs are read from."""

    name: str

    def read(self, digest: Digest, limit: int) -> bytes:
        """A manifest or a config, of at most ``limit`` bytes, not verified yet."""


def configs_of(text: bytes, blobs: BlobReader) -> tuple[CacheConfig, ...]:
    """The cache configs behind the text of a manifest or index.

    Raises: EvidenceError.
    """
    top = _decode(text, _Manifest, blobs.name)
    listed = [*(top.layers or ()), *(top.manifests or ())]
    descriptors = [top.config, *listed] if top.config is not None else listed
    found = [each for each in descriptors if each.media_type.startswith(_ANY_CONFIG)]
    if not found:
        return tuple(_inline(top, blobs))
    (config, *_) = found
    if config.media_type != CONFIG_TYPE:
        version = config.media_type.removeprefix(_ANY_CONFIG)
        raise bad_cache(
            blobs.name,
            f"its cache config has format {version[:40]}; only v0 is supported",
            "use a newer layerfork",
        )
    layers = {
        Digest(each.digest): _layer(each, blobs.name) for each in listed if each.digest != config.digest
    }
    return (CacheConfig(text=read_verified(blobs, config, MAX_CONFIG_BYTES), layers=layers),)


def _layer(raw: Descriptor, name: str) -> CacheLayer:
    if raw.size < 0:
        raise bad_cache(name, f"the layer {raw.digest[:80]} has a negative size")
    facts = raw.annotations or {}
    return CacheLayer(
        digest=Digest(raw.digest),
        size_bytes=raw.size,
        diff_id=facts.get(_DIFF_ID, ""),
        created_at=facts.get(_CREATED, ""),
    )


def _inline(top: _Manifest, blobs: BlobReader) -> list[CacheConfig]:
    """The caches in the configs of an image, or of the images of an index."""
    if len(top.manifests or ()) > MAX_MANIFESTS:
        raise bad_cache(blobs.name, f"its index lists more than {MAX_MANIFESTS} manifests")
    images = [top] if top.config is not None else []
    for each in top.manifests or ():
        below = _decode(read_verified(blobs, each, MAX_MANIFEST_BYTES), _Manifest, blobs.name)
        images += [below] if below.config is not None else []
    if not images:
        raise bad_cache(blobs.name, "there is neither a cache nor an image", "name what --cache-to wrote")
    found = [_of_image(image, blobs) for image in images]
    caches = [each for each in found if each is not None]
    if not caches:
        raise bad_cache(
            blobs.name,
            "the image holds no inline cache",
            "build it with --cache-to type=inline, or name a cache that was exported",
        )
    return caches


def _of_image(image: _Manifest, blobs: BlobReader) -> CacheConfig | None:
    layers = image.layers or []
    if image.config is None or not layers:
        return None
    config = _decode(read_verified(blobs, image.config, MAX_CONFIG_BYTES), _Image, blobs.name)
    diff_ids = (config.rootfs and config.rootfs.diff_ids) or []
    if config.cache is None or len(diff_ids) != len(layers):
        return None
    try:
        text = base64.b64decode(config.cache, validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_cache(blobs.name, "its inline cache is not base64") from error
    described = {each.digest: each for each in _layers_of(layers, diff_ids, config)}
    chain = tuple(Digest(each.digest) for each in layers)
    return CacheConfig(text=text, layers=described, chain=chain, inline=True)


def _layers_of(layers: list[Descriptor], diff_ids: list[str], config: _Image) -> Iterator[CacheLayer]:
    """The layers of an image, with the times of its history where that has one for each."""
    dates = [each.created or "" for each in config.history or () if not each.empty_layer]
    unknown = [""] * len(layers)
    for raw, diff_id, created in zip(layers, diff_ids, dates + unknown, strict=False):
        yield CacheLayer(digest=Digest(raw.digest), size_bytes=raw.size, diff_id=diff_id, created_at=created)


def read_verified(blobs: BlobReader, descriptor: Descriptor, limit: int) -> bytes:
    """A blob that has the digest and size that its descriptor says.

    Raises: EvidenceError.
    """
    if descriptor.size > limit:
        raise bad_cache(
            blobs.name,
            f"{descriptor.digest[:80]} has {descriptor.size:,} bytes, more than the limit of {limit:,}",
        )
    text = blobs.read(Digest(descriptor.digest), limit)
    return verified(text, descriptor.digest, blobs.name)


def verified(text: bytes, digest: str, name: str) -> bytes:
    """The text, whose digest is as it should be. Raises: EvidenceError."""
    found = f"sha256:{sha256(text).hexdigest()}"
    if found != digest:
        raise bad_cache(name, f"{digest[:80]} is damaged: its content has the digest {found}")
    return text


def _decode(text: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise bad_cache(name, f"its manifest or config cannot be read: {error}") from error
