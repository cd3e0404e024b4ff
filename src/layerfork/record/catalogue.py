"""What `layerfork run --scenario` found: each phase of each scenario, held against what was expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.answer import Answer
from layerfork.record.engine import EngineInfo
from layerfork.record.phase import Expectation
from layerfork.record.record import BuildOutcome
from layerfork.record.report import Problem

CATALOGUE_SCHEMA = "layerfork/catalogue/1"
SCENARIOS_SCHEMA = "layerfork/scenarios/1"


class Met(StrEnum):
    """Whether a phase went as its scenario says."""

    AS_EXPECTED = "as expected"
    UNEXPECTED = "unexpected"
    UNTOLD = "untold"
    """Nobody can tell: no build, or steps of which nothing shows whether they were reused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPhase:
    """What became of one phase with one client."""

    number: int
    """From 1: the first phase meets no cache, and has no row here."""
    title: str
    outcome: BuildOutcome
    expected: Expectation | None
    missed: str = ""
    """The first instruction that was built again; empty when all were reused."""
    causes: tuple[str, ...] = ()
    """Codes of why, those of its fork."""
    proven: bool = False
    """All of them are."""
    met: Met
    why: str = ""
    """Of what was not as expected, or cannot be told: a sentence."""
    answer: Answer | None = None
    """What a person reads of the fork."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One scenario with one client on one engine."""

    scenario: str
    engine: str
    """Its id: ``private:26.1``."""
    client: str
    version: str = ""
    builder: str
    """That built it."""
    phases: tuple[CellPhase, ...] = ()
    reason: str = ""
    """Why there are none: this client cannot build here."""
    seconds: float = 0.0
    """Of its clients' processes."""
    waited: float = 0.0
    """Of all of it: clean cache, contexts, records."""
    builds: int = 0

    @property
    def met(self) -> Met:
        """Of all its phases together: the worst."""
        found = {phase.met for phase in self.phases}
        if Met.UNEXPECTED in found:
            return Met.UNEXPECTED
        return Met.UNTOLD if Met.UNTOLD in found or not found else Met.AS_EXPECTED


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRow:
    """One scenario of the list."""

    name: str
    title: str
    question: str
    family: str
    phases: int
    expected: tuple[tuple[Expectation, ...], ...] = ()
    """Of each phase after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Where the time of a run went, in seconds; those of engines side by side are added."""

    starting: float = 0.0
    """Engines that start and end."""
    cleaning: float = 0.0
    """Caches that are cleaned, and what scenarios let happen to engines."""
    building: float = 0.0
    """Clients' processes: the builds themselves."""
    own: float = 0.0
    """All that is left: what layerfork itself does, and nobody else meanwhile."""
    busy: float | None = None
    """Share of the time of this machine's processors in which they worked, for anybody; None where it is not
    known, or where other machines built."""
    processors: int = 0

    @property
    def all(self) -> float:
        return self.starting + self.cleaning + self.building + self.own


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueReport:
    """Everything that a run of scenarios has to say."""

    scenarios: tuple[ScenarioRow, ...]
    engines: tuple[EngineInfo, ...]
    cells: tuple[Cell, ...]
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    built: int = 0
    """Builds that were made in these seconds: what was taken from an earlier run is none."""
    spent: Spent = Spent()
    """Where these seconds went."""
    interrupted: bool = False

    def of(self, scenario: str) -> Sequence[Cell]:
        """The cells of one scenario."""
        return [cell for cell in self.cells if cell.scenario == scenario]

    def count(self, met: Met) -> int:
        """How many phases went so."""
        return sum(phase.met is met for cell in self.cells for phase in cell.phases)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueOutline:
    """What a run of scenarios would do."""

    scenarios: int
    clients: int
    cells: int
    """Of all machines together."""
    mine: int
    """Of the part that was asked for."""
    left: tuple[tuple[str, int], ...]
    """Engines, each with how many of these are not built yet."""
    builds: int
    """Of what is left, at most: a client that cannot build somewhere makes fewer."""
    seconds: float | None = None
    """That engines would take one after the other; None where no earlier run says how long cells take; a cell
    of which it does not counts as the others do."""
