"""Scenarios as a list, and what came of them: phase by phase, clients that went alike on one line."""

from collections.abc import Iterator, Sequence

from layerfork.record.scenarioresults import CatalogueReport, ScenarioRow
from layerfork.report.overview.catalogue import alike, pace, phase_titles, summary, surprises
from layerfork.report.rendering import Look
from layerfork.report.text.columns import fitted, hung


def render_scenarios(rows: Sequence[ScenarioRow], look: Look) -> str:
    """One line for each, by family."""
    lines: list[str] = []
    width = max((len(row.name) for row in rows), default=0)
    for family in dict.fromkeys(row.family for row in rows):
        lines.append(family)
        for row in rows:
            if row.family == family:
                lines += hung(row.question, look.width, f"  {row.name:<{width}}  ", width + 4)
    return "\n".join(lines) + "\n"


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """Everything that was measured; what was not as expected once more at the end."""
    lines = (line for report in reports for line in _lines(report, look))
    return "".join(line + "\n" for line in fitted(lines, look.width))


def _lines(report: CatalogueReport, look: Look) -> Iterator[str]:
    for row in report.scenarios:
        if not report.of(row.name):
            continue  # of a run that was interrupted, or a part of one
        yield f"{row.name}: {row.question}"
        for number, title in phase_titles(report, row):
            yield f"  {title}"
            for each in alike(report, row, number):
                mark = "UNEXPECTED  " if each.unexpected else ""
                yield f"    {each.builder:<9} {mark}{each.outcome}  ({each.who})"
        if look.verbose:
            left = [cell for cell in report.of(row.name) if not cell.phases]
            yield from (f"  not built: {cell.client} on {cell.engine}: {cell.reason}" for cell in left)
        yield ""
    yield from (f"UNEXPECTED {line}" for line in surprises(report))
    yield from (f"problem: {problem}" for problem in report.problems)
    yield summary(report)
    yield from filter(None, [pace(report)])
