"""Whether two builds can share one cache at all."""

from dataclasses import dataclass

from layerfork.model.record import BuildRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeDifference:
    """A reason why the reader looked into another cache than the writer's."""

    code: str
    """``builder``, ``builder-instance``, ``image-store`` or ``engine-version``."""
    field: str
    writer: str
    reader: str


def separate_caches(writer: BuildRecord, reader: BuildRecord) -> ScopeDifference | None:
    """The first reason why the caches are separate, or None.

    Only what both records know is compared: an empty field separates nothing.
    """
    if writer.builder is not reader.builder:
        return ScopeDifference(
            code="builder", field="builder", writer=writer.builder.value, reader=reader.builder.value
        )
    mine, theirs = writer.engine, reader.engine
    if mine and theirs and mine.instance and theirs.instance and mine.instance != theirs.instance:
        return ScopeDifference(
            code="builder-instance", field="engine id", writer=mine.instance, reader=theirs.instance
        )
    if mine and theirs and mine.instance and _differ(mine.image_store, theirs.image_store):
        # Before the builder: BuildKit has another id in each store of one engine.
        return _other_store(mine.image_store, theirs.image_store)
    if _differ(writer.builder_instance, reader.builder_instance):
        return ScopeDifference(
            code="builder-instance",
            field="builder instance",
            writer=writer.builder_instance,
            reader=reader.builder_instance,
        )
    if mine and theirs and _differ(mine.image_store, theirs.image_store):
        return _other_store(mine.image_store, theirs.image_store)
    if mine and theirs and not (mine.instance and theirs.instance) and _differ(mine.version, theirs.version):
        return ScopeDifference(
            code="engine-version", field="engine version", writer=mine.version, reader=theirs.version
        )
    return None


def _other_store(writer: str, reader: str) -> ScopeDifference:
    return ScopeDifference(code="image-store", field="image store", writer=writer, reader=reader)


def imports_cache(reader: BuildRecord) -> bool:
    """The reader asked for a cache from elsewhere, so another instance need not mean another cache."""
    return bool(reader.request.cache_from)


def _differ(writer: str, reader: str) -> bool:
    return bool(writer and reader and writer != reader)
