"""Lines on a terminal: wrapped, cut, in columns, coloured."""

import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from rich.console import Console, RenderableType
from rich.text import Text

from layerfork.record.visible import IN_LINES, visible_line
from layerfork.report.rendering import Look


def wrap(line: Text, width: int | None, hang: int = 0) -> Iterator[Text]:
    """A line in pieces of at most ``width`` columns, all but the first behind ``hang`` blanks.

    A word that is longer stays whole. None leaves the line as it is.
    """
    start, breaks = 0, list(_breaks(line.plain)) if width else []
    room = width or 0
    while width and len(line.plain) - start > room:
        fitting = [each for each in breaks if start < each <= start + room]
        later = [each for each in breaks if each > max(start, start + room)]
        if not (fitting or later):
            break
        end = fitting[-1] if fitting else later[0]
        yield _piece(line, start, end, hang)
        start = end + 1
        room = max(width - hang, 1)
    yield _piece(line, start, len(line.plain), hang)


def _breaks(text: str) -> Iterator[int]:
    """Places of single blanks between words; several in a row are part of what is shown."""
    begun = len(text) - len(text.lstrip())
    for place, letter in enumerate(text):
        alone = (
            letter == " " and text[place - 1 : place] != " " and text[place + 1 : place + 2] not in ("", " ")
        )
        if place > begun and alone:
            yield place


def _piece(line: Text, start: int, end: int, hang: int) -> Text:
    piece = line[start:end]
    return Text.assemble(" " * hang, piece) if start else piece


# Texts that fit a width: cut after a word, hung below their beginning, side by side.


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


# Turns styled lines into text, with or without colour.


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
