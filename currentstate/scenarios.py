"""What became of each scenario: a table for each family, a row for each phase, a column for each builder."""

import re
from collections.abc import Iterator, Sequence

from layerfork.model.build import Builder
from layerfork.model.catalogue import CatalogueReport, ScenarioRow
from layerfork.model.cause import CauseCode
from layerfork.reporters.markdown.text import code, escaped
from layerfork.reporters.overview.catalogue import AlikeCells, alike, phase_titles, summary, surprises

_CAUSE = re.compile(rf"(?<![\w-])({'|'.join(sorted(CauseCode, key=len, reverse=True))})(?![\w-])")


def scenarios(report: CatalogueReport) -> Iterator[str]:
    """Every family."""
    yield f"{escaped(summary(report))}.\n"
    yield from (f"- **unexpected**: {escaped(line)}" for line in surprises(report))
    for family in dict.fromkeys(row.family for row in report.scenarios):
        yield f"\n### {escaped(family.capitalize())}\n"
        yield f"| question | then | {' | '.join(Builder)} |"
        yield f"|---|---|{'---|' * len(Builder)}"
        for row in report.scenarios:
            if row.family == family:
                yield from _rows(report, row)


def _rows(report: CatalogueReport, row: ScenarioRow) -> Iterator[str]:
    question = escaped(row.question)
    for number, title in phase_titles(report, row):
        groups = list(alike(report, row, number))
        cells = (_cell([each for each in groups if each.builder == builder]) for builder in Builder)
        yield f"| {question} | {escaped(title)} | {' | '.join(cells)} |"
        question = ""


def _cell(groups: Sequence[AlikeCells]) -> str:
    """What most cells say, then what others do, with who they are."""
    ordered = sorted(groups, key=lambda each: -len(each.clients) * len(each.engines))
    told = [
        _told(each) if place == 0 else f"{_told(each)} ({escaped(each.who)})"
        for place, each in enumerate(ordered)
    ]
    return "; ".join(told) or "-"


def _told(group: AlikeCells) -> str:
    mark = "**unexpected** " if group.unexpected else ""
    instruction, missed, causes = group.outcome.rpartition("  missed: ")
    linked = _CAUSE.sub(r"[\1](causes/\1.md)", escaped(causes)) if missed else escaped(causes)
    return f"{mark}{code(instruction)} missed: {linked}" if missed else mark + linked
