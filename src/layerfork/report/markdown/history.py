"""A history as Markdown: what its builds say together, then the builds that missed something."""

from collections.abc import Iterator, Sequence
from math import fsum

from layerfork.record.history import ExplainedBuild, HistoryReport
from layerfork.record.trends import RankedCause, SeriesTrends, Trends
from layerfork.report.markdown.words import code, escaped, folded, prose
from layerfork.report.rendering import Look
from layerfork.report.views.cachebalance import balance_sentence, unread_sentence
from layerfork.report.views.sentences import counted
from layerfork.report.views.trends import (
    built_of,
    change_sentence,
    changes_title,
    costly_steps,
    evidence,
    in_seconds,
    shown_series,
    shows_trends,
    step_of,
)

_MOST = 10
"""How many causes and steps are shown; JSON has all."""
_MOST_BUILDS = 50
"""Of a history whose trends are shown: a job summary holds 1 MiB."""


def render_found(reports: Sequence[HistoryReport], look: Look) -> str:
    """What the builds say together; a row for each that missed something, the newest first."""
    return "\n".join("\n".join(_history(report)) + "\n" for report in reports)


def _history(report: HistoryReport) -> Iterator[str]:
    lost = fsum(build.seconds_lost or 0.0 for build in report.builds)
    missed = [build for build in report.builds if build.report is not None and build.report.answers]
    builds = counted(len(report.builds), "build")
    yield f"### layerfork history: {builds}, {lost:,.1f} s lost in {len(missed)}\n"
    if shows_trends(report.trends):
        yield from _trends(report.trends)
        shown = missed[:_MOST_BUILDS]
        if shown:
            older = f", the newest {len(shown)}" if len(shown) < len(missed) else ""
            yield folded(f"{counted(len(missed), 'build')} that missed something{older}", _table(shown))
    elif missed:
        yield from _table(missed)
    yield from _caches(report)
    yield from (f"- not read: {escaped(problem)}" for problem in report.problems)


def _caches(report: HistoryReport) -> Iterator[str]:
    """What the cache cost and saved the newest build that moved one, and the exports that nothing read."""
    said = next(filter(None, (balance_sentence(each.balance) for each in report.builds)), "")
    if said:
        yield f"\n**Cache of the newest build that moved one:** {prose(said)}\n"
    if sentence := unread_sentence(report.unread):
        yield f"{escaped(sentence)}\n"


def _table(builds: Sequence[ExplainedBuild]) -> Iterator[str]:
    yield "| UTC | Build | Where | Reused | Lost | First miss | |"
    yield "|---|---|---|---|---|---|---|"
    for build in builds:
        assert build.report is not None
        answer = build.report.answers[0]
        yield _row(
            build.recorded_at[:16].replace("T", " "),
            escaped(build.what),
            escaped(build.where),
            f"{build.reused} of {build.steps}" if build.reused is not None else "unknown",
            f"{build.seconds_lost:,.1f} s" if build.seconds_lost else "",
            escaped(answer.headline),
            f"{answer.status.value} {code(answer.points[0].code)}",
        )


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _trends(trends: Trends) -> Iterator[str]:
    """Since when it is slow, what should have been reused, the causes as a table, folded tables of steps."""
    changes = [each for series in trends.series for each in series.changes]
    if changes:
        yield f"**{changes_title(changes).capitalize()}**\n"
        for change in changes:
            said = "; ".join(evidence(change))
            yield f"- {code(step_of(change))} {escaped(change_sentence(change))} ({escaped(said)})"
        yield ""
    for each in trends.series:
        if each.unused is not None and each.unused.sentence:
            said = f"{escaped(each.unused.sentence)}. Fix: {prose(each.unused.fix)}"
            yield f"**{escaped(each.title)}**: {said}\n"
    if trends.causes:
        yield "| Lost | Where | Cause | Builds | Fix | Saves |"
        yield "|---|---|---|---|---|---|"
        yield from map(_cause, trends.causes[:_MOST])
        yield ""
    for series in shown_series(trends):
        yield folded(f"Steps of {escaped(series.title)}, {len(series.points)} builds", _steps(series))


def _cause(cause: RankedCause) -> str:
    return _row(
        in_seconds(cause.seconds_lost),
        code(f"{cause.place}  {cause.instruction}"),
        f"{cause.status.value} {code(cause.code)}",
        f"{cause.builds} of {cause.compared}",
        prose(cause.fix),
        in_seconds(cause.saved_s),
    )


def _steps(series: SeriesTrends) -> Iterator[str]:
    yield "| Line | Step | Built | Median | Total |"
    yield "|---|---|---|---|---|"
    for step in costly_steps(series, _MOST):
        yield _row(
            str(step.line or ""),
            code(step.name.instruction),
            built_of(step),
            in_seconds(step.median_s),
            in_seconds(step.seconds),
        )
