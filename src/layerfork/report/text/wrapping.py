"""Lines as wide as the terminal: words are never broken, what follows hangs below what it belongs to."""

from collections.abc import Iterator

from rich.text import Text


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
