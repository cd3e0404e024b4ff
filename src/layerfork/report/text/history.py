"""The builds of a history, one line each with the reason below it, for a person."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.answer import CauseStatus
from layerfork.record.history import ExplainedBuild, HistoryReport
from layerfork.record.record import BuildOutcome
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.answer import STATUS_STYLES
from layerfork.report.text.layout import hung, print_lines, table
from layerfork.report.text.trends import trend_lines
from layerfork.report.views.cachebalance import balance_sentence, unread_sentence
from layerfork.report.views.sentences import counted

_ID = 12
_NO_TIME = "-"


def render_found(reports: Sequence[HistoryReport], look: Look) -> str:
    """A line for each build, the newest first, with the first miss; then what they say together."""
    return "".join(print_lines(_lines(report, look), look) for report in reports)


def _lines(report: HistoryReport, look: Look) -> Iterator[Text]:
    header = ("ID", "UTC", "BUILD", "WHERE", "TIME", "REUSED", "LOST")
    head, *rows = table([header, *map(_cells, report.builds)], look.width)
    yield from (Text(line, style="bold") for line in head if report.builds)
    for build, row in zip(report.builds, rows, strict=True):
        yield from map(Text, row)
        yield from _run(build, look)
        yield from _reason(build, look)
        if sentence := balance_sentence(build.balance):
            yield from map(Text, hung(f"cache: {sentence}", look.width, "    ", 8))
    if not report.builds:
        yield Text("no build was found")
    if report.older:
        yield Text(f"{counted(report.older, 'older build')} left out: --limit shows more", style="dim")
    for problem in report.problems:
        yield from (Text(line, style="yellow") for line in hung(f"not read: {problem}", look.width, "", 2))
    yield from _summary(report)
    if sentence := unread_sentence(report.unread):
        yield from map(Text, hung(sentence, look.width, "", 2))
    yield from trend_lines(report.trends, look)


def _cells(build: ExplainedBuild) -> tuple[str, ...]:
    return (
        build.id[:_ID],
        build.recorded_at[:19].replace("T", " "),
        build.what,
        build.where,
        _seconds(build.seconds),
        f"{build.reused} of {build.steps}" if build.reused is not None else "unknown",
        _seconds(build.seconds_lost),
    )


def _seconds(seconds: float | None) -> str:
    return f"{seconds:,.1f} s" if seconds else _NO_TIME


def _run(build: ExplainedBuild, look: Look) -> Iterator[Text]:
    """``push of main: https://…/runs/12 (attempt 2)``, and what it could have reused."""
    run = build.run
    if run is None:
        return
    attempt = f" (attempt {run.attempt})" if run.attempt > 1 else ""
    onto = f" into {run.base}" if run.of_request and run.base else ""
    said = f"{run.event} of {run.branch}{onto}{attempt}: {run.url or f'run {run.id}'}"
    for text in (said, f"could reuse: {build.reusable}"):
        yield from (Text(line, style="dim") for line in hung(text, look.width, "    ", 8))


def _reason(build: ExplainedBuild, look: Look) -> Iterator[Text]:
    """The first miss and its cause; or that there was none."""
    if build.report is None:
        if build.run is None:
            yield Text("    the first build of its kind here", style="dim")
        return
    if not build.report.answers:
        what = _without_answer(build) if build.outcome is BuildOutcome.SUCCEEDED else build.report.failure
        yield Text(f"    {what or 'no miss was found'}", style="dim")
        return
    answer, *others = build.report.answers
    more = f" (and {counted(len(others), 'more miss', 'more misses')})" if others else ""
    for line in hung(f"{answer.headline}{more}", look.width, "    ", 8):
        yield Text(line)
    yield Text.assemble(
        "      ", (answer.status.value, STATUS_STYLES[answer.status]), f" {answer.points[0].named}"
    )
    if answer.status is not CauseStatus.PROVEN and not build.files_known and build.files:
        yield from map(Text, hung(f"its files are unknown: {build.files}", look.width, "      ", 8))


def _without_answer(build: ExplainedBuild) -> str:
    """The line of a build in which no miss was found."""
    if build.reused is None or build.reused == build.steps:
        return "nothing missed"
    built = counted(build.steps - build.reused, "step was built", "steps were built")
    return f"{built}, and nothing shows a miss of what the earlier build had stored"


def _summary(report: HistoryReport) -> Iterator[Text]:
    lost = [build.seconds_lost for build in report.builds if build.seconds_lost]
    if lost:
        missed = counted(len(lost), "build")
        yield Text(f"{sum(lost):,.1f} s lost in {missed}; `layerfork why ID` explains one", style="bold")


RENDERERS: Renderers = {"found": render_found}
