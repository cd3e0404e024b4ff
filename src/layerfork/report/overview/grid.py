"""A run of scenarios at a glance: phases as rows, builders and engines as columns, a mark where they meet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.record import BuildOutcome
from layerfork.record.scenarioresults import CatalogueReport, Cell, CellPhase, Met, ScenarioRow
from layerfork.report.overview.catalogue import alike, phase_titles


class Went(StrEnum):
    """What became of a phase with one builder on one engine, all its clients together."""

    REUSED = "everything reused"
    MISSED = "built again"
    SPLIT = "depends on the client"
    FAILED = "cannot be built"
    UNTOLD = "untold"
    UNEXPECTED = "unexpected"
    """With one client at least: that is said before anything else."""
    NOTHING = "not built"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One builder on one engine."""

    builder: str
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a row and a column meet."""

    went: Went
    told: str = ""
    """What each client did, in a sentence or a few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One phase of a scenario."""

    scenario: ScenarioRow
    phase: str
    first: bool
    """Of its scenario."""
    marks: tuple[Mark, ...]
    """One for each column."""

    @property
    def unexpected(self) -> bool:
        return any(mark.went is Went.UNEXPECTED for mark in self.marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Everything of a run."""

    columns: tuple[Column, ...]
    families: tuple[tuple[str, tuple[GridRow, ...]], ...]
    """Rows by family: first the families in which something was unexpected, each in the order of the run."""

    @property
    def builders(self) -> tuple[tuple[str, int], ...]:
        """Each with how many neighbouring columns it has."""
        names = [column.builder for column in self.columns]
        return tuple((name, names.count(name)) for name in dict.fromkeys(names))


def grid_of(report: CatalogueReport) -> Grid:
    """The run as marks; builders by name, engines in the order of the run."""
    built = [cell for cell in report.cells if cell.phases]
    engines = tuple(dict.fromkeys(cell.engine for cell in report.cells))
    there = {(cell.builder, cell.engine) for cell in built}
    columns = tuple(
        Column(builder=builder, engine=engine)
        for builder in sorted({builder for builder, _ in there})
        for engine in engines
        if (builder, engine) in there
    )
    families: dict[str, list[GridRow]] = {}
    for row in report.scenarios:
        families.setdefault(row.family, []).extend(_rows(report, row, columns))
    ordered = sorted(families.items(), key=lambda each: not any(row.unexpected for row in each[1]))
    return Grid(columns=columns, families=tuple((name, tuple(rows)) for name, rows in ordered if rows))


def _rows(report: CatalogueReport, row: ScenarioRow, columns: Sequence[Column]) -> Iterator[GridRow]:
    for place, (number, title) in enumerate(phase_titles(report, row)):
        found: dict[tuple[str, str], list[CellPhase]] = {}
        for cell in report.of(row.name):
            mine = found.setdefault((cell.builder, cell.engine), [])
            mine += [phase for phase in cell.phases if phase.number == number]
        told = _told(report, row, number)
        marks = tuple(
            Mark(
                went=_went(found.get((column.builder, column.engine), ())),
                told=told.get((column.builder, column.engine), ""),
            )
            for column in columns
        )
        yield GridRow(scenario=row, phase=title, first=not place, marks=marks)


def _told(report: CatalogueReport, row: ScenarioRow, number: int) -> Mapping[tuple[str, str], str]:
    """By builder and engine: what those that went alike did, the clients only named where they differ."""
    parts: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for group in alike(report, row, number):
        for engine in group.engines:
            parts.setdefault((group.builder, engine), []).append((group.outcome, group.names))
    return {
        place: told[0][0] if len(told) == 1 else "; ".join(f"{who}: {outcome}" for outcome, who in told)
        for place, told in parts.items()
    }


def _went(phases: Sequence[CellPhase]) -> Went:
    if not phases:
        return Went.NOTHING
    if any(phase.met is Met.UNEXPECTED for phase in phases):
        return Went.UNEXPECTED
    found = {_one(phase) for phase in phases}
    told = found - {Went.UNTOLD}
    if not told:
        return Went.UNTOLD
    return told.pop() if len(told) == 1 else Went.SPLIT


def _one(phase: CellPhase) -> Went:
    if phase.met is Met.UNTOLD:
        return Went.UNTOLD
    if phase.outcome is not BuildOutcome.SUCCEEDED:
        return Went.FAILED
    return Went.MISSED if phase.missed else Went.REUSED


def cells_without(report: CatalogueReport) -> Sequence[tuple[str, Sequence[Cell]]]:
    """Cells that were not built, by the reason."""
    found: dict[str, list[Cell]] = {}
    for cell in report.cells:
        if not cell.phases:
            found.setdefault(cell.reason, []).append(cell)
    return sorted(found.items(), key=lambda each: -len(each[1]))
