"""Predictions for a person: of one build, and of commits one after the other."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.prediction import (
    Blamed,
    CommitPrediction,
    HistoryPrediction,
    PredictedStatus,
    PredictedStep,
    Prediction,
)
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.answer import answer_lines, first_lines
from layerfork.report.text.builds import baseline_line, old_by
from layerfork.report.text.layout import cut, print_lines, wrap
from layerfork.report.views.sentences import counted

_STYLES = {
    PredictedStatus.HIT: "cyan",
    PredictedStatus.MISS: "bold yellow",
    PredictedStatus.UNKNOWN: "magenta",
}
_LONGEST = 48
"""Columns of an instruction in the table."""


def render_predictions(predictions: Sequence[Prediction], look: Look) -> str:
    """Each prediction; of several with the name of its build."""
    return "\n".join(print_lines(_prediction_lines(each, look), look) for each in predictions)


def _prediction_lines(prediction: Prediction, look: Look) -> Iterator[Text]:
    name = f"{prediction.build}: " if prediction.build else ""
    yield Text(f"{name}{verdict(prediction)}", style="bold")
    pairs = zip(prediction.judgement.forks, prediction.answers, strict=True)
    for fork, answer in pairs:
        yield Text()
        yield from answer_lines(answer, fork, look) if look.verbose else first_lines(answer, look)
    yield Text()
    yield from _table(prediction.steps, look)
    if any(step.over_age for step in prediction.steps):
        yield from wrap(Text("! older than --max-age: it would still be reused"), look.width, 4)
    for line in prediction.assumes:
        yield from wrap(Text(f"  assumes: {line}", style="dim"), look.width, 4)
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
        parts.append(f"{unknown} unknown")
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


# What builds of commits would have cost: a row and a bar for each commit, then what costs most.

_DIGITS = 8
"""Of a commit's id."""
_BAR = 12
"""Columns of the longest bar."""
_SUBJECT = 32
_MOST_BLAMED = 5
"""At most this many causes are listed without --verbose."""


def render_histories(histories: Sequence[HistoryPrediction], look: Look) -> str:
    """Each history."""
    return "\n".join(print_lines(_history_lines(each, look), look) for each in histories)


def _history_lines(history: HistoryPrediction, look: Look) -> Iterator[Text]:
    yield Text(_verdict(history), style="bold")
    yield Text()
    yield from _commit_table(history.commits, look)
    yield Text()
    yield from _summary(history, look)
    for line in history.assumes:
        yield from wrap(Text(f"  assumes: {line}", style="dim"), look.width, 4)
    yield from wrap(Text(f"  from: {baseline_line(history.against)}", style="dim"), look.width, 4)


def _verdict(history: HistoryPrediction) -> str:
    """``5 of 12 commits miss steps: about 83 s``."""
    slow = [each for each in history.commits if each.count(PredictedStatus.MISS)]
    total = counted(len(history.commits), "commit")
    if not slow:
        return f"none of {total} is known to miss a step"
    known = [each.seconds_lost for each in slow if each.seconds_lost is not None]
    cost = f": about {seconds(sum(known))}" if known else ""
    return f"{len(slow)} of {total} {'misses' if len(slow) == 1 else 'miss'} steps{cost}"


def _commit_table(commits: Sequence[CommitPrediction], look: Look) -> Iterator[Text]:
    weights = _weights(commits)
    rows = [_commit_row(each) for each in commits]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for commit, row, weight in zip(commits, rows, weights, strict=True):
        missed, cost, subject, why = row
        line = Text("  ")
        line.append(commit.id[:_DIGITS] + "  ", style="dim")
        line.append(
            missed.rjust(widths[0]) + "  ",
            style="bold yellow" if commit.count(PredictedStatus.MISS) else "cyan",
        )
        line.append(cost.rjust(widths[1]) + "  ")
        line.append(_bar(weight, max(weights)).ljust(_BAR) + "  ", style="yellow")
        line.append(subject.ljust(widths[2]) + "  ")
        line.append(why)
        line.rstrip()
        yield from wrap(line, look.width, 6)


def _weights(commits: Sequence[CommitPrediction]) -> list[float]:
    """What the bars show: seconds; steps that miss where no record shows any time."""
    if any(each.seconds_lost for each in commits):
        return [each.seconds_lost or 0.0 for each in commits]
    return [float(each.count(PredictedStatus.MISS)) for each in commits]


def _bar(weight: float, most: float) -> str:
    return "█" * max(1, round(_BAR * weight / most)) if weight else ""


def _commit_row(commit: CommitPrediction) -> tuple[str, str, str, str]:
    """Steps that miss, their cost, the subject, and where and why the first one does."""
    subject = cut(commit.subject or "(no subject)", _SUBJECT)
    if commit.prediction is None:
        return "?", "", subject, f"not predicted: {commit.problem}"
    missed, unknown = commit.count(PredictedStatus.MISS), commit.count(PredictedStatus.UNKNOWN)
    text = f"{missed} of {len(commit.prediction.steps)}" + (f" +{unknown}?" if unknown else "")
    cost = commit.seconds_lost
    return text, seconds(cost) if missed and cost is not None else "", subject, _why(commit)


def _why(commit: CommitPrediction) -> str:
    prediction, first = commit.prediction, commit.first_miss
    if prediction is not None and prediction.answers:
        answer = prediction.answers[0]
        more = len(prediction.answers) - 1
        return f"{answer.place}: {answer.culprit}" + (
            f" (and {counted(more, 'other place')})" if more else ""
        )
    if first is not None:
        return f"{f'line {first.line}' if first.line else f'step {first.index}'}: {first.reason}"
    steps = () if prediction is None else prediction.steps
    return next((step.reason for step in steps if step.prediction is PredictedStatus.UNKNOWN), "")


def _summary(history: HistoryPrediction, look: Look) -> Iterator[Text]:
    slow = [each for each in history.commits if each.count(PredictedStatus.MISS)]
    if slow:
        worst = max(slow, key=lambda each: (each.seconds_lost or 0.0, each.count(PredictedStatus.MISS)))
        cost = f", {seconds(worst.seconds_lost)}" if worst.seconds_lost is not None else ""
        text = f"costliest commit: {worst.id[:_DIGITS]} {worst.subject}: {_steps(worst)}{cost}"
        yield from wrap(Text(text), look.width, 4)
    shown = history.blamed if look.verbose else history.blamed[:_MOST_BLAMED]
    if shown:
        yield Text("costliest causes:")
    for each in shown:
        yield from wrap(Text(f"  {_blamed(each)}"), look.width, 4)
    if len(shown) < len(history.blamed):
        yield Text(f"  {len(history.blamed) - len(shown)} more with --verbose", style="dim")


def _steps(commit: CommitPrediction) -> str:
    return f"{counted(commit.count(PredictedStatus.MISS), 'step')} missed"


def _blamed(blamed: Blamed) -> str:
    cost = f", {seconds(blamed.seconds)}" if blamed.seconds is not None else ""
    return f"{blamed.name} ({blamed.code}): {counted(len(blamed.commits), 'commit')}{cost}"


RENDERERS: Renderers = {
    "predictions": render_predictions,
    "histories": render_histories,
}
