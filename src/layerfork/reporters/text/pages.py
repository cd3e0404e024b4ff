"""The manual's pages: rendered at a terminal, as they are written elsewhere."""

import io
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from layerfork.model.causepage import CausePage, CauseRow
from layerfork.reporters.reporter import Look

WIDEST = 100
"""Columns beyond which text is hard to read."""


def render_pages(pages: Sequence[CausePage], look: Look) -> str:
    """Markdown for programs and files; headings, tables and wrapped text at a terminal."""
    if look.width is None:
        return "\n".join(page.text for page in pages)
    console = _console(look, look.width)
    for page in pages:
        console.print(Markdown(page.text, code_theme="bw", hyperlinks=False))
    return _text(console)


def render_causes(rows: Sequence[CauseRow], look: Look) -> str:
    """One line for each cause; at a terminal its words are wrapped beside the code."""
    if look.width is None:
        return "".join(f"{line}\n" for line in _lines(rows))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for row in rows:
        table.add_row(row.code, row.summary)
    console = _console(look, look.width)
    console.print(table)
    return _text(console)


def _lines(rows: Sequence[CauseRow]) -> Iterator[str]:
    width = max((len(row.code) for row in rows), default=0)
    for row in rows:
        yield f"{row.code.ljust(width)}  {row.summary}"


def _console(look: Look, width: int) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=look.color,
        color_system="standard" if look.color else None,
        no_color=not look.color,
        width=min(width, WIDEST),
        highlight=False,
        legacy_windows=False,
    )


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return "\n".join(line.rstrip() for line in console.file.getvalue().split("\n"))
