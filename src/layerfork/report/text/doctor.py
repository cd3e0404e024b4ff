"""A machine for ten seconds: what is missing and what tints, with what to do; all of it when verbose."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from layerfork.record.machine import DoctorReport, Health, HealthRow
from layerfork.report.rendering import Look
from layerfork.report.text.columns import hung
from layerfork.report.text.console import print_lines

_STYLES = {
    Health.OK: "green",
    Health.NOTE: "yellow",
    Health.ABSENT: "dim",
    Health.UNKNOWN: "yellow",
    Health.MISSING: "bold red",
}
_SHOWN = (Health.NOTE, Health.UNKNOWN, Health.MISSING)
_LISTED = ("engines", "clients")
"""Areas that are lists of their own: `layerfork engines` counts as their heading does."""
_READY = (Health.OK, Health.NOTE)
_FEW = 4
"""So many absent things of one area are named."""


def render_doctors(reports: Sequence[DoctorReport], look: Look) -> str:
    """Areas with their rows, and a last line that begins with ``doctor:``."""
    return "".join(print_lines(_lines(report, look), look) for report in reports)


def _lines(report: DoctorReport, look: Look) -> Iterator[Text]:
    width = max((len(row.name) for row in report.rows), default=0)
    for area, rows in groupby(report.rows, key=lambda row: row.area):
        own = list(rows)
        yield Text(f"{area}: {_counted(area, own)}", style="bold")
        for row in own if look.verbose else _told(own):
            yield from _row(row, width, look)
        if not look.verbose and (more := _absent(own)[_FEW:]):
            yield Text(f"  {len(more)} more are absent: -v names them", style="dim")
    style = "bold cyan" if report.ready else "bold red"
    yield Text(f"doctor: {_sentence(report)}", style=style)


def _absent(rows: Sequence[HealthRow]) -> list[HealthRow]:
    return [row for row in rows if row.health is Health.ABSENT]


def _told(rows: Sequence[HealthRow]) -> list[HealthRow]:
    few = _absent(rows)[:_FEW]
    return [row for row in rows if row.health in _SHOWN or row in few]


def _counted(area: str, rows: Sequence[HealthRow]) -> str:
    if area in _LISTED:
        listed = [row.health for row in rows if row.health is not Health.MISSING]
        return f"{sum(health in _READY for health in listed)} of {len(listed)} ready"
    counts = ((health, sum(row.health is health for row in rows)) for health in Health)
    return ", ".join(f"{count} {health.value}" for health, count in counts if count)


def _row(row: HealthRow, width: int, look: Look) -> Iterator[Text]:
    label = f"  {row.health.value:7}  {row.name:{width}}  "
    narrow = look.width is not None and len(label) > look.width // 2
    if narrow:
        label = f"  {row.health.value:7}  {row.name}: "
    column = 2 + 7 + 2 if narrow else len(label)
    first, *rest = hung(row.what, look.width, label, column)
    yield Text.assemble("  ", (f"{row.health.value:7}", _STYLES[row.health]), first[2 + 7 :])
    yield from map(Text, rest)
    if row.remedy:
        yield from map(Text, hung(row.remedy, look.width, f"{'':{column}}", column))


def _sentence(report: DoctorReport) -> str:
    missing = [row.name for row in report.rows if row.health is Health.MISSING]
    if missing:
        return f"nothing can build here: {', '.join(missing)} is missing"
    notes = sum(row.health is Health.NOTE for row in report.rows)
    tinting = {0: "nothing", 1: "one thing"}.get(notes, f"{notes} things")
    return f"this machine can build; {tinting} would tint results"
