"""Engines and clients as a table, with what is missing and the command that helps."""

from collections.abc import Iterator, Sequence

from layerfork.model.listing import ClientRow, EngineRow, Obstacle, StoredRow
from layerfork.reporters.reporter import Look


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
    table = _table((header, *cells))
    return _joined(table[0], zip(table[1:], map(_details, rows), strict=True))


def render_clients(rows: Sequence[ClientRow], look: Look) -> str:
    """One line for each client; below it what keeps it from running."""
    cells = [
        (row.id, "ready" if row.ready else "missing", row.version or "-", ", ".join(row.builders), row.title)
        for row in rows
    ]
    table = _table((("CLIENT", "", "VERSION", "BUILDERS", "WHAT RUNS"), *cells))
    return _joined(table[0], zip(table[1:], (_missing(row.obstacles) for row in rows), strict=True))


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
    return "\n".join(_table((("ID", "UTC", "BUILDER", "", "STEPS", "SIZE", "COMMAND"), *cells))) + "\n"


def _details(row: EngineRow) -> Iterator[str]:
    others = [f"{name} {version}" for name, version in row.components if version != row.version]
    if others:
        yield f"    with {', '.join(others)}"
    yield from _missing(row.obstacles)


def _missing(obstacles: Sequence[Obstacle]) -> Iterator[str]:
    for obstacle in obstacles:
        yield f"    {obstacle.what}" + (f"; {obstacle.remedy}" if obstacle.remedy else "")


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _joined(header: str, blocks: "zip[tuple[str, Iterator[str]]]") -> str:
    lines = [header]
    for line, details in blocks:
        lines += [line, *details]
    return "\n".join(lines) + "\n"
