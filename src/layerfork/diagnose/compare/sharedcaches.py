"""Whether two builds can share one cache at all, and where they export caches to and import them from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from layerfork.diagnose.compare.judgedbuilds import ops_of
from layerfork.dockerfile.instruction import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.keys.buildah.buildah_keys import service_has_no_cache
from layerfork.record.record import BuildRecord, StepRecord, StepStatus

IMPORT_VERTEX = "importing cache manifest from "
"""How BuildKit names the vertex of an import.
Source: moby/buildkit solver/llbsolver/bridge.go @ v0.13.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeDifference:
    """A reason why the reader looked into another cache than the writer's."""

    code: str
    """``builder``, ``builder-instance``, ``image-store`` or ``engine-version``."""
    field: str
    writer: str
    reader: str


def cache_is_off(record: BuildRecord) -> bool:
    """Whether a build could use no cache: it was asked not to, or podman's service had none for it and no
    step was reused."""
    return record.request.no_cache or (service_has_no_cache(record) and not any(map(_reused, record.steps)))


def _reused(step: StepRecord) -> bool:
    return step.status is StepStatus.HIT and not step.instruction.upper().startswith("FROM")


def is_built_without_cache(record: BuildRecord, step: StepRecord) -> bool:
    """Whether this step had to be built: its operations say so, or where no definition shows them, the
    request names its stage.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (ignoreCache) @ v0.13.2.
    """
    vertices = set(step.vertices)
    own = [op for op in ops_of(record) if op.digest in vertices]
    if own:
        return any(op.ignore_cache for op in own)
    return bool(step.stage_name) and step.stage_name in record.request.no_cache_stages


def separate_caches(writer: BuildRecord, reader: BuildRecord) -> ScopeDifference | None:
    """The first reason why the caches are separate, or None.

    Only what both records know is compared: an empty field separates nothing.
    """
    found = (each for each in _possible_reasons(writer, reader) if _differ(each.writer, each.reader))
    return next(found, None)


def _possible_reasons(writer: BuildRecord, reader: BuildRecord) -> Iterator[ScopeDifference]:
    """What may separate caches, in order; it does where both values are known and differ."""
    yield ScopeDifference(
        code="builder", field="builder", writer=writer.builder.value, reader=reader.builder.value
    )
    builders = ScopeDifference(
        code="builder-instance",
        field="builder instance",
        writer=writer.builder_instance,
        reader=reader.builder_instance,
    )
    one, other = writer.engine, reader.engine
    if one is None or other is None:
        yield builders
        return
    yield ScopeDifference(
        code="builder-instance", field="engine id", writer=one.instance, reader=other.instance
    )
    stores = ScopeDifference(
        code="image-store", field="image store", writer=one.image_store, reader=other.image_store
    )
    # In one engine the store comes before the builder: BuildKit has another id in each store.
    yield from (stores, builders) if one.instance else (builders, stores)
    if not (one.instance and other.instance):
        yield ScopeDifference(
            code="engine-version", field="engine version", writer=one.version, reader=other.version
        )


def imports_cache(reader: BuildRecord) -> bool:
    """The reader asked for a cache from elsewhere, so another instance need not mean another cache."""
    return bool(reader.request.cache_from or reader.request.cache_from_dropped)


def may_share_cache(writer: BuildRecord, reader: BuildRecord) -> bool:
    """Whether the reader may have found in its cache what the writer stored."""
    scope = separate_caches(writer, reader)
    return scope is None or (scope.code != "builder" and imports_cache(reader))


def _differ(writer: str, reader: str) -> bool:
    return bool(writer and reader and writer != reader)


def failed_imports(record: BuildRecord) -> list[str]:
    """The reason for each cache that a build asked for and did not get.

    Clients of BuildKit leave a local cache that they do not find out of their request.
    Source: moby/buildkit client/solve.go (parseCacheOptions) @ v0.13.2; measured with buildx 0.13.1.
    """
    refused = [
        f"{vertex.name}: {vertex.error}"
        for vertex in record.vertices
        if vertex.name.startswith(IMPORT_VERTEX) and vertex.error
    ]
    dropped = record.request.cache_from_dropped
    return refused + [f"{source}: the client left it out of its request" for source in dropped]


# Where builds export caches to and import them from, and what an export leaves out.

_INLINE = "BUILDKIT_INLINE_CACHE"
_PLACE: Mapping[str, tuple[str, ...]] = {
    "registry": ("ref",),
    "gha": ("url", "url_v2", "scope"),
    "s3": ("endpoint_url", "bucket", "prefix", "name"),
    "azblob": ("account_url", "container", "prefix", "name"),
}
"""By kind of cache, the fields that locate it; a local one has ``dest`` to export, ``src`` to import.
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
    """The result is not built on the step's stage: its files were only copied, or not used at all."""
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
        stage = dockerfile.find_base(stage.base, before=stage.index)
    return frozenset(found)
