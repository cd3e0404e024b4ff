"""Builds that were compared, by `diff`, `why` and `check`, for a person."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import fsum

from rich.text import Text

from layerfork.record.answer import Answer, CauseStatus, Fork, Verdict
from layerfork.record.check import CheckReport
from layerfork.record.prediction import Baseline
from layerfork.record.record import StepStatus
from layerfork.record.run import DiffReport, MissedStep, Suspicion, Unproven
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.answer import STATUS_STYLES, answer_lines, caution_lines, first_lines
from layerfork.report.text.layout import cut, print_lines, wrap
from layerfork.report.views.cachebalance import balance_sentence
from layerfork.report.views.checks import left_lines, sentence
from layerfork.report.views.overview import keyword
from layerfork.report.views.sentences import INCOMPLETE, counted, lack_lines, nothing_proven

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


def balance_lines(report: DiffReport, look: Look, name: str = "") -> Iterator[Text]:
    """One line about the cache, where the build moved one."""
    if sentence := balance_sentence(report.balance):
        named = f"{name}: " if name else ""
        yield from wrap(Text(f"{named}cache: {sentence}"), look.width, 4)


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
        if report.unproven is not None:
            yield from unproven_lines(report.unproven, look)
        if report.unproven is None or look.verbose:
            for place, (fork, answer) in enumerate(zip(report.judgement.forks, report.answers, strict=True)):
                yield from [Text()] if place or report.unproven is not None else []
                yield from answer_lines(answer, fork, look)
        for answer in report.asked:
            yield from answer_lines(answer, None, look)
        answered = {"added-target", "added-platform"} if report.asked and not look.verbose else set()
        answered |= {INCOMPLETE} if report.unproven is not None and not look.verbose else set()
        shown = [each for each in report.judgement.warnings if each.code not in answered]
        for line in caution_lines(shown, verbose=look.verbose):
            yield from wrap(line, look.width, 4)
        if report.judgement.verdict is Verdict.REUSED:
            yield Text(f"no fork: {_reused(report)}", style="bold cyan")
        elif not report.judgement.forks:
            yield Text(f"  no fork before that: {_before(report)}")
        yield from _compared_with(report, look)
    yield from balance_lines(report, look)


# Two builds, at least one without a key: what is missing, then each line that missed.

_MOST_MISSED = 8
"""Steps that are listed at most; those that missed by themselves always are."""
_MOST_SUSPECTED = 3
"""Of one step."""
_LONGEST_SUSPICION = 200


def unproven_lines(unproven: Unproven, look: Look) -> Iterator[Text]:
    """That nothing is proven, a line for each build that lacks facts, and the steps that missed."""
    yield from wrap(Text(nothing_proven(unproven)), look.width, 4)
    for line in lack_lines(unproven):
        yield from wrap(Text(f"  {line}", style="dim"), look.width, 4)
    if not unproven.missed:
        return
    known = [each.seconds for each in unproven.missed if each.seconds is not None]
    total = f", {fsum(known):.1f} s" if known else ""
    order = ", the most expensive first" if len(unproven.missed) > 1 else ""
    yield Text(f"{counted(len(unproven.missed), 'step')} missed{total}{order}:", style="bold")
    after = Counter(each.follows for each in unproven.missed)
    hidden = 0
    for place, step in enumerate(unproven.missed):
        if place >= _MOST_MISSED and step.follows and not look.verbose:
            hidden += 1
        else:
            yield from _missed_step(step, after[step.step], look)
    if hidden:
        yield Text(f"  and {counted(hidden, 'more step')} (-v shows all)")


def _missed_step(step: MissedStep, after: int, look: Look) -> Iterator[Text]:
    """A step that missed by itself has the time of all that it made miss."""
    total = step.seconds if step.seconds_lost is None else step.seconds_lost
    seconds = f"{total:7.1f} s" if total is not None else f"{'-':>7}  "
    line = f" (line {step.line})" if step.line else ""
    head = f"{'    ' if step.follows else ''}{seconds}  step {step.step}{line}  "
    own = f"{step.seconds:.1f} s itself, " if step.seconds else ""
    why = f" ({step.platform})" if step.platform else ""
    why += f"  {own}with {counted(after, 'step')} after it" if after else ""
    instruction = " ".join(step.instruction.split())
    if keyword(instruction) not in ("COPY", "ADD"):
        instruction = cut(instruction, max(40, (look.width or 160) - len(head + why)))
    yield from wrap(
        Text(head + instruction + why, style="" if step.follows else "bold"), look.width, len(head)
    )
    shown = step.suspicions if look.verbose else step.suspicions[:_MOST_SUSPECTED]
    for place, each in enumerate(shown, 1):
        is_said_again = any(other.fix == each.fix for other in shown[place : place + 1])
        yield from _suspicion(each, look, with_fix=not is_said_again)
    if more := len(step.suspicions) - len(shown):
        yield Text(f"            and {more} more (-v shows all)")


def _suspicion(each: Suspicion, look: Look, *, with_fix: bool) -> Iterator[Text]:
    text = each.text if look.verbose else cut(each.text, _LONGEST_SUSPICION)
    status = (each.status.value, STATUS_STYLES[each.status])
    yield from wrap(Text.assemble("            ", status, f" {each.code}: {text}"), look.width, 14)
    if each.fix and with_fix:
        yield from wrap(Text(f"            fix: {each.fix}"), look.width, 17)


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
    for diff in report.diffs:
        yield from balance_lines(diff, look, diff.build)
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
