"""Turns styled lines into text, with or without colour."""

import io
from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

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
        console.print(line, soft_wrap=True)
    text = "\n".join(line.rstrip() for line in output.getvalue().split("\n"))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def section(title: str) -> Iterable[Text]:
    """A blank line and a title."""
    return (Text(), Text(title, style="bold"))
