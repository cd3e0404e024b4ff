"""Traps for ten seconds: each in three lines, then how many there are."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from layerfork.record.lint import LintReport, Trap
from layerfork.report.rendering import Look
from layerfork.report.text.columns import cut, hung
from layerfork.report.text.console import print_lines

_ON_A_LINE = 120
"""Columns of the first line where no width is known."""
_LEAST = 40
"""Columns that what stands there always gets."""


def render_lints(reports: Sequence[LintReport], look: Look) -> str:
    """Where, what it costs, what to do; bad files; a last line that begins with ``lint:``."""
    return "".join(print_lines(_lines(report, look), look) for report in reports)


def _lines(report: LintReport, look: Look) -> Iterator[Text]:
    for trap in report.traps:
        yield from _trap(trap, look)
    for bad in report.bad:
        place = f"{bad.file}:{bad.line}" if bad.line else bad.file
        lines = hung(f"{place}: {bad.reason}", look.width, "", 4)
        yield from (Text(line, style="bold red") for line in lines)
    style = "bold red" if report.traps or report.bad else "bold cyan"
    yield Text(f"lint: {_sentence(report)}", style=style)


def _trap(trap: Trap, look: Look) -> Iterator[Text]:
    place = f"{trap.file}:{trap.line}  "
    room = (look.width or _ON_A_LINE) - len(place) - len(trap.code) - 2
    subject = cut(trap.subject, max(_LEAST, room))
    yield Text.assemble((f"{place}{subject}", "bold"), "  ", (trap.code, "yellow"))
    yield from map(Text, hung(trap.cost, look.width, "  ", 2))
    yield from map(Text, hung(f"fix: {trap.fix.sentence}", look.width, "  ", 7))
    if trap.fix.warning:
        yield from map(Text, hung(f"careful: {trap.fix.warning}", look.width, "  ", 7))


def _sentence(report: LintReport) -> str:
    count = len(report.traps)
    files = f"{report.files} {'file' if report.files == 1 else 'files'}"
    parts = [f"{count or 'no'} {'trap' if count == 1 else 'traps'} in {files}"]
    if report.ignored:
        parts.append(f"{report.ignored} ignored by comments")
    if report.bad:
        bad = len({each.path for each in report.bad})
        parts.append(f"{bad} bad {'file' if bad == 1 else 'files'}")
    return ", ".join(parts)
