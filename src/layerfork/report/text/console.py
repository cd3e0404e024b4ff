"""Turns styled lines into text, with or without colour."""

import io
from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.text import Text

from layerfork.record.visible import IN_LINES, visible_line
from layerfork.report.rendering import Look


def print_lines(lines: Iterable[Text], look: Look) -> str:
    """The lines as text; ANSI colours only when the look says so. What cannot be seen is written out."""
    return print_all((_visible(line) for line in lines), look, soft_wrap=True)


def print_all(
    parts: Iterable[RenderableType], look: Look, width: int = 10_000, *, soft_wrap: bool = False
) -> str:
    """Anything that rich can print, as text without blanks at the ends of lines."""
    output = io.StringIO()
    console = Console(
        file=output,
        force_terminal=look.color,
        color_system="standard" if look.color else None,
        no_color=not look.color,
        width=width,
        highlight=False,
        legacy_windows=False,
    )
    for part in parts:
        console.print(part, soft_wrap=soft_wrap)
    return "\n".join(line.rstrip() for line in output.getvalue().split("\n"))


def _visible(line: Text) -> Text:
    """The line with what a terminal would not show, or act on, written out: what is left is our own."""
    found = list(IN_LINES.finditer(line.plain))
    if not found:
        return line
    pieces = line.divide([place for match in found for place in match.span()])
    for piece in pieces:
        if IN_LINES.fullmatch(piece.plain):
            piece.plain = visible_line(piece.plain)
    return Text("").join(pieces)


def section(title: str) -> Iterable[Text]:
    """A blank line and a title."""
    return (Text(), Text(title, style="bold"))
