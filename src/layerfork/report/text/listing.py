"""Engines and clients as a table, with what is missing and the command that helps."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat

from layerfork.record.machine import ClientRow, EngineRow, Obstacle, StoredRow
from layerfork.report.rendering import Look
from layerfork.report.text.columns import fitted, table


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
        return "no builds are kept\n"
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
