"""The table of 2015: right-aligned names, one column per instruction, twelve digits of each identity."""

from collections.abc import Sequence

from layerfork.record.record import BuildOutcome, StepIdentity, StepRecord, StepStatus
from layerfork.record.run import TrialBuild
from layerfork.report.overview.columns import align, keyword

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
    """Keywords of the columns, and for each row its cells by the column that they stand in."""
    columns, places = align([[keyword(step.instruction) for step in row.steps] for row in rows])
    cells = [dict(zip(own, cells_of(build), strict=True)) for own, build in zip(places, rows, strict=True)]
    return columns, cells


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
