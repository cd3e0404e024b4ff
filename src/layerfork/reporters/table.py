"""The table of 2015: right-aligned names, one column per instruction, twelve digits of each identity."""

from collections.abc import Sequence

from layerfork.model.record import BuildOutcome, StepRecord, StepStatus
from layerfork.model.report import TrialBuild

CELL = len("'0123456789ab', ")


def layout_table(builds: Sequence[TrialBuild], width: int | None = None) -> list[str]:
    """Lines of the table, header first; blocks of columns when ``width`` is too small for one row.

    Builds without steps are left out: they are listed with their reason elsewhere.
    """
    rows = [build for build in builds if build.steps]
    if not rows:
        return []
    name_width = max(len(build.client) for build in rows)
    columns = max(len(build.steps) for build in rows)
    per_block = columns if width is None else max(1, (width - name_width - 3) // CELL)
    lines: list[str] = []
    for first in range(0, columns, per_block):
        if lines:
            lines.append("")
        lines += _block(rows, name_width, first, min(columns, first + per_block))
    return lines


def _block(rows: Sequence[TrialBuild], name_width: int, first: int, last: int) -> list[str]:
    words = "".join(_heading(rows, column).center(CELL) for column in range(first, last))
    lines = [(" " * (name_width + 2) + words).rstrip()]
    for build in rows:
        cells = [cell(step) for step in build.steps[first:last]]
        if cells:
            lines.append(f"{build.client.rjust(name_width)}: {cells}")
    return lines


def _heading(rows: Sequence[TrialBuild], column: int) -> str:
    """The instruction word of a column; the builds agree on it, or the longest build names it."""
    for build in sorted(rows, key=lambda row: -len(row.steps)):
        if column < len(build.steps):
            return keyword(build.steps[column].instruction)
    return ""


def keyword(instruction: str) -> str:
    """``COPY`` of ``COPY important.txt /``."""
    words = instruction.split(maxsplit=1)
    return words[0].upper() if words else "?"


def cell(step: StepRecord) -> str:
    """Twelve digits that name the step, or its status where no identity is known."""
    if step.identity:
        return step.identity.removeprefix("sha256:")[:12]
    if step.status is StepStatus.NOT_EVALUATED:
        return "not needed".ljust(12)
    return step.status.value.ljust(12)


def missing_builds(builds: Sequence[TrialBuild]) -> list[TrialBuild]:
    """Builds that did not succeed: they failed, were refused, cannot be asked, or were not run."""
    return [build for build in builds if build.outcome is not BuildOutcome.SUCCEEDED]
