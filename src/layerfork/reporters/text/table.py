"""The table of 2015: right-aligned names, one column per instruction, twelve digits of each identity."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import count

from layerfork.model.identity import StepIdentity
from layerfork.model.record import BuildOutcome, StepRecord, StepStatus
from layerfork.model.report import TrialBuild

DIGITS = len("0123456789ab")
CELL = DIGITS + len("'', ")


def layout_table(builds: Sequence[TrialBuild], width: int | None = None) -> list[str]:
    """Lines of the table, header first; blocks of columns when ``width`` is too small for one row.

    Builds without steps are left out: they are listed with their reason elsewhere.
    """
    rows = [build for build in builds if build.steps]
    if not rows:
        return []
    name_width = max(len(build.client) for build in rows)
    columns, cells = _arrange(rows)
    placed = [(build.client, own) for build, own in zip(rows, cells, strict=True)]
    per_block = len(columns) if width is None else max(1, (width - name_width - 3) // CELL)
    lines: list[str] = []
    for first in range(0, len(columns), per_block):
        if lines:
            lines.append("")
        lines += _block(placed, name_width, columns[first : first + per_block], first)
    return lines


def _block(
    placed: Sequence[tuple[str, dict[int, str]]], name_width: int, columns: Sequence[str], first: int
) -> list[str]:
    lines = [(" " * (name_width + 2) + "".join(name.center(CELL) for name in columns)).rstrip()]
    for client, cells in placed:
        last = min(max(cells) + 1, first + len(columns))
        shown = [cells.get(column, " " * DIGITS) for column in range(first, last)]
        if shown:
            lines.append(f"{client.rjust(name_width)}: {shown}")
    return lines


def _arrange(rows: Sequence[TrialBuild]) -> tuple[list[str], list[dict[int, str]]]:
    """Keywords of the columns, and for each row its cells by the column that they stand in.

    The columns are those of the longest build, and between them what only others have: a client may add
    an ARG before the first FROM, or a stage at the end.
    """
    numbers = count()
    columns: list[tuple[int, str]] = []
    places: dict[int, list[tuple[int, str]]] = {}
    for row in sorted(range(len(rows)), key=lambda row: -len(rows[row].steps)):
        keywords = [keyword(step.instruction) for step in rows[row].steps]
        matcher = SequenceMatcher(None, [name for _, name in columns], keywords, autojunk=False)
        merged: list[tuple[int, str]] = []
        own = places[row] = []
        for tag, low, high, start, end in matcher.get_opcodes():
            new = [(next(numbers), name) for name in keywords[start:end]] if tag != "equal" else []
            merged += columns[low:high] + new
            own += new or (columns[low:high] if tag == "equal" else [])
        columns = merged
    order = {column: index for index, column in enumerate(columns)}
    cells = [
        dict(zip((order[column] for column in places[row]), cells_of(build), strict=True))
        for row, build in enumerate(rows)
    ]
    return [name for _, name in columns], cells


def keyword(instruction: str) -> str:
    """``COPY`` of ``COPY important.txt /``."""
    first = instruction.split(maxsplit=1)[:1]
    return first[0].upper() if first else "?"


def cells_of(build: TrialBuild) -> list[str]:
    """A cell for each step of a build."""
    identities = build.identities
    return [_cell(step, identities.get(step.index)) for step in build.steps]


def _cell(step: StepRecord, identity: StepIdentity | None) -> str:
    """Twelve digits that name the step, or its status where no identity is known."""
    if identity is not None:
        return identity.short.ljust(DIGITS)
    if step.status is StepStatus.NOT_EVALUATED:
        return "not needed".ljust(DIGITS)
    return step.status.value.ljust(DIGITS)


def missing_builds(builds: Sequence[TrialBuild]) -> list[TrialBuild]:
    """Builds that did not succeed: they failed, were refused, cannot be asked, or were not run."""
    return [build for build in builds if build.outcome is not BuildOutcome.SUCCEEDED]
