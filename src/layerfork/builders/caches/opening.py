"""A cache by what a person writes: a directory, a reference, or what ``--cache-from`` takes.

Source: docker/buildx util/buildflags/cache.go @ v0.13.1 to v0.36.1 (a word without ``=`` is a reference).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from layerfork.builders.caches.actions import ActionsCache
from layerfork.builders.caches.directory import BucketDirectory, LayoutDirectory, open_directory
from layerfork.builders.caches.registry import RegistryCache
from layerfork.builders.caches.source import CacheSource, SeveralCaches
from layerfork.errors import UsageError

_HINT = "write type=registry,ref=REF or type=local,src=DIR"


def open_cache(word: str) -> CacheSource:
    """The place that a word means; nothing is read yet.

    Raises: UsageError.
    """
    if Path(word).is_dir():
        return open_directory(Path(word))
    if word.startswith(("/", "./", "../", "~")):
        raise UsageError(f"there is no directory {word}", hint="name an exported cache, or a reference")
    attributes = attributes_of(word)
    kind = attributes.get("type", "registry")
    if kind == "local":
        path = _directory(attributes, kind)
        return LayoutDirectory(path, attributes.get("tag", ""), attributes.get("digest", ""))
    if kind == "registry":
        insecure = attributes.get("registry.insecure", "").lower() in ("1", "t", "true")
        return RegistryCache(attributes.get("ref", ""), insecure=insecure)
    if kind == "gha":
        return ActionsCache(attributes)
    if kind in ("s3", "azblob"):
        return _bucket(attributes, kind)
    raise UsageError(f"caches of type={kind} cannot be read", hint=_HINT)


def open_caches(words: Sequence[str]) -> CacheSource:
    """The places that words mean, as one. Raises: UsageError."""
    sources = tuple(map(open_cache, words))
    return sources[0] if len(sources) == 1 else SeveralCaches(sources)


def attributes_of(word: str) -> Mapping[str, str]:
    """``type=registry,ref=…`` by names. Raises: UsageError."""
    if "=" not in word:
        return {"type": "registry", "ref": word}
    pairs = [field.strip().partition("=") for field in word.split(",")]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise UsageError(f"{name!r} in the location of a cache is not NAME=VALUE", hint=_HINT)
    return {name.lower(): value for name, _, value in pairs}


def _directory(attributes: Mapping[str, str], kind: str) -> Path:
    path = Path(attributes.get("src", ""))
    if not attributes.get("src") or not path.is_dir():
        raise UsageError(f"type={kind}: src is not a directory", hint=_HINT)
    return path


def _bucket(attributes: Mapping[str, str], kind: str) -> BucketDirectory:
    """A copy of a bucket: buckets themselves are not asked."""
    if not attributes.get("src"):
        raise UsageError(
            f"type={kind}: a bucket itself is not supported, only a copy of it",
            hint=f"copy it, and write type={kind},src=DIR",
        )
    path = _directory(attributes, kind) / attributes.get("prefix", "")
    return BucketDirectory(
        path,
        attributes.get("name", ""),
        attributes.get("manifests_prefix", ""),
        attributes.get("blobs_prefix", ""),
    )
