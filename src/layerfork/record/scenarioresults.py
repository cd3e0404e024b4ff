"""Results of scenarios: each phase compared with what was expected, and with those of another run."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from layerfork.record.answer import Answer
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome
from layerfork.record.run import RunProblem
from layerfork.record.scenario import Expectation

CATALOGUE_SCHEMA = "layerfork/catalogue/1"
SCENARIOS_SCHEMA = "layerfork/scenarios/1"


class Met(StrEnum):
    """Whether a phase went as its scenario says."""

    AS_EXPECTED = "as expected"
    UNEXPECTED = "unexpected"
    INCONCLUSIVE = "inconclusive"
    """Unknown: there was no build, or nothing shows whether its steps were reused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPhase:
    """The result of one phase with one client."""

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
    """Why the result is unexpected or inconclusive: a sentence."""
    answer: Answer | None = None
    """The answer about the fork."""


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
        return Met.INCONCLUSIVE if Met.INCONCLUSIVE in found or not found else Met.AS_EXPECTED


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
class TimeSpent:
    """Where the time of a run went, in seconds; those of engines side by side are added."""

    starting: float = 0.0
    """Engines that start and end."""
    cleaning: float = 0.0
    """Caches that are cleaned, and what scenarios let happen to engines."""
    building: float = 0.0
    """Clients' processes: the builds themselves."""
    own: float = 0.0
    """The rest: time in which only layerfork itself worked."""
    busy: float | None = None
    """Share of the time in which this machine's processors were busy; None where it is unknown, or
    where other machines built."""
    processors: int = 0

    @property
    def all(self) -> float:
        return self.starting + self.cleaning + self.building + self.own


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueReport:
    """Everything that a run of scenarios reports."""

    scenarios: tuple[ScenarioRow, ...]
    engines: tuple[EngineInfo, ...]
    cells: tuple[Cell, ...]
    problems: tuple[RunProblem, ...] = ()
    seconds: float = 0.0
    built: int = 0
    """Builds that were made in these seconds; results from an earlier run are not counted."""
    spent: TimeSpent = TimeSpent()
    """Where these seconds went."""
    interrupted: bool = False

    def of(self, scenario: str) -> Sequence[Cell]:
        """The cells of one scenario."""
        return [cell for cell in self.cells if cell.scenario == scenario]

    def count(self, met: Met) -> int:
        """How many phases had this result."""
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
    without a known time counts like the others."""


# What differs between two runs of one experiment: `layerfork report --diff OLD NEW`.

UPGRADE_SCHEMA = "layerfork/upgrade/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """Another version of an engine, of a part of one, or of clients."""

    names: tuple[str, ...]
    """Of clients those that went from the one to the other; else one name."""
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildState:
    """How a client's build went."""

    outcome: BuildOutcome
    builder: str
    control: str = ""
    """``hit``, ``miss`` or empty when no second build was made."""
    reason: str = ""
    """The first line of why it did not succeed: not compared, for builders put random names into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """Builds that ended in another way, or were another builder's: alike before, alike now."""

    clients: tuple[str, ...]
    old: BuildState
    new: BuildState


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Clients that were in one cache, and are in another one now."""

    clients: tuple[str, ...]
    left: tuple[str, ...] | None
    """Who else was in it, of the clients of both runs; None where it is unknown."""
    joined: tuple[str, ...] | None
    """Who else is in the new one; None where it is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkSeen:
    """A fork that only one of the runs has: at this step for these causes."""

    step: int
    """From 1."""
    instruction: str
    causes: tuple[str, ...]
    """Codes."""
    writer: str
    reader: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChange:
    """A phase of a scenario that went another way for these clients: alike before, alike now."""

    clients: tuple[str, ...]
    old: CellPhase
    new: CellPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioChange:
    """What differs in one scenario on one engine."""

    scenario: str
    compared: int
    """How many builds, of scenarios with phases how many cells, are in both runs."""
    alike: int
    """How many of them nothing below names."""
    other_dockerfile: bool = False
    """Not the same was built: what differs need not be the upgrade's doing."""
    states: tuple[StateChange, ...] = ()
    moves: tuple[Move, ...] = ()
    forks_gone: tuple[ForkSeen, ...] = ()
    forks_new: tuple[ForkSeen, ...] = ()
    phases: tuple[PhaseChange, ...] = ()
    only_old: tuple[str, ...] = ()
    """Clients that only the earlier run has."""
    only_new: tuple[str, ...] = ()

    @property
    def is_alike(self) -> bool:
        """Whether everything in both went as before."""
        return not (self.states or self.moves or self.forks_gone or self.forks_new or self.phases)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineChange:
    """One engine of the earlier run with the one of the later that stands for it."""

    old: str
    """``private 26.1.5``: as it reported itself."""
    new: str
    versions: tuple[VersionChange, ...]
    scenarios: tuple[ScenarioChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeReport:
    """Everything that `report --diff` has to say."""

    old: str
    """The earlier file."""
    new: str
    engines: tuple[EngineChange, ...]
    only_old: tuple[str, ...] = ()
    """What only the earlier file has, a line each: an engine, or a scenario on one."""
    only_new: tuple[str, ...] = ()

    @property
    def is_alike(self) -> bool:
        """Whether everything that is in both went as before; versions may be others."""
        return all(each.is_alike for engine in self.engines for each in engine.scenarios)
