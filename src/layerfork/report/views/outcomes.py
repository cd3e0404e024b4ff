"""Runs of scenarios: what was expected, what was measured, and what is unexpected."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.record import BuildOutcome
from layerfork.record.scenarioresults import (
    CatalogueOutline,
    CatalogueReport,
    Cell,
    CellPhase,
    Met,
    ScenarioRow,
    TimeSpent,
)
from layerfork.report.views.sentences import counted

WORKED_OUT = 0.85
"""Share of the time from which on busy processors count as what bounds a run."""
MANY = 3
"""More clients than these are counted, not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlikeCells:
    """Cells of one builder in which a phase went alike."""

    builder: str
    outcome: str
    unexpected: bool
    clients: tuple[str, ...]
    engines: tuple[str, ...]

    whys: tuple[str, ...] = ()
    """Why it was expected so; several where clients or engines are expected to differ."""

    @property
    def names(self) -> str:
        """The clients, by name or as a number."""
        return _few(self.clients, "client")

    @property
    def who(self) -> str:
        """The clients and the engines, each by name or as a number."""
        return f"{self.names}; {_few(self.engines, 'engine')}"


def _few(names: Sequence[str], noun: str) -> str:
    return ", ".join(names) if len(names) <= MANY else counted(len(names), noun)


def alike(report: CatalogueReport, row: ScenarioRow, number: int) -> Iterator[AlikeCells]:
    """The outcome of one phase of a scenario: by builder, with equal outcomes grouped."""
    groups: dict[tuple[str, str, bool], list[tuple[Cell, CellPhase]]] = {}
    for cell in report.of(row.name):
        for phase in cell.phases:
            if phase.number == number:
                unexpected = phase.met is Met.UNEXPECTED
                groups.setdefault((cell.builder, outcome(phase), unexpected), []).append((cell, phase))
    for (builder, result, unexpected), found in sorted(groups.items(), key=lambda each: each[0]):
        yield AlikeCells(
            builder=builder,
            outcome=result,
            unexpected=unexpected,
            clients=tuple(dict.fromkeys(cell.client for cell, _ in found)),
            engines=tuple(dict.fromkeys(cell.engine for cell, _ in found)),
            whys=tuple(dict.fromkeys(phase.expected.why for _, phase in found if phase.expected)),
        )


def phase_titles(report: CatalogueReport, row: ScenarioRow) -> Sequence[tuple[int, str]]:
    """Numbers and titles of the phases that were built."""
    titles = {phase.number: phase.title for cell in report.of(row.name) for phase in cell.phases}
    return sorted(titles.items())


def outcome(phase: CellPhase) -> str:
    """The outcome of a phase, in a few words."""
    if phase.met is Met.INCONCLUSIVE:
        return f"inconclusive: {phase.why}"
    if phase.outcome is not BuildOutcome.SUCCEEDED:
        fails = phase.expected is not None and phase.expected.fails
        return f"cannot build it: {phase.expected.why}" if fails and phase.expected else phase.why
    if not phase.missed:
        return "reused"
    proven = "PROVEN " if phase.proven else ""
    return f"{phase.missed}  missed: {proven}{', '.join(phase.causes) or 'not explained'}"


def surprises(report: CatalogueReport) -> Iterator[str]:
    """Every phase that did not go as expected, a sentence each."""
    for cell in report.cells:
        for phase in cell.phases:
            if phase.met is Met.UNEXPECTED:
                place = f"{cell.client} on {cell.engine} ({cell.builder})"
                yield f"{cell.scenario}, {phase.title}, {place}: {phase.why}"


def summary(report: CatalogueReport) -> str:
    """``3 scenarios, 2,248 cells: 2,458 results matched, 258 were inconclusive``."""
    scenarios, cells = counted(len(report.scenarios), "scenario"), counted(len(report.cells), "cell")
    matched = f"{counted(report.count(Met.AS_EXPECTED), 'result')} matched"
    others = [_how_many(report, met) for met in (Met.UNEXPECTED, Met.INCONCLUSIVE) if report.count(met)]
    return f"{scenarios}, {cells}: {', '.join((matched, *others))}"


def _how_many(report: CatalogueReport, met: Met) -> str:
    count = report.count(met)
    return f"{count:,} {'was' if count == 1 else 'were'} {met.value}"


def pace(report: CatalogueReport) -> str:
    """How fast it was, and where the time went; empty for what was read from a file."""
    if not (report.seconds and report.built and report.spent.all):
        return ""
    rate = report.built / report.seconds * 60
    builds = f"{counted(report.built, 'build')} in {report.seconds:,.0f} s, {rate:.0f} per minute"
    return f"{builds}; bottleneck: {_bottleneck(report.spent)}. Time: {_shares(report.spent)}."


def _bottleneck(spent: TimeSpent) -> str:
    """What would have to be faster for the run to be."""
    most, _ = max(_parts(spent), key=lambda part: part[1])
    if spent.busy is None:
        return most
    bound = "this machine" if spent.busy >= WORKED_OUT else most
    return f"{bound} ({counted(spent.processors, 'processor')}, {percent(spent.busy)} busy)"


def _shares(spent: TimeSpent) -> str:
    """``builds 88 %, cleaning caches 7 %, layerfork itself 4 %, starting engines 1 %``."""
    ordered = sorted(_parts(spent), key=lambda part: -part[1])
    return ", ".join(f"{name} {percent(seconds / spent.all)}" for name, seconds in ordered)


def _parts(spent: TimeSpent) -> Sequence[tuple[str, float]]:
    return (
        ("builds", spent.building),
        ("cleaning caches", spent.cleaning),
        ("layerfork itself", spent.own),
        ("starting engines", spent.starting),
    )


def percent(share: float) -> str:
    """``88 %``."""
    return f"{share * 100:.0f} %"


def outlined(plan: CatalogueOutline) -> Iterator[str]:
    """What a run would do, a line for each thing."""
    yield (
        f"{counted(plan.cells, 'cell')}: {counted(plan.scenarios, 'scenario')}, "
        f"{counted(plan.clients, 'client')}"
    )
    if plan.mine != plan.cells:
        yield f"in this part: {counted(plan.mine, 'cell')}"
    left = sum(count for _, count in plan.left)
    if left != plan.mine:
        yield f"already built: {counted(plan.mine - left, 'cell')}"
    yield from (f"  {engine}: {counted(count, 'cell')}" for engine, count in plan.left)
    time = f", about {_clock(plan.seconds)} if engines run one after the other" if plan.seconds else ""
    yield f"to build: {counted(left, 'cell')}, at most {counted(plan.builds, 'build')}{time}"


def _clock(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


# A run of scenarios at a glance: phases as rows, builders and engines as columns, a mark where they meet.


class Went(StrEnum):
    """The outcome of a phase with one builder on one engine, for all its clients together."""

    REUSED = "everything reused"
    MISSED = "built again"
    SPLIT = "depends on the client"
    FAILED = "cannot be built"
    INCONCLUSIVE = "inconclusive"
    UNEXPECTED = "unexpected"
    """For at least one client; this takes precedence over all other outcomes."""
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
    outcomes: str = ""
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
        outcomes = _outcomes(report, row, number)
        marks = tuple(
            Mark(
                went=_went(found.get((column.builder, column.engine), ())),
                outcomes=outcomes.get((column.builder, column.engine), ""),
            )
            for column in columns
        )
        yield GridRow(scenario=row, phase=title, first=not place, marks=marks)


def _outcomes(report: CatalogueReport, row: ScenarioRow, number: int) -> Mapping[tuple[str, str], str]:
    """By builder and engine: what those that went alike did, the clients only named where they differ."""
    parts: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for group in alike(report, row, number):
        for engine in group.engines:
            parts.setdefault((group.builder, engine), []).append((group.outcome, group.names))
    return {
        place: found[0][0] if len(found) == 1 else "; ".join(f"{who}: {outcome}" for outcome, who in found)
        for place, found in parts.items()
    }


def _went(phases: Sequence[CellPhase]) -> Went:
    if not phases:
        return Went.NOTHING
    if any(phase.met is Met.UNEXPECTED for phase in phases):
        return Went.UNEXPECTED
    found = {_one(phase) for phase in phases}
    conclusive = found - {Went.INCONCLUSIVE}
    if not conclusive:
        return Went.INCONCLUSIVE
    return conclusive.pop() if len(conclusive) == 1 else Went.SPLIT


def _one(phase: CellPhase) -> Went:
    if phase.met is Met.INCONCLUSIVE:
        return Went.INCONCLUSIVE
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
