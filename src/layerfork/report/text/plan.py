"""What a run would do, for a person."""

from collections.abc import Iterator, Sequence

from layerfork.record.run import PlanReport
from layerfork.report.rendering import Look


def render_plans(reports: Sequence[PlanReport], look: Look) -> str:
    """What would run, in order, and what would not, with the reason."""
    return "\n".join(line for report in reports for line in _lines(report)) + "\n"


def _lines(report: PlanReport) -> Iterator[str]:
    running = [row for row in report.rows if row.runs]
    engine = f"Engine {report.engine.version} ({report.engine.kind}, {report.engine.image_store})"
    yield f"{report.scenario} on {engine}: {len(running)} build{'' if len(running) == 1 else 's'}"
    for row in running:
        yield f"  {row.client} ({row.builder})" + (f": {row.note}" if row.note else "")
    left_out = [row for row in report.rows if not row.runs]
    if left_out:
        yield "  would not run:"
        yield from (f"    {row.client}: {row.note}" for row in left_out)
