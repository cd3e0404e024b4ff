"""Settings that are in force, with their origin."""

from collections.abc import Iterator, Sequence

from layerfork.record.machine import Origin, SettingRow, SettingsReport, Value
from layerfork.record.visible import visible_line
from layerfork.report.rendering import Look
from layerfork.report.text.columns import fitted


def render_settings(reports: Sequence[SettingsReport], look: Look) -> str:
    """By command what differs from the defaults, and with ``verbose`` everything."""
    lines = (line for report in reports for line in _lines(report, look))
    return "".join(f"{line}\n" for line in fitted(lines, look.width))


def _lines(report: SettingsReport, look: Look) -> Iterator[str]:
    rows = [row for row in report.rows if look.verbose or row.origin is not Origin.DEFAULT]
    if report.file:
        yield f"Settings of {visible_line(report.file)}"
    else:
        yield "No settings file: neither layerfork.toml nor [tool.layerfork] up to the repository's root"
    if not rows:
        yield "Every option has its default"
    for command in dict.fromkeys(row.command for row in rows):
        yield ""
        yield command
        yield from _table([row for row in rows if row.command == command])
    if report.clients:
        yield ""
        yield "clients, which run when --client names them"
        width = max(len(name) for name, _ in report.clients)
        yield from (f"  {name.ljust(width)}  {visible_line(command)}" for name, command in report.clients)
    for name in report.unknown:
        yield f"{name} is set, and is no setting"


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
