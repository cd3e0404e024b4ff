"""What a cache did not give although the keys are equal: not stored yet, missed by a bug, pruned."""

from collections.abc import Iterator
from datetime import datetime

from layerfork.diagnose.causes.edits import command_of
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.judgedbuilds import StepView
from layerfork.diagnose.compare.sharedcaches import imports_cache, separate_caches
from layerfork.diagnose.compare.sites import Reason
from layerfork.diagnose.enginebugs import EngineBug, bugs_met, describe_bug
from layerfork.record.answer import Cause, Fix
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.context import short_digest
from layerfork.record.engine import BUILDKIT_DAEMON
from layerfork.record.record import BuildRecord, StepRecord


def _say_empty(scene: Scene, cause: Cause) -> str:
    if scene.again:
        return "the cache held no result of the earlier build"
    return f"the cache held no result of {scene.writer_name} when {scene.reader_name} built"


def _say_gone(scene: Scene, cause: Cause) -> str:
    if scene.again:
        return "its stored result is no longer in the cache"
    return f"the result that {scene.writer_name} stored is no longer in the cache"


def _say_at_once(scene: Scene, cause: Cause) -> str:
    writer, reader = scene.subjects
    early = f"{reader} came to this step {cause.detail} before {writer} finished it"
    return f"the builds ran at the same time: {early}"


def _say_bug(scene: Scene, cause: Cause) -> str:
    return cause.detail


def _fix_lost(scene: Scene, cause: Cause) -> Fix:
    """This very build has stored it anew."""
    command = command_of(scene, scene.reader)
    if scene.again and command:
        return Fix(
            sentence=f"this build has stored it again: `{command}` reuses it until the next prune",
            command=command,
        )
    return Fix(sentence=cause.remedy)


CLEARLY_S = 0.2
"""Builders print a step's end a moment after it; shorter times prove nothing."""


_ONE_AFTER_THE_OTHER = "build one after the other"
_REMEDIES = {
    Builder.CLASSIC: _ONE_AFTER_THE_OTHER,
    Builder.BUILDKIT: "nothing is lost where both use one BuildKit: it executes the step once for both",
}


def seconds_too_early(case: Case) -> float | None:
    """How long before the writer's result was stored the reader's step began; None unless clearly so.

    buildah waits for another build that is executing the same step: with podman 5.4 the second of two hit.

    Times of steps count from the engine's first work, which is later than a record's own time. So the
    writer's end is assumed to be as early, and the reader's begin as late, as both times allow.
    """
    writer, reader = case.writer.record, case.reader.record
    if reader.builder is Builder.BUILDAH:
        return None
    stored, asked = _earliest_end(writer, case.writer_view.step), _latest_begin(reader, case.reader_view.step)
    if stored is None or asked is None or stored - asked < CLEARLY_S:
        return None
    return stored - asked


def _earliest_end(record: BuildRecord, step: StepRecord) -> float | None:
    began = _time_of(record)
    if began is None or step.started_s is None or step.seconds is None:
        return None
    return began + step.started_s + step.seconds


def _latest_begin(record: BuildRecord, step: StepRecord) -> float | None:
    began = _time_of(record)
    ends = [
        each.started_s + each.seconds for each in record.steps if each.started_s is not None and each.seconds
    ]
    if began is None or step.started_s is None or not ends:
        return None
    return began + record.seconds - (max(ends) - step.started_s)


def _time_of(record: BuildRecord) -> float | None:
    """Seconds since 1970; None for an import, whose time is that of its file."""
    if record.imported_from or not record.recorded_at:
        return None
    return datetime.fromisoformat(record.recorded_at).timestamp()


def find_parallel_build(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, one cache, and the reader's step began before the writer's had ended."""
    writer, reader = case.writer.record, case.reader.record
    if case.site.reason is not Reason.EQUAL_KEYS or separate_caches(writer, reader) is not None:
        return
    early = seconds_too_early(case)
    if early is None:
        return
    one_clock = bool(writer.redaction_key_id) and writer.redaction_key_id == reader.redaction_key_id
    yield Finding(
        code=CauseCode.PARALLEL_BUILD,
        field="time",
        detail=f"{early:.1f} s",
        evidence=(
            (
                f"{case.writer_name} began at {writer.recorded_at}, and ended this step after "
                f"{_after(case.writer_view.step, ended=True)}"
            ),
            (
                f"{case.reader_name} began at {reader.recorded_at}, and came to this step after "
                f"{_after(case.reader_view.step, ended=False)}"
            ),
            *(() if one_clock else ("the records were made by two users or machines: clocks may differ",)),
        ),
        remedy=_REMEDIES[reader.builder],
        strength=Strength.RECORDS if one_clock else Strength.GUESS,
    )


def _after(step: StepRecord, *, ended: bool) -> str:
    return f"{(step.started_s or 0.0) + ((step.seconds or 0.0) if ended else 0.0):.1f} s"


PARALLEL_BUILD = CauseRule(
    code=CauseCode.PARALLEL_BUILD, say=_say_at_once, remedy=_ONE_AFTER_THE_OTHER, find=find_parallel_build
)
"""Two builds at once: what neither had finished the other could not reuse."""


def known_bugs(case: Case) -> tuple[EngineBug, ...]:
    """The bugs that the reader may have met."""
    if case.site.reason is not Reason.EQUAL_KEYS:
        return ()
    return bugs_met(case.reader.record, case.reader_view.step)


def find_engine_bug(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Equal keys, and an engine of a version that is known to miss in such a build."""
    for bug in known_bugs(case):
        yield Finding(
            code=CauseCode.ENGINE_BUG,
            field="engine version",
            detail=describe_bug(case.reader.record, bug),
            evidence=(f"the keys are equal, and upstream knows of it: {bug.thread}",),
            remedy=bug.remedy,
            strength=Strength.GUESS,
        )


ENGINE_BUG = CauseRule(
    code=CauseCode.ENGINE_BUG, say=_say_bug, remedy="update the engine", find=find_engine_bug
)
"""Equal keys, and the engine has a known bug that such a build meets."""


_KEPT = (
    "`docker buildx du --verbose` before the next build shows what is kept, how large it is and when it was "
    "used last"
)


def settled_by(case: Case) -> str:
    """What would show that a result is gone, and which rule or command removed it."""
    return f"to find out: {_how(case)}"


def _how(case: Case) -> str:
    reader = case.reader.record
    if reader.builder is Builder.CLASSIC:
        return _of_images(case)
    if reader.builder is Builder.BUILDAH:
        return "`podman image ls --all` before the next build shows the images that it can reuse"
    if reader.engine is not None and reader.engine.kind == BUILDKIT_DAEMON:
        return (
            f"{_KEPT}; `docker buildx inspect` lists the rules of garbage collection; only buildkitd's log "
            "shows what they removed (`gc cleaned up`, with --debug)"
        )
    return (
        f"{_KEPT}; builder.gc in daemon.json sets the rules of garbage collection, the engine has defaults; "
        "only dockerd's log shows what they removed (`gc cleaned up`, with --debug); `docker builder prune` "
        "leaves no trace"
    )


def _of_images(case: Case) -> str:
    """The classic builder's cache is images: the engine remembers which were removed."""
    since, until = case.writer.record.recorded_at, case.reader.record.recorded_at
    stored = case.writer_view.step.identity
    image = f"its image {short_digest(stored)}" if stored else "an image of it"
    events = (
        f"`docker events --since {since} --until {until} --filter type=image --filter event=delete` shows "
        f"whether {image} was removed, as long as the engine has had no 256 events since; "
        if since < until
        else ""
    )
    return f"{events}`docker image ls --all` before the next build shows the images that it can reuse"


def _may_be_lost(case: Case) -> bool:
    """Equal keys on one cache, and nothing else explains the miss or shows that the writer's results were
    kept: no control of the writer, no import, no result that came too late, no known bug."""
    if case.site.reason is not Reason.EQUAL_KEYS or case.writer.control == "hit":
        return False
    if imports_cache(case.reader.record) or separate_caches(case.writer.record, case.reader.record):
        return False
    return seconds_too_early(case) is None and not known_bugs(case)


def _cacheable(case: Case) -> list[StepView]:
    """Steps of the reader that a cache can hold."""
    views = case.comparison.reader_views.values()
    return [view for view in views if view.cacheable]


def find_cache_empty(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Every cacheable step missed, and no control of the writer shows that its results were kept."""
    steps = _cacheable(case)
    if not _may_be_lost(case) or any(view.reused for view in steps):
        return
    yield Finding(
        code=CauseCode.CACHE_EMPTY,
        field="cache",
        evidence=(
            f"{len(steps)} cacheable steps of {case.reader_name}, none reused; keys are equal",
            settled_by(case),
        ),
        strength=Strength.GUESS,
    )


CACHE_EMPTY = CauseRule(
    code=CauseCode.CACHE_EMPTY,
    say=_say_empty,
    remedy="keep the builder's cache between builds (no prune, no fresh builder), or import one",
    fix=_fix_lost,
    find=find_cache_empty,
)
"""Equal keys, and not one step of the reader was reused: the cache had nothing to give."""


def find_cache_record_gone(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """Some steps were reused, and no control of the writer shows that this one was kept."""
    reused = [view.index for view in _cacheable(case) if view.reused]
    if not _may_be_lost(case) or not reused:
        return
    yield Finding(
        code=CauseCode.CACHE_RECORD_GONE,
        field="cache",
        evidence=(
            "the keys of this step are equal",
            f"steps of {case.reader_name} that were reused: {', '.join(map(str, reused))}",
            settled_by(case),
        ),
        strength=Strength.GUESS,
    )


CACHE_RECORD_GONE = CauseRule(
    code=CauseCode.CACHE_RECORD_GONE,
    say=_say_gone,
    remedy="keep images and cache (no `docker rmi`, `image prune`, `builder prune`, larger GC limit)",
    fix=_fix_lost,
    find=find_cache_record_gone,
)
"""Equal keys, earlier steps reused, this one not: its result was pruned or its image removed."""


RULES = (
    PARALLEL_BUILD,
    ENGINE_BUG,
    CACHE_EMPTY,
    CACHE_RECORD_GONE,
)
