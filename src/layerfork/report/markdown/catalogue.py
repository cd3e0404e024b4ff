"""Scenarios as Markdown: a table for each family, a row for each phase and builder."""

from collections.abc import Iterator, Sequence

from layerfork.record.scenarioresults import CatalogueReport, ScenarioRow
from layerfork.report.markdown.text import code, escaped, prose
from layerfork.report.overview.catalogue import alike, phase_titles, summary, surprises
from layerfork.report.rendering import Look


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """Every report after the other."""
    return "\n".join(line for report in reports for line in _lines(report)) + "\n"


def _lines(report: CatalogueReport) -> Iterator[str]:
    yield f"{escaped(summary(report))}\n"
    yield from (f"- **unexpected**: {escaped(line)}" for line in surprises(report))
    yield from (f"- problem: {prose(problem.what)}" for problem in report.problems)
    for family in dict.fromkeys(row.family for row in report.scenarios):
        yield f"\n### {escaped(family)}\n"
        for row in report.scenarios:
            if row.family == family:
                yield from _scenario(report, row)


def _scenario(report: CatalogueReport, row: ScenarioRow) -> Iterator[str]:
    yield f"**{escaped(row.question)}** ({code(row.name)})\n"
    yield "| then | builder | outcome | clients; engines |"
    yield "|---|---|---|---|"
    for number, title in phase_titles(report, row):
        for each in alike(report, row, number):
            told = f"**unexpected**: {escaped(each.outcome)}" if each.unexpected else escaped(each.outcome)
            yield f"| {escaped(title)} | {escaped(each.builder)} | {told} | {escaped(each.who)} |"
    yield ""
