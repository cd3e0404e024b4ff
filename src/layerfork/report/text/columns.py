"""Texts that fit a width: cut after a word, hung below their beginning, side by side."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from rich.text import Text

from layerfork.report.text.wrapping import wrap


def hung(text: str, width: int | None, first: str = "", rest: int = 0) -> list[str]:
    """Lines of a text behind ``first``; those that follow begin ``rest`` columns in."""
    return [line.plain for line in wrap(Text(first + text), width, rest)]


def fitted(lines: Iterable[str], width: int | None) -> Iterator[str]:
    """Lines as wide as the terminal: what does not fit hangs below the place where its line begins."""
    for line in lines:
        begins = len(line) - len(line.lstrip())
        yield from hung(line, width, "", begins + 4)


def table(rows: Sequence[Sequence[str]], width: int | None) -> Iterator[list[str]]:
    """The lines of each row: its columns, as many as fit, and below them the cells that do not."""
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    ends = list(accumulate(size + 2 for size in sizes))
    fit = len(sizes) if width is None else max(1, sum(end - 2 <= width for end in ends))
    for row in rows:
        cells = "  ".join(cell.ljust(size) for cell, size in zip(row[:fit], sizes[:fit], strict=True))
        more = "; ".join(filter(None, row[fit:]))
        yield [cells.rstrip(), *(hung(more, width, "    ", 6) if more else ())]


def cut(text: str, room: int) -> str:
    """The first words of a text that fit, and an ellipsis; the whole text where it fits."""
    if len(text) <= room:
        return text
    end = text.rfind(" ", 0, max(0, room - 1))
    return f"{text[:end].rstrip()} …" if end > 0 else f"{text.split()[0]} …"


def side_by_side(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    """Rows of three cells under a head of two; one below the other where the columns do not fit."""
    sizes = [
        max([len(row[0]) for row in rows], default=0),
        max(len(cell) for cell in (head[0], *(row[1] for row in rows))),
        max(len(cell) for cell in (head[1], *(row[2] for row in rows))),
    ]
    if width is None or sum(sizes) + 6 <= width:
        for label, *cells in (("", *head), *rows):
            yield f"  {label:{sizes[0]}}  {cells[0]:{sizes[1]}}  {cells[1]}".rstrip()
        return
    names = max(map(len, head))
    for label, *cells in rows:
        yield from hung(label, width, "  ", 4)
        for name, cell in zip(head, cells, strict=True):
            yield from hung(cell, width, f"    {name:{names}}  ", names + 6)
