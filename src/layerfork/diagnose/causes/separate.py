"""Two caches: another builder, another instance of it, another image store."""

from collections.abc import Iterator

from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.sites import Reason
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord


def find_builder(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """The two records name different builders."""
    scope = case.comparison.scope
    if case.site.reason is not Reason.OTHER_CACHE or scope is None or scope.code != CauseCode.BUILDER:
        return
    yield Finding(
        code=CauseCode.BUILDER,
        field=scope.field,
        writer=scope.writer,
        reader=scope.reader,
        what=(
            f"{case.reader_name} built with {scope.reader}, {case.writer_name} with {scope.writer}, "
            "and each has a cache of its own"
        ),
        evidence=(
            f"builder of {case.reader_name}: {scope.reader}",
            f"builder of {case.writer_name}: {scope.writer}",
        ),
        remedy="use one builder for all clients (DOCKER_BUILDKIT=0 or 1; SDKs speak to the classic one)",
        strength=Strength.RECORDS,
    )


BUILDER = CauseRule(code=CauseCode.BUILDER, find=find_builder)
"""Two builders never share a cache, whatever they build."""


def find_builder_instance(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """The records come from two caches, and the reader imported none."""
    scope = case.comparison.scope
    if (
        case.site.reason is not Reason.OTHER_CACHE
        or scope is None
        or scope.code != CauseCode.BUILDER_INSTANCE
    ):
        return
    yield Finding(
        code=CauseCode.BUILDER_INSTANCE,
        field=scope.field,
        writer=scope.writer,
        reader=scope.reader,
        what=f"{case.reader_name} and {case.writer_name} used two builders with a cache each",
        evidence=(
            f"{scope.field} of {case.reader_name}: {scope.reader}",
            f"{scope.field} of {case.writer_name}: {scope.writer}",
            f"engine of {case.reader_name}: {_describe(case.reader.record)}",
            f"engine of {case.writer_name}: {_describe(case.writer.record)}",
        ),
        remedy="build on one builder, or export the cache and import it (--cache-to, --cache-from)",
        strength=Strength.RECORDS,
    )


def _describe(record: BuildRecord) -> str:
    engine = record.engine
    if engine is None:
        return "unknown"
    return f"{engine.kind} {engine.version}, image store {engine.image_store}"


BUILDER_INSTANCE = CauseRule(code=CauseCode.BUILDER_INSTANCE, find=find_builder_instance)
"""The same kind of builder, but another one: another engine, another buildx builder."""


def find_image_store(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """The engine kept its images in another store for each of the builds."""
    scope = case.comparison.scope
    if case.site.reason is not Reason.OTHER_CACHE or scope is None or scope.code != CauseCode.IMAGE_STORE:
        return
    yield Finding(
        code=CauseCode.IMAGE_STORE,
        field=scope.field,
        writer=scope.writer,
        reader=scope.reader,
        what=(
            f"the engine's image store was {scope.reader} for {case.reader_name} "
            f"and {scope.writer} for {case.writer_name}"
        ),
        evidence=(
            f"image store, {case.reader_name}: {scope.reader}",
            f"image store, {case.writer_name}: {scope.writer}",
        ),
        remedy="keep one image store, or move the cache with --cache-to and --cache-from",
        strength=Strength.RECORDS,
    )


IMAGE_STORE = CauseRule(code=CauseCode.IMAGE_STORE, find=find_image_store)
"""One engine with two image stores: each store has results of its own."""


RULES = (
    BUILDER,
    BUILDER_INSTANCE,
    IMAGE_STORE,
)
