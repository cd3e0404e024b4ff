"""Builds judged as a gate does: every step that a cache can hold was reused, or was allowed not to be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from layerfork.app.check.allowing import Allowed, sift, unmatched
from layerfork.record.answer import Answer, Fork
from layerfork.record.check import Against, CheckReport, UnexplainedStep
from layerfork.record.record import StepRecord, StepStatus
from layerfork.record.run import DiffReport

NOTHING_CHECKED = "no build has a step that a cache can hold, so nothing was checked"
_EVALUATED = (StepStatus.HIT, StepStatus.MISS, StepStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gated:
    """One build judged."""

    report: DiffReport
    steps: int
    rebuilt: tuple[StepRecord, ...]
    allowed: int
    open: int
    allowed_answers: tuple[Answer, ...]
    unexplained: tuple[UnexplainedStep, ...]
    problems: tuple[str, ...]
    unplaced: tuple[tuple[tuple[str, int], int], ...]
    """Line and index of the steps that no fork explains."""


def gate(
    reports: Sequence[DiffReport],
    allowed: Allowed,
    against: Against,
    *,
    max_lost_s: float | None = None,
    baseline: str = "",
    problems: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> CheckReport:
    """Judge builds that were compared with what they had to reuse; ``problems`` are known already."""
    gated = [_gated(report, allowed) for report in reports]
    steps = sum(each.steps for each in gated)
    found = [*problems, *(problem for each in gated for problem in each.problems)]
    if not (steps or found):
        found.append(NOTHING_CHECKED)
    return CheckReport(
        against=against,
        baseline=baseline,
        diffs=tuple(each.report for each in gated),
        all_diffs=tuple(reports),
        steps=steps,
        rebuilt=sum(len(each.rebuilt) for each in gated),
        allowed=sum(each.allowed for each in gated),
        open=sum(each.open for each in gated),
        allowed_answers=tuple(answer for each in gated for answer in each.allowed_answers),
        unexplained=tuple(step for each in gated for step in each.unexplained),
        seconds_lost=total_s(step.seconds for each in gated for step in each.rebuilt),
        max_lost_s=max_lost_s,
        problems=tuple(found),
        notes=(*notes, *_unmatched(reports, gated, allowed)),
    )


def _unmatched(reports: Sequence[DiffReport], gated: Sequence[_Gated], allowed: Allowed) -> tuple[str, ...]:
    found = [pair for each in reports for pair in zip(each.judgement.forks, each.answers, strict=True)]
    return unmatched(allowed, found, [place for each in gated for place in each.unplaced])


def total_s(seconds: Iterable[float | None]) -> float | None:
    """Their sum; None when one of them is not known."""
    known = list(seconds)
    return None if None in known else sum(each for each in known if each is not None)


def _gated(report: DiffReport, allowed: Allowed) -> _Gated:
    sifted = sift(report.judgement, report.answers, allowed)
    counted = set(report.cacheable)
    steps = [step for step in report.reader_steps if step.index in counted and step.status in _EVALUATED]
    excused = _steps_of(sifted.allowed) - _steps_of(sifted.judgement.forks)
    explained = _steps_of(sifted.judgement.forks)
    forked = {fork.step for fork in sifted.judgement.forks}
    missed = [step for step in steps if step.status is StepStatus.MISS or _is_open(step, forked)]
    unplaced = [step for step in missed if step.index not in excused | explained]
    pardoned = [
        step for step in unplaced if step.index in allowed.steps or _line(step, report) in allowed.lines
    ]
    lost = [step for step in missed if step.index not in excused and step not in pardoned]
    return _Gated(
        report=replace(report, judgement=sifted.judgement, answers=sifted.answers),
        steps=len(steps),
        rebuilt=tuple(lost),
        allowed=len(missed) - len(lost),
        allowed_answers=sifted.allowed_answers,
        unexplained=tuple(_unexplained(step, report) for step in unplaced if step not in pardoned),
        open=sum(_is_open(step, explained - forked) for step in steps),
        problems=tuple(_problems(report, steps, excused | explained)),
        unplaced=tuple((_line(step, report), step.index) for step in unplaced),
    )


def _is_open(step: StepRecord, among: set[int]) -> bool:
    return step.status is StepStatus.UNKNOWN and step.index in among


def _steps_of(forks: Sequence[Fork]) -> set[int]:
    return {index for fork in forks for index in (fork.step, *fork.consequences)}


def _file(report: DiffReport) -> str:
    return report.dockerfile.rpartition("/")[2] or "Dockerfile"


def _line(step: StepRecord, report: DiffReport) -> tuple[str, int]:
    return _file(report), step.line


def _unexplained(step: StepRecord, report: DiffReport) -> UnexplainedStep:
    place = f"{_file(report)}:{step.line}" if step.line else f"step {step.index}"
    return UnexplainedStep(build=report.build, place=place, instruction=step.instruction)


def _problems(report: DiffReport, steps: Sequence[StepRecord], explained: set[int]) -> Iterable[str]:
    name = report.build or "the build"
    if report.failure:
        yield f"{name} {report.failure}"
        return
    open_steps = [step for step in steps if step.status is StepStatus.UNKNOWN and step.index not in explained]
    if open_steps:
        numbers = ", ".join(str(step.index) for step in open_steps)
        yield (
            f"{name}: whether step {numbers} was reused is not known "
            "(the classic builder does not say it of a quiet build, -q)"
        )
