"""Whether two builds can share one cache at all."""

from dataclasses import dataclass

from layerfork.keys.buildah.rules import service_has_no_cache
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
    """Whether a build could use no cache: it was told so, or podman's service had none for it and nothing of
    it says otherwise."""
    return record.request.no_cache or (service_has_no_cache(record) and not any(map(_reused, record.steps)))


def _reused(step: StepRecord) -> bool:
    return step.status is StepStatus.HIT and not step.instruction.upper().startswith("FROM")


def is_built_without_cache(record: BuildRecord, step: StepRecord) -> bool:
    """Whether this step had to be built: its operations say so, or where no definition shows them, the
    request names its stage.

    Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (ignoreCache) @ v0.13.2.
    """
    vertices = set(step.vertices)
    own = [op for op in record.definition.ops if op.digest in vertices] if record.definition else []
    if own:
        return any(op.ignore_cache for op in own)
    return bool(step.stage_name) and step.stage_name in record.request.no_cache_stages


def separate_caches(writer: BuildRecord, reader: BuildRecord) -> ScopeDifference | None:
    """The first reason why the caches are separate, or None.

    Only what both records know is compared: an empty field separates nothing.
    """
    if writer.builder is not reader.builder:
        return ScopeDifference(
            code="builder", field="builder", writer=writer.builder.value, reader=reader.builder.value
        )
    writers, readers = writer.engine, reader.engine
    if writers and readers and writers.instance and readers.instance and writers.instance != readers.instance:
        return ScopeDifference(
            code="builder-instance",
            field="engine id",
            writer=writers.instance,
            reader=readers.instance,
        )
    if writers and readers and writers.instance and _differ(writers.image_store, readers.image_store):
        # Before the builder: BuildKit has another id in each store of one engine.
        return _other_store(writers.image_store, readers.image_store)
    if _differ(writer.builder_instance, reader.builder_instance):
        return ScopeDifference(
            code="builder-instance",
            field="builder instance",
            writer=writer.builder_instance,
            reader=reader.builder_instance,
        )
    if writers and readers and _differ(writers.image_store, readers.image_store):
        return _other_store(writers.image_store, readers.image_store)
    if (
        writers
        and readers
        and not (writers.instance and readers.instance)
        and _differ(writers.version, readers.version)
    ):
        return ScopeDifference(
            code="engine-version",
            field="engine version",
            writer=writers.version,
            reader=readers.version,
        )
    return None


def _other_store(writer: str, reader: str) -> ScopeDifference:
    return ScopeDifference(code="image-store", field="image store", writer=writer, reader=reader)


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
    """What is known of each cache that a build asked for and did not get.

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
