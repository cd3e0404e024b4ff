"""What a history says over its builds, in sentences that more than one format says."""

from collections.abc import Iterator, Sequence

from layerfork.record.answer import NOTHING_TO_FIX
from layerfork.record.trends import ChangeKind, RankedCause, SeriesTrends, SlowChange, StepTrend, Trends
from layerfork.report.views.sentences import counted

FEWEST = 5
"""Fewer builds are shown by the list alone: they show no trend."""
_ID = 12
_SHORTEST_S = 0.05


def shows_trends(trends: Trends) -> bool:
    """Whether there are builds enough to say something over all of them."""
    return trends.builds >= FEWEST


def shown_series(trends: Trends) -> Sequence[SeriesTrends]:
    """Those of several builds."""
    return [each for each in trends.series if len(each.points) > 1]


def in_seconds(seconds: float | None) -> str:
    """``1,178.0 s``; ``under 0.1 s``; ``unknown``."""
    if seconds is None:
        return "unknown"
    return f"{seconds:,.1f} s" if seconds >= _SHORTEST_S or seconds == 0.0 else "under 0.1 s"


def costly_steps(series: SeriesTrends, most: int) -> Sequence[StepTrend]:
    """The steps whose misses took longest, the longest first."""
    built = [step for step in series.steps if step.misses]
    return sorted(built, key=lambda step: (-step.seconds, -step.misses))[:most]


def built_of(step: StepTrend) -> str:
    """``38 of 50``: how many builds built it, of those that show it."""
    known = step.hits + step.misses
    unknown = f", {step.unknown} unknown" if step.unknown else ""
    return f"{step.misses} of {known}{unknown}"


def share(cause: RankedCause) -> str:
    """``in 36 of 49 builds (73 %)``: of those that were compared with an earlier one."""
    percent = f" ({round(100 * cause.builds / cause.compared)} %)" if cause.compared else ""
    return f"in {cause.builds} of {counted(cause.compared, 'build')}{percent}"


def treatment(cause: RankedCause) -> str:
    """``fix: …; it would have saved …``; nothing of a saving where there is nothing to fix."""
    return cause.fix if cause.fix.startswith(NOTHING_TO_FIX) else f"fix: {cause.fix}; {_saving(cause)}"


def _saving(cause: RankedCause) -> str:
    """What the fix would have saved, by the medians of this history."""
    if cause.saved_s is None:
        return f"what it would have saved is unknown: {cause.saved_unknown}"
    judged = cause.saved_builds < cause.builds
    of = f", judged in {cause.saved_builds} of {counted(cause.builds, 'build')}" if judged else ""
    why = f" ({cause.saved_unknown})" if cause.saved_unknown else ""
    saved = in_seconds(cause.saved_s) if cause.saved_s else "nothing"
    return f"it would have saved {saved} in these builds{of}{why}"


def changes_title(changes: Sequence[SlowChange]) -> str:
    """The commit that made it slow, where each change is known to be one."""
    if all(each.names_commit for each in changes):
        return "the commit that made it slow" if len(changes) == 1 else "the commits that made it slow"
    return "when it became slow"


def step_of(change: SlowChange) -> str:
    """``line 12  RUN npm ci``."""
    platform = f" ({change.name.platform})" if change.name.platform else ""
    line = f"line {change.line}  " if change.line else ""
    return f"{line}{change.name.instruction}{platform}"


def since(change: SlowChange) -> str:
    """``since commit 3f2a1b… (build 12vh4ix6, 2026-12-03)``; the first and the last of several builds."""
    branch = f" of {change.branch}" if change.branch else ""
    if change.last_id:
        ends = [_named(change.id, change.commit), _named(change.last_id, change.last_commit)]
        return f"since one of the builds{branch} from {' to '.join(ends)}"
    commit = f"commit {change.commit[:_ID]} " if change.commit else ""
    build = f"build {change.id[:_ID]}, {change.recorded_at[:10]}"
    return f"since {commit}({build}{branch})" if commit else f"since {build}{branch}"


def _named(build: str, commit: str) -> str:
    return f"{build[:_ID]} (commit {commit[:_ID]})" if commit else build[:_ID]


def change_sentence(change: SlowChange) -> str:
    """What changed, and the builds that show it."""
    if change.kind is ChangeKind.MISSES:
        below = f", with {counted(change.below, 'step')} below it" if change.below else ""
        return (
            f"missed in each of {change.after} builds {since(change)}{below}; before, in "
            f"{change.missed_before} of {change.before}"
        )
    return (
        f"takes {in_seconds(change.median_after_s)} {since(change)} where it is built; before, "
        f"{in_seconds(change.median_before_s)}: medians of {change.after} and {change.before} builds"
    )


def evidence(change: SlowChange) -> Iterator[str]:
    """What else is known of the two builds, and how sure it is."""
    commit = f", of commit {change.previous_commit[:_ID]}" if change.previous_commit else ""
    yield f"the build before it: {change.previous_id[:_ID]}{commit}"
    if change.reason:
        yield f"its answer: {change.reason}"
    if change.commit and change.commit == change.previous_commit:
        yield "both are of one commit: something else changed"
    if change.dockerfile_changed is not None:
        yield f"the Dockerfile {'changed' if change.dockerfile_changed else 'did not change'} between them"
    also = [
        name
        for name, changed in (("builder", change.builder_changed), ("engine", change.engine_changed))
        if changed
    ]
    if also:
        yield f"the {' and the '.join(also)} changed too: the commit may not be the reason"
    yield f"chance alone does this in at most {_percent(change.chance)} of such histories"


def _percent(chance: float) -> str:
    return f"{100 * chance:.1f} %" if chance >= 0.001 else "0.1 %"
