"""Predicted builds for a person with ten seconds: the verdict, what to do about each miss, every step."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.prediction import PredictedStatus, PredictedStep, Prediction
from layerfork.report.overview.words import counted
from layerfork.report.rendering import Look
from layerfork.report.text.answer import answer_lines, first_lines
from layerfork.report.text.baseline import baseline_line, old_by
from layerfork.report.text.columns import cut
from layerfork.report.text.console import print_lines
from layerfork.report.text.wrapping import wrap

_STYLES = {
    PredictedStatus.HIT: "cyan",
    PredictedStatus.MISS: "bold yellow",
    PredictedStatus.UNKNOWN: "magenta",
}
_LONGEST = 48
"""Columns of an instruction in the table."""


def render_predictions(predictions: Sequence[Prediction], look: Look) -> str:
    """Each prediction; of several with the name of its build."""
    return "\n".join(print_lines(_lines(each, look), look) for each in predictions)


def _lines(prediction: Prediction, look: Look) -> Iterator[Text]:
    name = f"{prediction.build}: " if prediction.build else ""
    yield Text(f"{name}{verdict(prediction)}", style="bold")
    pairs = zip(prediction.judgement.forks, prediction.answers, strict=True)
    for fork, answer in pairs:
        yield Text()
        yield from answer_lines(answer, fork, look) if look.verbose else first_lines(answer, look)
    yield Text()
    yield from _table(prediction.steps, look)
    if any(step.over_age for step in prediction.steps):
        yield from wrap(Text("! older than --max-age: it would be reused all the same"), look.width, 4)
    for line in prediction.assumes:
        yield from wrap(Text(f"  taken for granted: {line}", style="dim"), look.width, 4)
    yield from wrap(Text(f"  from: {baseline_line(prediction.against, 'ago')}", style="dim"), look.width, 4)


def verdict(prediction: Prediction) -> str:
    """``4 of 7 steps will be reused; 3 will miss: about 41 s``."""
    hits, misses, unknown = map(prediction.count, PredictedStatus)
    total = len(prediction.steps)
    if not (misses or unknown):
        return f"all {counted(total, 'step')} will be reused"
    parts = [f"{hits} of {counted(total, 'step')} will be reused"]
    if misses:
        cost = f": about {seconds(prediction.seconds_lost)}" if prediction.seconds_lost is not None else ""
        parts.append(f"{misses} will miss{cost}")
    if unknown:
        parts.append(f"of {unknown} nobody can tell")
    return "; ".join(parts)


def seconds(value: float) -> str:
    """``41 s``, ``1.3 s`` or ``under 0.1 s``."""
    if value < 0.05:
        return "under 0.1 s"
    return f"{value:.1f} s" if value < 10 else f"{value:,.0f} s"


def _table(steps: Sequence[PredictedStep], look: Look) -> Iterator[Text]:
    rows = [_row(step) for step in steps]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    for step, (place, forecast, cost, instruction, reason) in zip(steps, rows, strict=True):
        line = Text("  ")
        line.append(place.rjust(widths[0]) + "  ", style="dim")
        line.append(forecast.ljust(widths[1]) + "  ", style=_STYLES[step.prediction])
        line.append(cost.rjust(widths[2]) + "  ")
        line.append(instruction.ljust(widths[3]) if reason else instruction)
        line.append(f"  {reason}" if reason else "", style="dim")
        line.rstrip()
        yield from wrap(line, look.width, 4)


def _row(step: PredictedStep) -> tuple[str, str, str, str, str]:
    """Line, prediction, cost, instruction, and why or how old."""
    shown = step.prediction is PredictedStatus.MISS and step.seconds is not None
    cost = seconds(step.seconds) if shown and step.seconds is not None else ""
    platform = f" ({step.platform})" if step.platform else ""
    instruction = cut(" ".join(step.instruction.split()), _LONGEST) + platform
    return (str(step.line or f"#{step.index}"), step.prediction.value, cost, instruction, _note(step))


def _note(step: PredictedStep) -> str:
    notes = [step.reason]
    if step.age_s is not None:
        notes.append(old_by(step.age_s, is_least=step.age_is_least, is_over=step.over_age))
    return "; ".join(filter(None, notes))
