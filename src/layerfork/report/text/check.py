"""What a check found, for ten seconds: each fork in three lines, then what came of it, and hints."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.answer import Answer, Fork
from layerfork.record.check import CheckReport
from layerfork.report.overview.checks import left_lines, sentence
from layerfork.report.rendering import Look
from layerfork.report.text.answer import answer_lines, first_lines
from layerfork.report.text.console import print_lines
from layerfork.report.text.wrapping import wrap


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """Answers, and a line that begins with ``check:``, with hints below it; whole answers when verbose."""
    return "".join(print_lines(_lines(report, look), look) for report in reports)


def _lines(report: CheckReport, look: Look) -> Iterator[Text]:
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
