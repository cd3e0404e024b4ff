"""What differs between two runs of one experiment: `layerfork report --diff OLD NEW`."""

from dataclasses import dataclass

from layerfork.record.catalogue import CellPhase
from layerfork.record.record import BuildOutcome

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
    """Who else was in it, of the clients of both runs; None where nothing shows which it was."""
    joined: tuple[str, ...] | None
    """Likewise of who is in it now."""


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
