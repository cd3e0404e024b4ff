"""Lists for a person: engines, clients, stored builds, settings, pages, and the machine's health."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, repeat

from rich.table import Table
from rich.text import Text

from layerfork.record.cause import CausePage, CauseRow
from layerfork.record.machine import (
    ClientRow,
    DoctorReport,
    EngineRow,
    Health,
    HealthRow,
    Obstacle,
    Origin,
    SettingRow,
    SettingsReport,
    StoredRow,
    Value,
)
from layerfork.record.visible import visible_line
from layerfork.report.rendering import Look, Renderers
from layerfork.report.text.layout import fitted, hung, print_all, print_lines, table


def render_engines(rows: Sequence[EngineRow], look: Look) -> str:
    """One line for each engine; below it what it is made of, or what keeps it from running."""
    cells = [
        (
            row.id,
            "ready" if row.ready else "missing",
            row.version or "-",
            ", ".join(row.builders),
            row.image_store,
            f"{row.oldest_api} to {row.newest_api}" if row.newest_api else "",
            row.origin,
        )
        for row in rows
    ]
    header = ("ENGINE", "", "VERSION", "BUILDERS", "IMAGE STORE", "API", "FROM")
    return _joined((header, *cells), map(_details, rows), look)


def render_clients(rows: Sequence[ClientRow], look: Look) -> str:
    """One line for each client; below it what keeps it from running."""
    cells = [
        (row.id, "ready" if row.ready else "missing", row.version or "-", ", ".join(row.builders), row.title)
        for row in rows
    ]
    header = ("CLIENT", "", "VERSION", "BUILDERS", "WHAT RUNS")
    return _joined((header, *cells), (_missing(row.obstacles) for row in rows), look)


def render_stored(rows: Sequence[StoredRow], look: Look) -> str:
    """One line for each build, the newest first."""
    cells = [
        (
            row.id,
            row.recorded_at[:19].replace("T", " "),
            row.builder,
            row.outcome,
            f"{row.hits} of {row.steps} reused",
            f"{row.size_bytes / 1024:,.0f} KiB",
            row.command,
        )
        for row in rows
    ]
    if not cells:
        return "no builds are recorded\n"
    header = ("ID", "UTC", "BUILDER", "", "STEPS", "SIZE", "COMMAND")
    return _joined((header, *cells), repeat(()), look)


def _details(row: EngineRow) -> Iterator[str]:
    others = [f"{name} {version}" for name, version in row.components if version != row.version]
    if others:
        yield f"    with {', '.join(others)}"
    yield from _missing(row.obstacles)


def _missing(obstacles: Sequence[Obstacle]) -> Iterator[str]:
    for obstacle in obstacles:
        yield f"    {obstacle.what}" + (f"; {obstacle.remedy}" if obstacle.remedy else "")


def _joined(cells: Sequence[Sequence[str]], details: Iterable[Iterable[str]], look: Look) -> str:
    """A table, with details below each of its rows."""
    head, *rows = table(cells, look.width)
    lines = list(head)
    for row, below in zip(rows, details, strict=False):
        lines += [*row, *fitted(below, look.width)]
    return "\n".join(lines) + "\n"


# Settings that are in force, with their origin.


def render_settings(reports: Sequence[SettingsReport], look: Look) -> str:
    """By command what differs from the defaults, and with ``verbose`` everything."""
    lines = (line for report in reports for line in _setting_lines(report, look))
    return "".join(f"{line}\n" for line in fitted(lines, look.width))


def _setting_lines(report: SettingsReport, look: Look) -> Iterator[str]:
    rows = [row for row in report.rows if look.verbose or row.origin is not Origin.DEFAULT]
    if report.file:
        yield f"Settings of {visible_line(report.file)}"
    else:
        yield "No settings file: neither layerfork.toml nor [tool.layerfork] up to the repository's root"
    if not rows:
        yield "All options have their default values"
    for command in dict.fromkeys(row.command for row in rows):
        yield ""
        yield command
        yield from _table([row for row in rows if row.command == command])
    if report.clients:
        yield ""
        yield "clients (they run only when --client names them)"
        width = max(len(name) for name, _ in report.clients)
        yield from (f"  {name.ljust(width)}  {visible_line(command)}" for name, command in report.clients)
    for name in report.unknown:
        yield f"{name} is set, but is not a setting"


def _table(rows: Sequence[SettingRow]) -> Iterator[str]:
    cells = [(row.option, visible_line(_said(row.value)), visible_line(_origin(row))) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None else str(value)


def _origin(row: SettingRow) -> str:
    return row.place or f"default; {row.variable}" + ("" if row.from_file else ", no file")


# Pages of the manual: rendered at a terminal, plain Markdown elsewhere.

WIDEST = 100
"""Columns beyond which text is hard to read."""


def render_pages(pages: Sequence[CausePage], look: Look) -> str:
    """Markdown for programs and files; headings, tables and wrapped text at a terminal."""
    if look.width is None:
        return "\n".join(page.text for page in pages)
    # Only `explain` at a terminal needs it, and it takes half as long to import as the rest of rich.
    from rich.markdown import Markdown  # late: start-up

    parts = (Markdown(page.text, code_theme="bw", hyperlinks=False) for page in pages)
    return print_all(parts, look, min(look.width, WIDEST))


def render_causes(rows: Sequence[CauseRow], look: Look) -> str:
    """One line for each cause; at a terminal its words are wrapped beside the code."""
    if look.width is None:
        return "".join(f"{line}\n" for line in _cause_lines(rows))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for row in rows:
        table.add_row(row.code, row.summary)
    return print_all([table], look, min(look.width, WIDEST))


def _cause_lines(rows: Sequence[CauseRow]) -> Iterator[str]:
    width = max((len(row.code) for row in rows), default=0)
    for row in rows:
        yield f"{row.code.ljust(width)}  {row.summary}"


# The state of a machine, readable in ten seconds: what is missing or distorts results, with remedies.

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
"""At most this many absent things of one area are named."""


def render_doctors(reports: Sequence[DoctorReport], look: Look) -> str:
    """Areas with their rows, and a last line that begins with ``doctor:``."""
    return "".join(print_lines(_health_lines(report, look), look) for report in reports)


def _health_lines(report: DoctorReport, look: Look) -> Iterator[Text]:
    width = max((len(row.name) for row in report.rows), default=0)
    for area, rows in groupby(report.rows, key=lambda row: row.area):
        own = list(rows)
        yield Text(f"{area}: {_counted(area, own)}", style="bold")
        for row in own if look.verbose else _shown(own):
            yield from _row(row, width, look)
        if not look.verbose and (more := _absent(own)[_FEW:]):
            yield Text(f"  {len(more)} more absent (-v lists them)", style="dim")
    style = "bold cyan" if report.ready else "bold red"
    yield Text(f"doctor: {_sentence(report)}", style=style)


def _absent(rows: Sequence[HealthRow]) -> list[HealthRow]:
    return [row for row in rows if row.health is Health.ABSENT]


def _shown(rows: Sequence[HealthRow]) -> list[HealthRow]:
    few = _absent(rows)[:_FEW]
    return [row for row in rows if row.health in _SHOWN or row in few]


def _counted(area: str, rows: Sequence[HealthRow]) -> str:
    if area in _LISTED:
        listed = [row.health for row in rows if row.health is not Health.MISSING]
        return f"{sum(health in _READY for health in listed)} of {len(listed)} ready"
    counts = Counter(row.health for row in rows)
    return ", ".join(f"{counts[health]} {health.value}" for health in Health if counts[health])


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
        return f"cannot build on this machine: {', '.join(missing)} is missing"
    notes = sum(row.health is Health.NOTE for row in report.rows)
    tinting = {0: "nothing", 1: "one thing"}.get(notes, f"{notes} things")
    return f"this machine can build; {tinting} would distort results"


RENDERERS: Renderers = {
    "doctors": render_doctors,
    "engines": render_engines,
    "stored": render_stored,
    "clients": render_clients,
    "causes": render_causes,
    "pages": render_pages,
    "settings": render_settings,
}
