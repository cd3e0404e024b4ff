"""What a page of a history shows: charts of builds, causes, changes, and the answer of each build."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from layerfork.record.history import ExplainedBuild, HistoryReport
from layerfork.record.trends import RankedCause, SeriesTrends, SlowChange, StepTrend, Trends
from layerfork.report.html.page import page
from layerfork.report.rendering import Look
from layerfork.report.svg.stacked import chart_of, inline
from layerfork.report.views.sentences import counted
from layerfork.report.views.trends import (
    built_of,
    change_sentence,
    changes_title,
    costly_steps,
    evidence,
    in_seconds,
    share,
    step_of,
    treatment,
)

CAUSES, STEPS, COSTLIEST, BRANCHES, OF_CAUSE = 10, 8, 10, 12, 5
"""How many of each are shown; JSON has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildView:
    """The answer of one build: shown when something leads to it."""

    id: str
    """Of the element."""
    build: ExplainedBuild
    time: str
    reused: str
    link: str
    """Address of its CI run; empty where it is none that a browser opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    id: str
    title: str
    summary: str
    chart: Markup
    steps: tuple[tuple[StepTrend, str, str, str], ...]
    """Steps, how many builds built each, median and total."""
    costliest: tuple[tuple[str, str], ...]
    """Ids of elements and what to call them: builds that took longest."""
    unused: str
    """What should have been reused; empty where nothing."""
    unused_fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseView:
    cause: RankedCause
    lost: str
    share: str
    treatment: str
    builds: tuple[tuple[str, str], ...]
    """Ids of elements and of builds: the newest that it cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    step: str
    sentence: str
    evidence: tuple[str, ...]
    target: str
    """Id of the element of the first build that shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    title: str
    verdict: str
    changes_title: str
    changes: tuple[ChangeView, ...]
    series: tuple[SeriesView, ...]
    causes: tuple[CauseView, ...]
    more_causes: int
    branches: tuple[tuple[str, int, str, str, str], ...]
    """Branch, builds, steps reused, time, lost."""
    builds: tuple[BuildView, ...]
    problems: tuple[str, ...]


def render_found(reports: Sequence[HistoryReport], look: Look) -> str:
    """When it became slow, where the time went, why; below, the answer of the build that was chosen."""
    return "".join(page("history.html.j2", look, style="history.css", view=_view(each)) for each in reports)


def _view(report: HistoryReport) -> HistoryView:
    trends = report.trends
    ids = {build.id: f"b{number}" for number, build in enumerate(report.builds, 1)}
    changes = [each for series in trends.series for each in series.changes]
    return HistoryView(
        title=f"{counted(len(report.builds), 'build')} of {_few(trends)}",
        verdict=_verdict(report),
        changes_title=changes_title(changes).capitalize(),
        changes=tuple(_change(each, ids) for each in changes),
        series=tuple(_series(each, f"s{number}", ids) for number, each in enumerate(trends.series, 1)),
        causes=tuple(_cause(each, ids) for each in trends.causes[:CAUSES]),
        more_causes=max(0, len(trends.causes) - CAUSES),
        branches=tuple(
            (
                each.branch,
                each.builds,
                f"{each.reused} of {each.steps}" if each.steps else "unknown",
                in_seconds(each.seconds or None),
                in_seconds(each.seconds_lost),
            )
            for each in trends.branches[:BRANCHES]
        ),
        builds=tuple(_build(build, ids[build.id]) for build in report.builds),
        problems=report.problems,
    )


def _few(trends: Trends) -> str:
    titles = [each.title for each in trends.series]
    more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
    return (", ".join(titles[:3]) or "nothing") + more


def _verdict(report: HistoryReport) -> str:
    """One sentence above all."""
    lost = [build.seconds_lost for build in report.builds if build.seconds_lost]
    if not lost:
        return "No build is known to have lost time."
    total = sum(build.seconds for build in report.builds)
    of = f" of {in_seconds(total)}" if total else ""
    return f"{in_seconds(sum(lost))}{of} were lost in {counted(len(lost), 'build')} that built steps again."


def _series(series: SeriesTrends, own: str, ids: Mapping[str, str]) -> SeriesView:
    steps = costly_steps(series, STEPS)
    total = in_seconds(sum(step.seconds for step in series.steps))
    unused = series.unused
    lost = f", {in_seconds(unused.seconds_lost)}" if unused and unused.seconds_lost is not None else ""
    return SeriesView(
        id=own,
        title=series.title,
        summary=f"{counted(len(series.points), 'build')}, {total} in steps that were built",
        chart=inline(chart_of(series, [ids[point.id] for point in series.points]), _describe(series)),
        steps=tuple(
            (step, built_of(step), in_seconds(step.median_s), in_seconds(step.seconds)) for step in steps
        ),
        costliest=tuple(_costliest(series, ids)),
        unused=f"{unused.sentence}{lost}" if unused is not None and unused.sentence else "",
        unused_fix=unused.fix if unused is not None else "",
    )


def _describe(series: SeriesTrends) -> str:
    """For those who do not see the chart."""
    costly = costly_steps(series, 1)
    most = f"; most of it in {costly[0].name.instruction}" if costly else ""
    return f"Seconds of each build of {series.title} by step, the oldest first{most}"


def _costliest(series: SeriesTrends, ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    took = {
        point.id: sum(step.seconds or 0.0 for step in point.steps if step.status.value == "miss")
        for point in series.points
    }
    for point in sorted(series.points, key=lambda point: -took[point.id])[:COSTLIEST]:
        if took[point.id]:
            yield ids[point.id], f"{point.id[:12]} {in_seconds(took[point.id])}"


def _cause(cause: RankedCause, ids: Mapping[str, str]) -> CauseView:
    return CauseView(
        cause=cause,
        lost="unknown" if cause.seconds_lost is None else in_seconds(cause.seconds_lost),
        share=share(cause),
        treatment=treatment(cause),
        builds=tuple((ids[each], each[:12]) for each in cause.ids[:OF_CAUSE]),
    )


def _change(change: SlowChange, ids: Mapping[str, str]) -> ChangeView:
    return ChangeView(
        step=step_of(change),
        sentence=change_sentence(change),
        evidence=tuple(evidence(change)),
        target=ids[change.id],
    )


def _build(build: ExplainedBuild, own: str) -> BuildView:
    url = build.run.url if build.run is not None else ""
    return BuildView(
        id=own,
        build=build,
        time=build.recorded_at[:19].replace("T", " "),
        reused="unknown" if build.reused is None else f"{build.reused} of {build.steps}",
        link=url if url.startswith(("https://", "http://")) else "",
    )
