"""Two runs of a scenario's phases on one engine, client by client."""

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain

from layerfork.app.upgrade.matching import match
from layerfork.app.upgrade.runs import client_versions, unpinned
from layerfork.record.catalogue import Cell, CellPhase
from layerfork.record.record import BuildOutcome
from layerfork.record.upgrade import BuildState, PhaseChange, ScenarioChange, StateChange, VersionChange

Pairs = Sequence[tuple[Cell, Cell]]


def changed_cells(
    scenario: str, old: Sequence[Cell], new: Sequence[Cell]
) -> tuple[ScenarioChange, tuple[VersionChange, ...]]:
    """What differs in one scenario, and which clients have other versions."""
    found = match(
        old,
        new,
        lambda cell: (cell.client, cell.builder),
        lambda cell: cell.client,
        lambda cell: unpinned(cell.client),
    )
    states, phases = tuple(_states(found.pairs)), tuple(_phases(found.pairs))
    named = {*chain.from_iterable(each.clients for each in states)}
    named |= {*chain.from_iterable(each.clients for each in phases)}
    change = ScenarioChange(
        scenario=scenario,
        compared=len(found.pairs),
        alike=len(found.pairs) - len(named),
        states=states,
        phases=phases,
        only_old=tuple(cell.client for cell in found.only_old),
        only_new=tuple(cell.client for cell in found.only_new),
    )
    return change, client_versions((one.version, two.version, two.client) for one, two in found.pairs)


def _states(pairs: Pairs) -> Iterator[StateChange]:
    """Clients that are let build now and were not, or the other way, or that another builder builds for."""
    groups: dict[Hashable, list[tuple[str, BuildState, BuildState]]] = {}
    for one, two in pairs:
        old, new = _state(one), _state(two)
        if old.outcome is not new.outcome or (one.phases and two.phases and old.builder != new.builder):
            key = (old.outcome, old.builder, new.outcome, new.builder)
            groups.setdefault(key, []).append((two.client, old, new))
    for alike in groups.values():
        _, old, new = alike[0]
        yield StateChange(clients=tuple(client for client, _, _ in alike), old=old, new=new)


def _state(cell: Cell) -> BuildState:
    outcome = BuildOutcome.UNSUPPORTED if cell.reason else BuildOutcome.SUCCEEDED
    return BuildState(outcome=outcome, builder=cell.builder, reason=cell.reason.partition("\n")[0])


def _phases(pairs: Pairs) -> Iterator[PhaseChange]:
    groups: dict[Hashable, list[tuple[str, CellPhase, CellPhase]]] = {}
    for one, two in pairs:
        later = {phase.number: phase for phase in two.phases}
        for old in one.phases:
            new = later.get(old.number)
            if new is not None and _told(old) != _told(new):
                groups.setdefault((old.number, _told(old), _told(new)), []).append((two.client, old, new))
    for alike in groups.values():
        _, old, new = alike[0]
        yield PhaseChange(clients=tuple(client for client, _, _ in alike), old=old, new=new)


def _told(phase: CellPhase) -> Hashable:
    """What of a phase is compared: no sentences, for builders put numbers of their own into them."""
    return phase.outcome, phase.missed, frozenset(phase.causes), phase.met
