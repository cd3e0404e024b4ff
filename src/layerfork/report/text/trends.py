"""What a history says over all of its builds, for a person: below the list of builds."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.trends import BranchReuse, RankedCause, SeriesTrends, SlowChange, Trends
from layerfork.report.rendering import Look
from layerfork.report.text.answer import STATUS_STYLES
from layerfork.report.text.layout import cut, hung, table
from layerfork.report.views.sentences import counted
from layerfork.report.views.trends import (
    built_of,
    change_sentence,
    changes_title,
    costly_steps,
    evidence,
    in_seconds,
    share,
    shown_series,
    shows_trends,
    step_of,
    treatment,
)

_STEPS, _CAUSES, _BRANCHES = 5, 5, 8
"""How many of each are shown; JSON has all."""
_LONGEST = 48


def trend_lines(trends: Trends, look: Look) -> Iterator[Text]:
    """Where the time went, causes by seconds, since when, builds that should hit, branches."""
    if not shows_trends(trends):
        return
    for series in shown_series(trends):
        yield from _series(series, look)
    yield from _causes(trends.causes, len(trends.series) > 1, look)
    yield from _changes([each for series in trends.series for each in series.changes], look)
    yield from _unused(trends.series, look)
    yield from _branches(trends.branches, look)


def _title(text: str) -> Iterator[Text]:
    yield Text()
    yield Text(text, style="bold")


def _lines(text: str, look: Look, first: str, rest: int) -> Iterator[Text]:
    yield from map(Text, hung(text, look.width, first, rest))


def _series(series: SeriesTrends, look: Look) -> Iterator[Text]:
    steps = costly_steps(series, _STEPS)
    if not steps:
        return
    total = in_seconds(sum(step.seconds for step in series.steps))
    yield from _title(f"where the time went: {series.title}, {len(series.points)} builds, {total} in steps")
    rows = [
        (
            f"  {f'line {step.line}' if step.line else 'step'}",
            cut(" ".join(step.name.instruction.split()), _LONGEST),
            built_of(step),
            in_seconds(step.median_s),
            in_seconds(step.seconds),
        )
        for step in steps
    ]
    for row in table([("  ", "STEP", "BUILT", "MEDIAN", "TOTAL"), *rows], look.width):
        yield from map(Text, row)


def _causes(causes: Sequence[RankedCause], several: bool, look: Look) -> Iterator[Text]:
    if not causes:
        return
    yield from _title("causes, by the time that they cost")
    for cause in causes[:_CAUSES]:
        cost = in_seconds(cause.seconds_lost) if cause.seconds_lost is not None else "time unknown"
        of = f" of {cause.series}" if several else ""
        yield from _lines(f"{cost}  {cause.place}  {cause.instruction}  {share(cause)}{of}", look, "  ", 6)
        yield Text.assemble("    ", (cause.status.value, STATUS_STYLES[cause.status]), f" {cause.code}")
        yield from _lines(f"{cause.culprit} (the newest: {cause.ids[0][:12]})", look, "    ", 6)
        yield from _lines(treatment(cause), look, "    ", 6)
    if len(causes) > _CAUSES:
        yield Text(f"  {counted(len(causes) - _CAUSES, 'more cause')}: --format json", style="dim")


def _changes(changes: Sequence[SlowChange], look: Look) -> Iterator[Text]:
    if changes:
        yield from _title(changes_title(changes))
    for change in changes:
        yield from _lines(step_of(change), look, "  ", 6)
        yield from _lines(change_sentence(change), look, "    ", 6)
        for line in evidence(change):
            yield from (Text(each, style="dim") for each in hung(line, look.width, "    ", 6))


def _unused(series: Sequence[SeriesTrends], look: Look) -> Iterator[Text]:
    found = [each for each in series if each.unused is not None and each.unused.sentence]
    if found:
        yield from _title("builds that should reuse steps, and do not")
    for each in found:
        assert each.unused is not None
        cost = each.unused.seconds_lost
        lost = f", {in_seconds(cost)}" if cost is not None else ""
        yield from _lines(f"{each.title}: {each.unused.sentence}{lost}", look, "  ", 6)
        yield from _lines(f"fix: {each.unused.fix}", look, "    ", 6)


def _branches(branches: Sequence[BranchReuse], look: Look) -> Iterator[Text]:
    if not branches:
        return
    yield from _title("reuse by branch")
    rows = [
        (
            f"  {each.branch}",
            counted(each.builds, "build"),
            f"{each.reused} of {each.steps} steps" if each.steps else "unknown",
            in_seconds(each.seconds or None),
            in_seconds(each.seconds_lost),
        )
        for each in branches[:_BRANCHES]
    ]
    for row in table([("  BRANCH", "BUILDS", "REUSED", "TIME", "LOST"), *rows], look.width):
        yield from map(Text, row)
    if len(branches) > _BRANCHES:
        yield Text(f"  {counted(len(branches) - _BRANCHES, 'more branch', 'more branches')}", style="dim")
