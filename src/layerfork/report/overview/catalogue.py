"""What came of scenarios, for several formats: clients and engines that went alike are one line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from layerfork.report.overview.words import counted

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
    """What became of one phase of a scenario: by builder, those that went alike together."""
    groups: dict[tuple[str, str, bool], list[tuple[Cell, CellPhase]]] = {}
    for cell in report.of(row.name):
        for phase in cell.phases:
            if phase.number == number:
                unexpected = phase.met is Met.UNEXPECTED
                groups.setdefault((cell.builder, outcome(phase), unexpected), []).append((cell, phase))
    for (builder, told, unexpected), found in sorted(groups.items(), key=lambda each: each[0]):
        yield AlikeCells(
            builder=builder,
            outcome=told,
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
    """What became of a phase, in a few words."""
    if phase.met is Met.UNTOLD:
        return f"untold: {phase.why}"
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
    """How much there was, and how much of it as expected."""
    parts = [f"{report.count(met)} {met.value}" for met in Met if report.count(met) or met is Met.AS_EXPECTED]
    scenarios, cells = counted(len(report.scenarios), "scenario"), counted(len(report.cells), "cell")
    return f"{scenarios}, {cells}: phases {', '.join(parts)}"


def pace(report: CatalogueReport) -> str:
    """How fast it was, and where the time went; empty for what was read from a file."""
    if not (report.seconds and report.built and report.spent.all):
        return ""
    rate = report.built / report.seconds * 60
    builds = f"{counted(report.built, 'build')} in {report.seconds:.0f} s, {rate:.0f} a minute"
    return f"{builds}, bounded by {_bound(report.spent)}. Of the time {_shares(report.spent)}."


def _bound(spent: TimeSpent) -> str:
    """What would have to be faster for the run to be."""
    busy = (
        "" if spent.busy is None else f"{counted(spent.processors, 'processor')}, {percent(spent.busy)} busy"
    )
    if spent.busy is not None and spent.busy >= WORKED_OUT:
        return f"this machine: {busy}"
    most, _ = max(_parts(spent), key=lambda part: part[1])
    return f"the time that {most} took" + (f" ({busy})" if busy else "")


def _shares(spent: TimeSpent) -> str:
    """``builds took 88 %, cleaning caches 7 %, layerfork itself 4 %, starting engines 1 %``."""
    ordered = sorted(_parts(spent), key=lambda part: -part[1])
    shares = [
        f"{name}{'' if place else ' took'} {percent(each / spent.all)}"
        for place, (name, each) in enumerate(ordered)
    ]
    return ", ".join(shares)


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
        yield f"of this part: {counted(plan.mine, 'cell')}"
    left = sum(count for _, count in plan.left)
    if left != plan.mine:
        yield f"built already: {counted(plan.mine - left, 'cell')}"
    yield from (f"  {engine}: {counted(count, 'cell')}" for engine, count in plan.left)
    time = f", about {_clock(plan.seconds)} on one engine after the other" if plan.seconds else ""
    yield f"to build: {counted(left, 'cell')}, at most {counted(plan.builds, 'build')}{time}"


def _clock(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
