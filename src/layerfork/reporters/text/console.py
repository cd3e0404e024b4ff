"""Turns styled lines into text, with or without colour."""

import io
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from layerfork.model.visible import UNSEEN, visible
from layerfork.reporters.reporter import Look


def print_lines(lines: Iterable[Text], look: Look) -> str:
    """The lines as text; ANSI colours only when the look says so. Non-UTF-8 bytes are escaped."""
    output = io.StringIO()
    console = Console(
        file=output,
        force_terminal=look.color,
        color_system="standard" if look.color else None,
        no_color=not look.color,
        width=10_000,
        highlight=False,
        legacy_windows=False,
    )
    for line in lines:
        console.print(_visible(line), soft_wrap=True)
    text = "\n".join(line.rstrip() for line in output.getvalue().split("\n"))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _visible(line: Text) -> Text:
    """The line with what a terminal would not show, or act on, written out: what is left is our own."""
    found = list(UNSEEN.finditer(line.plain))
    if not found:
        return line
    pieces = line.divide([place for match in found for place in match.span()])
    for piece in pieces:
        if UNSEEN.fullmatch(piece.plain):
            piece.plain = visible(piece.plain)
    return Text("").join(pieces)


def section(title: str) -> Iterable[Text]:
    """A blank line and a title."""
    return (Text(), Text(title, style="bold"))
