"""What a page of scenarios shows, gathered: the grid, what was unexpected, and each scenario's phases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layerfork.record.scenarioresults import CatalogueReport, CellPhase, Met, ScenarioRow
from layerfork.report.html.page import page
from layerfork.report.rendering import Look
from layerfork.report.views.outcomes import (
    AlikeCells,
    Grid,
    GridRow,
    Went,
    alike,
    cells_without,
    grid_of,
    outcome,
    pace,
    phase_titles,
    summary,
)
from layerfork.report.views.sentences import counted

FIRST = 2
SIGNS = {
    Went.REUSED: "●",
    Went.MISSED: "○",
    Went.SPLIT: "◐",
    Went.FAILED: "x",
    Went.INCONCLUSIVE: "?",
    Went.UNEXPECTED: "!",
    Went.NOTHING: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """What went otherwise than expected: clients and engines in which it did alike."""

    scenario: str
    id: str
    """Of the scenario's section."""
    phase: str
    builder: str
    who: str
    why: str
    outcome: str
    fix: str
    """What to do about the fork; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioView:
    id: str
    row: ScenarioRow
    phases: tuple[tuple[str, tuple[AlikeCells, ...]], ...]
    """Titles, and what became of them."""

    @property
    def unexpected(self) -> bool:
        return any(group.unexpected for _, groups in self.phases for group in groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueView:
    id: str
    verdict: str
    unexpected: bool
    summary: str
    pace: str
    surprises: tuple[Surprise, ...]
    grid: Grid
    ids: dict[str, str]
    """Of scenarios' sections, by name."""
    families: tuple[tuple[str, tuple[ScenarioView, ...]], ...]
    without: tuple[tuple[str, str, int], ...]
    """Reasons why cells were not built, who, and how many."""
    report: CatalogueReport


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguesView:
    title: str
    runs: tuple[CatalogueView, ...]
    signs: dict[Went, str]
    first: int
    """How many surprises are open to see: with more the grid would be out of sight."""


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """The grid first, what was unexpected above it; then each scenario by family."""
    runs = tuple(_run(report, f"r{number}") for number, report in enumerate(reports, 1))
    scenarios = {row.name for report in reports for row in report.scenarios}
    view = CataloguesView(title=counted(len(scenarios), "scenario"), runs=runs, signs=SIGNS, first=FIRST)
    return page("catalogue.html.j2", look, style="catalogue.css", view=view)


def _run(report: CatalogueReport, own: str) -> CatalogueView:
    grid = grid_of(report)
    ids = {row.name: f"{own}s{number}" for number, row in enumerate(report.scenarios, 1)}
    views = {row.name: _scenario(report, row, ids[row.name]) for row in report.scenarios}
    unexpected = report.count(Met.UNEXPECTED)
    return CatalogueView(
        id=own,
        verdict=_verdict(report, unexpected),
        unexpected=bool(unexpected),
        summary=summary(report),
        pace=pace(report),
        surprises=tuple(_surprises(report, ids)),
        grid=grid,
        ids=ids,
        families=tuple((family, tuple(_of_family(rows, views))) for family, rows in grid.families),
        without=tuple(
            (
                reason,
                ", ".join(dict.fromkeys(f"{cell.client} on {cell.engine}" for cell in cells)),
                len(cells),
            )
            for reason, cells in cells_without(report)
        ),
        report=report,
    )


def _verdict(report: CatalogueReport, unexpected: int) -> str:
    if unexpected:
        return f"{counted(unexpected, 'result')} did not match what was expected."
    if not report.count(Met.AS_EXPECTED):
        return "Nothing was measured."
    inconclusive = report.count(Met.INCONCLUSIVE)
    more = (
        f"; {counted(inconclusive, 'result')} {'was' if inconclusive == 1 else 'were'} inconclusive"
        if inconclusive
        else ""
    )
    return f"All results matched what was expected{more}."


def _of_family(rows: Sequence[GridRow], views: dict[str, ScenarioView]) -> Iterator[ScenarioView]:
    """Those with a surprise first."""
    names = dict.fromkeys(row.scenario.name for row in rows)
    yield from sorted((views[name] for name in names), key=lambda view: not view.unexpected)


def _scenario(report: CatalogueReport, row: ScenarioRow, own: str) -> ScenarioView:
    phases = tuple((title, tuple(alike(report, row, number))) for number, title in phase_titles(report, row))
    return ScenarioView(id=own, row=row, phases=phases)


def _surprises(report: CatalogueReport, ids: dict[str, str]) -> Iterator[Surprise]:
    """Each once, with all clients and engines that it is the same for."""
    found: dict[tuple[str, str, str, str], list[tuple[str, str, CellPhase]]] = {}
    for cell in report.cells:
        for phase in cell.phases:
            if phase.met is Met.UNEXPECTED:
                place = (cell.scenario, phase.title, cell.builder, phase.why)
                found.setdefault(place, []).append((cell.client, cell.engine, phase))
    for (scenario, title, builder, why), cells in found.items():
        first = cells[0][2]
        clients = tuple(dict.fromkeys(client for client, _, _ in cells))
        engines = tuple(dict.fromkeys(engine for _, engine, _ in cells))
        who = AlikeCells(builder=builder, outcome="", unexpected=True, clients=clients, engines=engines).who
        yield Surprise(
            scenario=scenario,
            id=ids[scenario],
            phase=title,
            builder=builder,
            who=who,
            why=why,
            outcome=outcome(first),
            fix=first.answer.fix.sentence if first.answer else "",
        )
