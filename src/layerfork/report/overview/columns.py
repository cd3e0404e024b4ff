"""Steps of several builds side by side: which of them stand in one column."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import count


def align(rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[int]]]:
    """Keywords of the columns, and for each row the columns that its steps stand in.

    The columns are those of the longest row, and between them what only others have: a client may add an ARG
    before the first FROM, or a stage at the end.
    """
    numbers = count()
    columns: list[tuple[int, str]] = []
    places: dict[int, list[tuple[int, str]]] = {}
    for row in sorted(range(len(rows)), key=lambda row: -len(rows[row])):
        matcher = SequenceMatcher(None, [name for _, name in columns], rows[row], autojunk=False)
        merged: list[tuple[int, str]] = []
        own = places[row] = []
        for tag, low, high, start, end in matcher.get_opcodes():
            new = [(next(numbers), name) for name in rows[row][start:end]] if tag != "equal" else []
            merged += columns[low:high] + new
            own += new or (columns[low:high] if tag == "equal" else [])
        columns = merged
    order = {column: index for index, column in enumerate(columns)}
    return [name for _, name in columns], [[order[each] for each in places[row]] for row in range(len(rows))]


def keyword(instruction: str) -> str:
    """``COPY`` of ``COPY important.txt /``."""
    first = instruction.split(maxsplit=1)[:1]
    return first[0].upper() if first else "?"
