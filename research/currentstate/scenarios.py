"""The results of scenarios: a table for each family, a row for each change, a column for each builder."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.scenarioresults import CatalogueReport, Cell, Met, ScenarioRow
from layerfork.report.markdown.words import code, escaped
from layerfork.report.views.outcomes import AlikeCells, alike, phase_titles
from layerfork.report.views.sentences import counted

REUSED = "reused"
INCONCLUSIVE = "inconclusive"
NOT_BUILT = "-"
_CAUSE = re.compile(rf"(?<![\w-])({'|'.join(sorted(CauseCode, key=len, reverse=True))})(?![\w-])")
_MISSED = "  missed: "
_PROVEN = "PROVEN "
_WHOLE, _HEAD, _TAIL = 32, 12, 16
"""Characters of an instruction that are shown; of a longer one its beginning and its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One phase of a scenario."""

    row: ScenarioRow
    title: str
    """What changed."""
    cells: Mapping[Builder, str]
    """What each builder did, as Markdown: what most cells say, then what others do, with who they are."""


def questions(report: CatalogueReport) -> tuple[Question, ...]:
    """In the order of the report's scenarios."""
    return tuple(each for row in report.scenarios for each in _of_scenario(report, row))


def table(asked: Sequence[Question]) -> Iterator[str]:
    """A row for each phase."""
    yield f"| question | change | {' | '.join(Builder)} |"
    yield f"|---|---|{'---|' * len(Builder)}"
    for number, each in enumerate(asked):
        again = number > 0 and asked[number - 1].row is each.row
        question = "" if again else escaped(each.row.question)
        yield f"| {question} | {escaped(each.title)} | {' | '.join(each.cells.values())} |"


def _of_scenario(report: CatalogueReport, row: ScenarioRow) -> Iterator[Question]:
    for number, title in phase_titles(report, row):
        groups = list(alike(report, row, number))
        known = [each for each in groups if not each.outcome.startswith(INCONCLUSIVE)]
        cells = {builder: _of_builder(builder, known) or _of_builder(builder, groups) for builder in Builder}
        yield Question(
            row=row, title=title, cells={builder: cell or NOT_BUILT for builder, cell in cells.items()}
        )


def inconclusive(report: CatalogueReport) -> Iterator[str]:
    """Why some results are inconclusive: a line for each reason, with clients, engines and how often."""
    found: dict[str, list[Cell]] = {}
    for cell in report.cells:
        for phase in cell.phases:
            if phase.met is Met.INCONCLUSIVE:
                found.setdefault(phase.why, []).append(cell)
    for why, cells in sorted(found.items(), key=lambda each: (-len(each[1]), each[0])):
        clients, engines = (
            ", ".join(sorted({getattr(cell, field) for cell in cells})) for field in ("client", "engine")
        )
        yield f"- {escaped(why)}: {counted(len(cells), 'phase')} of {escaped(clients)} on {escaped(engines)}."


def _of_builder(builder: Builder, groups: Sequence[AlikeCells]) -> str:
    return _cell([each for each in groups if each.builder == builder])


def _cell(groups: Sequence[AlikeCells]) -> str:
    """Groups that differ only in what is proven are one."""
    merged: dict[tuple[str, bool], list[AlikeCells]] = {}
    for each in groups:
        merged.setdefault((each.outcome.replace(_PROVEN, ""), each.unexpected), []).append(each)
    ordered = sorted(merged.values(), key=lambda same: -sum(map(_size, same)))
    said = [
        _said(same) if place == 0 else f"{_said(same)} ({'; '.join(escaped(each.who) for each in same)})"
        for place, same in enumerate(ordered)
    ]
    return "; ".join(said)


def _size(group: AlikeCells) -> int:
    return len(group.clients) * len(group.engines)


def _said(same: Sequence[AlikeCells]) -> str:
    """``COPY app /app: mode``; a cause that no cell proves is marked."""
    mark = "**unexpected** " if same[0].unexpected else ""
    instruction, missed, causes = same[0].outcome.replace(_PROVEN, "").rpartition(_MISSED)
    linked = _CAUSE.sub(r"[\1](causes/\1.md)", escaped(causes)) if missed else escaped(causes)
    if not missed:
        return mark + linked
    proven = any(_PROVEN in each.outcome for each in same) or linked == escaped(causes)
    sure = "" if proven else " (not proven)"
    return f"{mark}{code(_short(instruction))}: {linked}{sure}"


def _short(instruction: str) -> str:
    if len(instruction) <= _WHOLE:
        return instruction
    return f"{instruction[:_HEAD]}…{instruction[-_TAIL:]}"
