"""The writer's result was not stored yet when the reader asked for it."""

from collections.abc import Iterator
from datetime import datetime

from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.compare.caches import separate_caches
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.sites import Reason
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildRecord, StepRecord

CLEARLY_S = 0.2
"""Builders print what they did a moment after it is done."""


_REMEDIES = {
    Builder.CLASSIC: "build one after the other",
    Builder.BUILDKIT: "nothing is lost where both use one BuildKit: it executes the step once for both",
}


def seconds_too_early(case: Case) -> float | None:
    """How long before the writer's result was stored the reader's step began; None unless clearly so.

    buildah waits for a build that has the same step at work: with podman 5.4 the second of two hit.

    Times of steps count from the engine's first work, which is later than a record's own time: the writer's
    end is taken for as early, the reader's begin for as late as both allow.
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
        what=(
            f"{case.reader_name} came to it {early:.1f} s before {case.writer_name} had finished it: "
            "the builds ran side by side"
        ),
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


PARALLEL_BUILD = CauseRule(code=CauseCode.PARALLEL_BUILD, find=find_parallel_build)
"""Two builds at once: what neither had finished the other could not reuse."""

RULES = (PARALLEL_BUILD,)
