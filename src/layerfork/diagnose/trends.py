"""What a history says over all of its builds. Pure: explained builds in, statistics out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum
from statistics import median

from layerfork.diagnose.changepoints import Change, began_to_miss, jumped, splits
from layerfork.record.answer import Answer, CauseStatus
from layerfork.record.history import ExplainedBuild
from layerfork.record.record import StepStatus
from layerfork.record.trends import (
    BranchReuse,
    BuildPoint,
    ChangeKind,
    ForeseenFix,
    MeasuredBuild,
    MeasuredStep,
    PointStep,
    RankedCause,
    SeriesTrends,
    SlowChange,
    StepName,
    StepTrend,
    Stored,
    Trends,
    UnusedCache,
)

_WEAKEST = (CauseStatus.UNEXPLAINED, CauseStatus.SUSPECTED, CauseStatus.INFERRED, CauseStatus.PROVEN)
_NO_TIMES = "no time of these steps is known"


@dataclass(frozen=True)
class _Timed:
    """One build with what was measured of it."""

    build: ExplainedBuild
    measured: MeasuredBuild

    @cached_property
    def by_name(self) -> Mapping[StepName, MeasuredStep]:
        return {step.name: step for step in self.measured.steps}


@dataclass(frozen=True)
class _Value:
    """What one build shows of a step, for a rule about changes."""

    timed: _Timed
    step: MeasuredStep


def trends_of(builds: Iterable[ExplainedBuild]) -> Trends:
    """Statistics over the builds that were measured, whatever their order."""
    measured = [_Timed(each, each.measured) for each in builds if each.measured is not None]
    measured.sort(key=lambda each: each.build.recorded_at)
    groups: dict[str, list[_Timed]] = defaultdict(list)
    for each in measured:
        groups[each.measured.series].append(each)
    tests = _tests(groups.values())
    series = [_series(title, group, tests) for title, group in groups.items()]
    causes = [cause for title, group in groups.items() for cause in _causes(title, group)]
    return Trends(
        series=tuple(sorted(series, key=lambda each: -len(each.points))),
        causes=tuple(sorted(causes, key=lambda each: (-(each.seconds_lost or 0.0), -each.builds))),
        branches=tuple(_branches(measured)),
    )


def _series(title: str, builds: Sequence[_Timed], tests: int) -> SeriesTrends:
    names = _ordered_names(builds)
    places = {name: place for place, name in enumerate(names)}
    return SeriesTrends(
        title=title,
        points=tuple(_point(each, places) for each in builds),
        steps=tuple(_step_trend(name, builds) for name in names),
        changes=tuple(_changes(names, builds, tests)),
        unused=_unused(builds),
    )


def _ordered_names(builds: Sequence[_Timed]) -> list[StepName]:
    """In the order of the newest build; what only older ones had follows."""
    return list(dict.fromkeys(name for each in reversed(builds) for name in each.by_name))


def _point(timed: _Timed, places: Mapping[StepName, int]) -> BuildPoint:
    return BuildPoint(
        id=timed.build.id,
        recorded_at=timed.build.recorded_at,
        commit=timed.measured.commit,
        seconds=timed.build.seconds,
        steps=tuple(PointStep(places[step.name], step.status, step.seconds) for step in timed.measured.steps),
    )


def _step_trend(name: StepName, builds: Sequence[_Timed]) -> StepTrend:
    steps = [step for each in builds if (step := each.by_name.get(name)) is not None]
    counts = Counter(step.status for step in steps)
    times = _times_of_misses(steps)
    return StepTrend(
        name=name,
        line=steps[-1].line,
        hits=counts[StepStatus.HIT],
        misses=counts[StepStatus.MISS],
        unknown=counts[StepStatus.UNKNOWN],
        median_s=median(times) if times else None,
        seconds=fsum(times),
    )


def _times_of_misses(steps: Iterable[MeasuredStep]) -> list[float]:
    return [step.seconds for step in steps if step.status is StepStatus.MISS and step.seconds is not None]


# Since when a step costs more.


def _tests(groups: Iterable[Sequence[_Timed]]) -> int:
    """How many places are looked at for a change, in all series, branches and steps, by both rules."""
    return sum(
        splits(len(values)) + splits(len(_timed_misses(values)))
        for builds in groups
        for line in _by_line(builds).values()
        for name in _ordered_names(line)
        for values in (_values(line, name),)
    )


def _by_line(builds: Sequence[_Timed]) -> Mapping[str, Sequence[_Timed]]:
    """Builds of one branch alone: another branch has other commits at the same time."""
    lines: dict[str, list[_Timed]] = defaultdict(list)
    for each in builds:
        if not each.measured.cache_off:
            lines[each.measured.line].append(each)
    return lines


def _values(builds: Sequence[_Timed], name: StepName) -> list[_Value]:
    """The builds that came to a step and show what became of it."""
    known = (StepStatus.HIT, StepStatus.MISS)
    found = (_Value(each, step) for each in builds if (step := each.by_name.get(name)) is not None)
    return [each for each in found if each.step.status in known]


def _timed_misses(values: Sequence[_Value]) -> list[_Value]:
    return [each for each in values if each.step.status is StepStatus.MISS and each.step.seconds is not None]


def _changes(names: Sequence[StepName], builds: Sequence[_Timed], tests: int) -> Iterator[SlowChange]:
    found: list[SlowChange] = []
    for branch, line in _by_line(builds).items():
        for name in names:
            values = _values(line, name)
            change = began_to_miss([each.step.status is StepStatus.MISS for each in values], tests)
            if change is not None:
                found.append(_missing_since(values, change, branch))
            times = _timed_misses(values)
            change = jumped([each.step.seconds or 0.0 for each in times], tests)
            if change is not None:
                found.append(_longer_since(times, change, branch))
    yield from sorted(_topmost(found), key=lambda each: each.recorded_at, reverse=True)


def _topmost(changes: Sequence[SlowChange]) -> Iterator[SlowChange]:
    """Of steps that began to miss the first: what lies below it has to follow.

    A lower step may seem to have begun earlier, where it missed in the builds before for reasons of its own.
    """
    found: list[SlowChange] = []
    for each in changes:
        if each.kind is ChangeKind.SECONDS:
            yield each
            continue
        above = next((at for at, other in enumerate(found) if _follows(each, other)), None)
        if above is None:
            found.append(each)
        else:
            found[above] = replace(found[above], below=found[above].below + 1)
    yield from found


def _follows(lower: SlowChange, upper: SlowChange) -> bool:
    if lower.branch != upper.branch:
        return False
    same_stage = lower.name.stage == upper.name.stage and lower.name.platform == upper.name.platform
    return lower.id == upper.id or (same_stage and lower.recorded_at <= upper.recorded_at)


def _missing_since(values: Sequence[_Value], change: Change, branch: str) -> SlowChange:
    before = values[: change.at]
    missed = sum(each.step.status is StepStatus.MISS for each in before)
    kind = ChangeKind.MISSES
    return replace(_changed(kind, values, change, branch), missed_before=missed)


def _longer_since(values: Sequence[_Value], change: Change, branch: str) -> SlowChange:
    times = [each.step.seconds or 0.0 for each in values]
    return replace(
        _changed(ChangeKind.SECONDS, values, change, branch),
        median_before_s=median(times[: change.at]),
        median_after_s=median(times[change.at :]),
    )


def _changed(kind: ChangeKind, values: Sequence[_Value], change: Change, branch: str) -> SlowChange:
    now, previous, last = values[change.first], values[change.first - 1], values[change.last]
    one, other = previous.timed.measured, now.timed.measured
    return SlowChange(
        kind=kind,
        name=now.step.name,
        line=now.step.line,
        branch=branch,
        id=now.timed.build.id,
        recorded_at=now.timed.build.recorded_at,
        commit=other.commit,
        last_id=last.timed.build.id if last is not now else "",
        last_commit=last.timed.measured.commit if last is not now else "",
        previous_id=previous.timed.build.id,
        previous_commit=one.commit,
        before=change.at,
        after=len(values) - change.at,
        chance=change.chance,
        dockerfile_changed=_differ(one.dockerfile, other.dockerfile),
        builder_changed=_differ(one.builder, other.builder),
        engine_changed=_differ(one.engine, other.engine),
        reason=_reason(now) if kind is ChangeKind.MISSES else "",
    )


def _differ(one: str, other: str) -> bool | None:
    return one != other if one and other else None


def _reason(value: _Value) -> str:
    """The headline of the answer that the step belongs to, or that it follows from."""
    report = value.timed.build.report
    lines = {value.step.line}
    for answer in report.answers if report is not None else ():
        if lines & {answer.line, *(later.line for later in answer.later)} - {0}:
            return answer.headline
    return ""


# Causes, ranked.


def _causes(title: str, builds: Sequence[_Timed]) -> Iterator[RankedCause]:
    medians = _medians(builds)
    compared = sum(each.build.report is not None for each in builds)
    groups: dict[tuple[str, str, str], list[tuple[_Timed, Answer, ForeseenFix]]] = defaultdict(list)
    for each in reversed(builds):
        answers = each.build.report.answers if each.build.report is not None else ()
        foreseen = each.measured.foreseen or (ForeseenFix(unknown="it was not looked at"),) * len(answers)
        for answer, fix in zip(answers, foreseen, strict=True):
            place = (answer.platform, answer.instruction, answer.points[0].named)
            groups[place].append((each, answer, fix))
    for found in groups.values():
        yield _cause(title, compared, found, medians)


def _cause(
    title: str,
    compared: int,
    found: Sequence[tuple[_Timed, Answer, ForeseenFix]],
    medians: Mapping[StepName, float],
) -> RankedCause:
    newest = found[0][1]
    times = [answer.seconds for _, answer, _ in found if answer.seconds is not None]
    lost = fsum(times) if times else None
    judged = [fix for _, _, fix in found if fix.steps or not fix.unknown]
    known = [medians[name] for fix in judged for name in fix.steps if name in medians]
    reasons = dict.fromkeys(fix.unknown for _, _, fix in found if fix.unknown)
    saved = fsum(known) if judged and (known or not any(fix.steps for fix in judged)) else None
    return RankedCause(
        series=title,
        place=newest.place,
        instruction=newest.instruction,
        code=newest.points[0].named,
        status=min((answer.status for _, answer, _ in found), key=_WEAKEST.index),
        culprit=newest.culprit,
        builds=len({each.build.id for each, _, _ in found}),
        compared=compared,
        seconds_lost=lost,
        fix=newest.fix.sentence,
        warning=newest.fix.warning,
        saved_s=saved if saved is None or lost is None else min(saved, lost),
        saved_builds=len(judged) if saved is not None else 0,
        saved_unknown=next(iter(reasons), _NO_TIMES if saved is None else ""),
        ids=tuple(dict.fromkeys(each.build.id for each, _, _ in found)),
    )


def _medians(builds: Sequence[_Timed]) -> Mapping[StepName, float]:
    """Of each step's misses; left out where no time is known."""
    times: dict[StepName, list[float]] = defaultdict(list)
    for each in builds:
        for step in each.measured.steps:
            times[step.name] += _times_of_misses((step,))
    return {name: median(found) for name, found in times.items() if found}


# Builds that should hit and do not, and reuse by branch.


def _unused(builds: Sequence[_Timed]) -> UnusedCache | None:
    on = [each for each in builds if not each.measured.cache_off]
    compared = [each for each in on if any(step.stored for step in each.measured.steps)]
    known = [
        each
        for each in on
        if each.measured.steps
        and all(step.status in (StepStatus.HIT, StepStatus.MISS) for step in each.measured.steps)
    ]
    if not (compared or known):
        return None
    sure = [each for each in compared if _missed_stored(each, Stored.SURE)]
    likely = [each for each in compared if each not in sure and _missed_stored(each, Stored.LIKELY)]
    times = [
        seconds
        for each in sure
        for seconds in _times_of_misses(step for step in each.measured.steps if step.stored)
    ]
    builders = [each.measured.builder for each in on if each.measured.builder]
    return UnusedCache(
        builds=len(sure),
        compared=len(compared),
        likely=len(likely),
        builders=len(set(builders)),
        builders_of=len(builders),
        reused_nothing=sum(
            all(step.status is StepStatus.MISS for step in each.measured.steps) for each in known
        ),
        known=len(known),
        seconds_lost=fsum(times) if times else None,
        in_ci=any(each.build.run is not None for each in on),
        ids=tuple(each.build.id for each in reversed(sure)),
    )


def _missed_stored(timed: _Timed, stored: Stored) -> bool:
    return any(step.stored is stored and step.status is StepStatus.MISS for step in timed.measured.steps)


def _branches(builds: Sequence[_Timed]) -> Iterator[BranchReuse]:
    groups: dict[str, list[_Timed]] = defaultdict(list)
    for each in builds:
        if each.measured.line:
            groups[each.measured.line].append(each)
    for branch, found in sorted(groups.items(), key=lambda item: -len(item[1])):
        statuses = Counter(step.status for each in found for step in each.measured.steps)
        hits, misses = statuses[StepStatus.HIT], statuses[StepStatus.MISS]
        yield BranchReuse(
            branch=branch,
            builds=len(found),
            steps=hits + misses,
            reused=hits,
            seconds=fsum(each.build.seconds for each in found),
            seconds_lost=fsum(each.build.seconds_lost or 0.0 for each in found),
        )
