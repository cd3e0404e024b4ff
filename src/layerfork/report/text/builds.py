"""Builds that were compared, by `diff`, `why` and `check`, for a person."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from layerfork.record.answer import Answer, CauseStatus, Fork, Verdict
from layerfork.record.check import CheckReport
from layerfork.record.prediction import Baseline
from layerfork.record.record import StepStatus
from layerfork.record.run import DiffReport
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.answer import answer_lines, caution_lines, first_lines
from layerfork.report.text.layout import print_lines, wrap
from layerfork.report.views.checks import left_lines, sentence
from layerfork.report.views.words import counted

# The build that another one is compared with, in a line.

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def baseline_line(baseline: Baseline, older: str = "older") -> str:
    """How old it is, where it comes from, and why it was chosen."""
    time = f"{datetime.fromisoformat(baseline.recorded_at):%Y-%m-%d %H:%M:%S} UTC"
    age = f"{span(baseline.age_s)} {older}" if baseline.age_s >= 0 else f"{span(-baseline.age_s)} newer"
    place = f" in {baseline.ran_in}" if baseline.ran_in else ""
    command = f", `{baseline.command}`{place}" if baseline.command else ""
    engine = f", Engine {baseline.engine}" if baseline.engine else ""
    shares = (
        f": shares the keys of {baseline.shared_steps} of {baseline.steps} steps"
        if baseline.shared_steps is not None and baseline.steps
        else ""
    )
    others = f", chosen from {baseline.known} earlier builds" if baseline.known > 1 else ""
    return f"{time}, {age}{command}{engine}{shares}{others}"


def span(seconds: float) -> str:
    """``3 hours``: in the largest unit that fits."""
    for size, unit in _UNITS:
        if seconds >= size:
            return counted(int(seconds // size), unit)
    return "less than a second"


def old_by(seconds: float, *, is_least: bool, is_over: bool) -> str:
    """``! at least 3 hours old``."""
    at_least = "at least " if is_least and seconds >= 1 else ""
    return f"{'! ' if is_over else ''}{at_least}{span(seconds)} old"


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """For each build its forks with their causes, or one line that there is none; of several, a summary."""
    parts = [print_lines(_diff_lines(report, look), look) for report in reports]
    if len(reports) > 1:
        parts.append(print_lines([_summary(reports)], look))
    return "\n".join(parts)


def _summary(reports: Sequence[DiffReport]) -> Text:
    states = (f"{report.build or report.reader}: {_state(report)}" for report in reports)
    return Text(f"{len(reports)} builds: {'; '.join(states)}", style="bold")


def _state(report: DiffReport) -> str:
    if report.baseline_saved:
        return "saved as baseline"
    if report.baseline_lost:
        return "not kept"
    if report.failure:
        return report.outcome.value
    if not report.compared:
        return f"only in {report.writer or report.reader}"
    steps = sorted({fork.step for fork in report.judgement.forks})
    return f"forked at step {', '.join(map(str, steps))}" if steps else "no fork"


def _diff_lines(report: DiffReport, look: Look) -> Iterator[Text]:
    if report.baseline_saved:
        yield Text(
            f"{report.reader}: no earlier build of this Dockerfile is known; this one was saved as baseline"
        )
        yield Text("  build again, and `layerfork why` explains what missed", style="dim")
    elif not report.compared and report.failure:
        yield Text(f"{report.reader}: there is no earlier build to compare it with", style="bold")
        yield _failure(report)
    elif report.baseline_lost:
        yield Text(
            f"{report.reader}: no earlier build of this Dockerfile is known, and this one could not be kept"
        )
    elif not report.compared:
        yield Text(f"{report.writer or report.reader} ({report.build}): the other file has no such build")
    else:
        if report.build:
            yield Text(f"{report.build}:", style="bold")
        if report.failure:
            yield _failure(report)
        for place, (fork, answer) in enumerate(zip(report.judgement.forks, report.answers, strict=True)):
            yield from [Text()] if place else []
            yield from answer_lines(answer, fork, look)
        for answer in report.asked:
            yield from answer_lines(answer, None, look)
        answered = {"added-target", "added-platform"} if report.asked and not look.verbose else set()
        shown = [each for each in report.judgement.warnings if each.code not in answered]
        for line in caution_lines(shown, verbose=look.verbose):
            yield from wrap(line, look.width, 4)
        if report.judgement.verdict is Verdict.REUSED:
            yield Text(f"no fork: {_reused(report)}", style="bold cyan")
        elif not report.judgement.forks:
            yield Text(f"  no fork before that: {_before(report)}")
        yield from _compared_with(report, look)


def _compared_with(report: DiffReport, look: Look) -> Iterator[Text]:
    """Which two builds these were; the time of the earlier one is only here."""
    text = f"compared: {report.writer} with {report.reader}"
    if report.baseline is not None:
        text = f"before: {baseline_line(report.baseline)}"
    yield from wrap(Text(f"  {text}", style="dim"), look.width, 4)
    if any(answer.status is CauseStatus.INFERRED for answer in report.answers):
        files = f"files: those of {report.inferred_from}; INFERRED holds if nothing else was sent"
        yield from wrap(Text(f"  {files}", style="dim"), look.width, 4)


def _failure(report: DiffReport) -> Text:
    return Text(f"  the build {report.failure}", style="bold red")


def _before(report: DiffReport) -> str:
    """How many steps a build that ended early reached and reused."""
    statuses = [step.status for step in report.reader_steps if not step.error]
    reached = [status for status in statuses if status in (StepStatus.HIT, StepStatus.MISS)]
    if not reached:
        return "it reached no step"
    return f"{reached.count(StepStatus.HIT)} of the {len(reached)} steps that it reached were reused"


def _reused(report: DiffReport) -> str:
    statuses = [step.status for step in report.reader_steps if step.status is not StepStatus.NOT_EVALUATED]
    if not statuses or StepStatus.UNKNOWN in statuses:
        return "no difference affects a key; the record does not show which steps were reused"
    return f"{statuses.count(StepStatus.HIT)} of {len(statuses)} steps were reused"


# What a check found, readable in ten seconds: each fork in three lines, the result, then hints.


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """Answers, and a line that begins with ``check:``, with hints below it; whole answers when verbose."""
    return "".join(print_lines(_check_lines(report, look), look) for report in reports)


def _check_lines(report: CheckReport, look: Look) -> Iterator[Text]:
    for name, forks, answers in _compared(report):
        if name and forks:
            yield Text(f"{name}:", style="bold")
        for fork, answer in zip(forks, answers, strict=True):
            yield from answer_lines(answer, fork, look) if look.verbose else first_lines(answer, look)
    for line in left_lines(report):
        yield from wrap(Text(line, style="dim"), look.width, 4)
    style = "bold cyan" if report.passed else "bold red"
    yield from wrap(Text(f"check: {sentence(report)}", style=style), look.width, 4)
    for hint in report.hints:
        yield from wrap(Text(hint), look.width, 4)


def _compared(report: CheckReport) -> Iterator[tuple[str, Sequence[Fork], Sequence[Answer]]]:
    for diff in report.diffs:
        yield diff.build, diff.judgement.forks, diff.answers
    for run in report.runs:
        engine = f"Engine {run.engine.version}" if run.engine is not None and len(report.runs) > 1 else ""
        yield engine, run.judgement.forks, run.answers


RENDERERS: Renderers = {
    "diffs": render_diffs,
    "checks": render_checks,
}
