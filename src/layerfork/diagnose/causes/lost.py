"""The cache held nothing for the step, or was not to be used."""

from collections.abc import Iterator

from layerfork.diagnose.causes.atonce import seconds_too_early
from layerfork.diagnose.causes.enginebugs import known_bugs
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.causes.settling import settled_by
from layerfork.diagnose.compare.caches import (
    exported_only_result,
    exports,
    failed_imports,
    imports_cache,
    is_beside_result,
    is_built_without_cache,
    places_of,
    separate_caches,
)
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.sites import Reason
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.record import StepStatus


def find_cache_off(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """The request says no cache, or the step's op carries BuildKit's ignore-cache flag."""
    request = case.reader.record.request
    step = case.reader_view.step
    if case.site.reason is Reason.CACHE_OFF and not request.no_cache:
        yield _service_without_cache(case)
        return
    if case.site.reason is Reason.CACHE_OFF:
        scope, told = "no-cache", "not to use the cache"
    elif case.site.reason is not Reason.OTHER_CACHE and is_built_without_cache(case.reader.record, step):
        stages = request.no_cache_stages
        stage = stages[0] if len(stages) == 1 else step.stage_name
        scope = f"no-cache of stage {stage}" if stages and stage else "ignore-cache flag of the op"
        told = f"not to use the cache {f'in stage {stage}' if stages and stage else 'for this step'}"
    else:
        return
    yield Finding(
        code=CauseCode.CACHE_OFF,
        field=scope,
        writer="off" if case.writer.record.request.no_cache else "on",
        reader="off",
        what=f"{case.reader_name} was told {told}",
        evidence=(f"request of {case.reader_name}: {scope}",),
        remedy="drop --no-cache (nocache=True, no_cache: true, --no-cache-filter) where reuse is wanted",
        strength=Strength.RECORDS,
    )


SERVICE_WITHOUT_CACHE = "no layers asked for"
"""The field of a cause that the engine, not the request, is to blame for."""


def _service_without_cache(case: Case) -> Finding:
    engine = case.reader.record.engine
    assert engine is not None  # its version is why
    return Finding(
        code=CauseCode.CACHE_OFF,
        field=SERVICE_WITHOUT_CACHE,
        what=f"podman's service before 4.0 has no cache for what {case.reader_name} sent",
        evidence=(
            f"request of {case.reader_name}: it asks for no layers",
            f"engine of {case.reader_name}: podman {engine.version}",
        ),
        remedy="update to podman 4.0 or later, or build with `podman build`",
        strength=Strength.RECORDS,
    )


CACHE_OFF = CauseRule(code=CauseCode.CACHE_OFF, find=find_cache_off)
"""The reader was told not to use the cache, for the whole build or for some stages; or had none."""


def find_cache_from(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, the classic builder, and a list that only the reader gave, or another list."""
    writer, reader = case.writer.record.request.cache_from, case.reader.record.request.cache_from
    classic = case.reader.record.builder is Builder.CLASSIC
    if case.site.reason is not Reason.EQUAL_KEYS or not classic or not reader:
        return
    yield Finding(
        code=CauseCode.CACHE_FROM,
        field="cachefrom",
        writer=", ".join(writer),
        reader=", ".join(reader),
        what=f"{case.reader_name} allowed only results of {', '.join(reader)} (--cache-from)",
        evidence=(
            f"cache-from of {case.reader_name}: {', '.join(reader)}",
            f"cache-from of {case.writer_name}: {', '.join(writer) or 'none'}",
        ),
        remedy="drop --cache-from for local builds, or list the local image as well",
        strength=Strength.RECORDS if _was_there(case) else Strength.GUESS,
    )


def _was_there(case: Case) -> bool:
    """The writer's control found its results, and no image that the reader allowed stands on them."""
    facts = dict(case.reader.record.base_images)
    stored = {step.identity for step in case.writer.record.steps if step.index >= case.site.step}
    allowed = [facts.get(reference) for reference in case.reader.record.request.cache_from]
    apart = all(
        image is not None and not stored & {row.image_id for row in image.history} for image in allowed
    )
    return apart and case.writer.control == "hit"


CACHE_FROM = CauseRule(code=CauseCode.CACHE_FROM, find=find_cache_from)
"""--cache-from of the classic builder hides local results that are no ancestor of a listed image."""


def find_cache_not_imported(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, and an import that failed or did not hold this step."""
    reader, writer = case.reader.record, case.writer.record
    separate = separate_caches(writer, reader) is not None
    if case.site.reason is not Reason.EQUAL_KEYS or reader.builder is Builder.CLASSIC:
        return
    if not imports_cache(reader) or (not separate and case.writer.control == "hit"):
        return
    failed = failed_imports(reader)
    sources = ", ".join((*reader.request.cache_from, *reader.request.cache_from_dropped))
    exported = ", ".join(writer.request.cache_to)
    if failed:
        what = f"{case.reader_name} could not import its cache from {sources}"
    else:
        what = f"the cache that {case.reader_name} imported from {sources} did not hold this step"
        what += _why_not_held(case)
    if not separate:
        what = f"the result that {case.writer_name} stored is gone, and {what}"
    yield Finding(
        code=CauseCode.CACHE_NOT_IMPORTED,
        field="cache-from",
        writer=exported,
        reader=sources,
        what=what,
        evidence=(
            *failed,
            f"cache-from of {case.reader_name}: {sources}",
            f"cache-to of {case.writer_name}: {exported or 'none'}",
            *(f"since exported to the same place: {other}" for other in case.writer.exported_over),
            *(() if failed else (_CACHE_INSPECTED,)),
        ),
        remedy="export every step (--cache-to …,mode=max), and check that the import finds it",
        strength=Strength.RECORDS if failed and separate else Strength.GUESS,
    )


_CACHE_INSPECTED = (
    "what would settle it: `layerfork cache inspect` of that cache, with `--record` and the record of "
    "the build that exported it"
)


def _why_not_held(case: Case) -> str:
    """What the records tell of why an import that went well lacked a step."""
    writer = case.writer.record
    if not exports(writer):
        return f", and {case.writer_name} exported none"
    if not places_of(writer.request.cache_to) & places_of(case.reader.record.request.cache_from):
        return ""
    if case.writer.exported_over:
        return f": {case.writer.exported_over[0]} exported to the same place, over it"
    if exported_only_result(writer) and is_beside_result(writer, case.writer_view.step):
        return ": mode=min exports only what the result is built on, and it is of another stage"
    return ""


CACHE_NOT_IMPORTED = CauseRule(code=CauseCode.CACHE_NOT_IMPORTED, find=find_cache_not_imported)
"""The reader asked for a cache from elsewhere, and the writer's results did not come with it."""


def _explained(case: Case) -> bool:
    """The result was not stored yet, or the engine is known to miss what it has: nothing need be lost."""
    return seconds_too_early(case) is not None or bool(known_bugs(case))


def find_cache_empty(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Every cacheable step missed, and no control of the writer shows that its results were kept."""
    if case.site.reason is not Reason.EQUAL_KEYS or case.writer.control == "hit":
        return
    if imports_cache(case.reader.record) or separate_caches(case.writer.record, case.reader.record):
        return
    if _explained(case):
        return
    steps = [
        view.step.status
        for view in case.comparison.reader_views.values()
        if not (view.always_runs or view.neutral)
    ]
    if any(status is StepStatus.HIT for status in steps):
        return
    yield Finding(
        code=CauseCode.CACHE_EMPTY,
        field="cache",
        what=f"nothing of {case.writer_name}'s build was left in the cache when {case.reader_name} built",
        evidence=(
            f"{len(steps)} cacheable steps of {case.reader_name}, none reused; keys are equal",
            settled_by(case),
        ),
        remedy="keep the builder's cache between builds (no prune, no fresh builder), or import one",
        strength=Strength.GUESS,
    )


CACHE_EMPTY = CauseRule(code=CauseCode.CACHE_EMPTY, find=find_cache_empty)
"""Equal keys, and not one step of the reader was reused: the cache had nothing to give."""


def find_cache_record_gone(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Some steps were reused, and no control of the writer shows that this one was kept."""
    if case.site.reason is not Reason.EQUAL_KEYS or case.writer.control == "hit":
        return
    if imports_cache(case.reader.record) or separate_caches(case.writer.record, case.reader.record):
        return
    if _explained(case):
        return
    reused = [
        index
        for index, view in case.comparison.reader_views.items()
        if view.step.status is StepStatus.HIT and not (view.always_runs or view.neutral)
    ]
    if not reused:
        return
    yield Finding(
        code=CauseCode.CACHE_RECORD_GONE,
        field="cache",
        what=f"the result that {case.writer_name} stored is gone",
        evidence=(
            "the keys of this step are equal",
            f"steps of {case.reader_name} that were reused: {', '.join(map(str, reused))}",
            settled_by(case),
        ),
        remedy="keep images and cache (no `docker rmi`, `image prune`, `builder prune`, larger GC limit)",
        strength=Strength.GUESS,
    )


CACHE_RECORD_GONE = CauseRule(code=CauseCode.CACHE_RECORD_GONE, find=find_cache_record_gone)
"""Equal keys, earlier steps reused, this one not: its result was pruned or its image removed."""


RULES = (
    CACHE_OFF,
    CACHE_FROM,
    CACHE_NOT_IMPORTED,
    CACHE_EMPTY,
    CACHE_RECORD_GONE,
)
