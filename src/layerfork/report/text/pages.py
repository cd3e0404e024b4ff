"""The manual's pages: rendered at a terminal, as they are written elsewhere."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from layerfork.record.cause import CausePage, CauseRow
from layerfork.report.rendering import Look
from layerfork.report.text.console import print_all

WIDEST = 100
"""Columns beyond which text is hard to read."""


def render_pages(pages: Sequence[CausePage], look: Look) -> str:
    """Markdown for programs and files; headings, tables and wrapped text at a terminal."""
    if look.width is None:
        return "\n".join(page.text for page in pages)
    # Only `explain` at a terminal needs it, and it takes half as long to import as the rest of rich.
    from rich.markdown import Markdown

    parts = (Markdown(page.text, code_theme="bw", hyperlinks=False) for page in pages)
    return print_all(parts, look, min(look.width, WIDEST))


def render_causes(rows: Sequence[CauseRow], look: Look) -> str:
    """One line for each cause; at a terminal its words are wrapped beside the code."""
    if look.width is None:
        return "".join(f"{line}\n" for line in _lines(rows))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for row in rows:
        table.add_row(row.code, row.summary)
    return print_all([table], look, min(look.width, WIDEST))


def _lines(rows: Sequence[CauseRow]) -> Iterator[str]:
    width = max((len(row.code) for row in rows), default=0)
    for row in rows:
        yield f"{row.code.ljust(width)}  {row.summary}"
