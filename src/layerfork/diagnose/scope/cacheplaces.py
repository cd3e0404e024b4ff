"""Where builds export caches to and import them from, and what an export leaves out."""

from collections.abc import Iterable, Mapping

from layerfork.dockerfile.instruction import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.record.record import BuildRecord, StepRecord

_INLINE = "BUILDKIT_INLINE_CACHE"
_PLACE: Mapping[str, tuple[str, ...]] = {
    "registry": ("ref",),
    "gha": ("url", "url_v2", "scope"),
    "s3": ("endpoint_url", "bucket", "prefix", "name"),
    "azblob": ("account_url", "container", "prefix", "name"),
}
"""By kind of cache the fields that say where it lies; a local one has ``dest`` to export, ``src`` to import.
Source: moby/buildkit README.md (Cache) @ v0.32.2."""

Place = tuple[str, ...]


def place_of(entry: str) -> Place | None:
    """Where a cache of ``type=registry,ref=…`` lies; None where that is not known, as for an inline one."""
    fields = dict(field.partition("=")[::2] for field in entry.split(","))
    kind = fields.get("type", "registry")
    if kind == "local":
        directory = fields.get("dest") or fields.get("src")
        return (kind, directory, fields.get("tag", "latest")) if directory else None
    names = _PLACE.get(kind)
    if names is None or not any(fields.get(name) for name in names):
        return None
    return (kind, *(fields.get(name, "") for name in names))


def places_of(entries: Iterable[str]) -> frozenset[Place]:
    """All that are known."""
    return frozenset(filter(None, map(place_of, entries)))


def exports(record: BuildRecord) -> bool:
    """Whether a build exported a cache, be it inside its image."""
    return bool(record.request.cache_to) or dict(record.request.build_args).get(_INLINE, "") not in ("", "0")


def exported_only_result(record: BuildRecord) -> bool:
    """All its exports hold nothing but what leads to its result: ``mode=min``, the default, or inline."""
    return exports(record) and not any("mode=max" in each.split(",") for each in record.request.cache_to)


def is_beside_result(record: BuildRecord, step: StepRecord) -> bool:
    """The step's stage is none that the result is built on: its files were only copied, or not at all."""
    dockerfile = dockerfile_of(record)
    if dockerfile is None or not dockerfile.stages:
        return False
    return step.stage not in _stages_below(dockerfile, record.request.target)


def _stages_below(dockerfile: Dockerfile, target: str) -> frozenset[int]:
    """The stage that is built, and those that it begins with, one from the other."""
    stage = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    found: set[int] = set()
    while stage is not None and stage.index not in found:
        found.add(stage.index)
        stage = dockerfile.find_stage(stage.base, before=stage.index)
    return frozenset(found)
