"""Two runs of one scenario on one engine, client by client."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from layerfork.record.record import BuildOutcome
from layerfork.record.run import RunReport, TrialBuild
from layerfork.record.scenarioresults import (
    BuildState,
    Cell,
    CellPhase,
    ForkSeen,
    Move,
    PhaseChange,
    ScenarioChange,
    StateChange,
    VersionChange,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched(Generic[T]):
    """Pairs in the later run's order, and what has no partner."""

    pairs: tuple[tuple[T, T], ...]
    only_old: tuple[T, ...]
    only_new: tuple[T, ...]


def match(old: Sequence[T], new: Sequence[T], *alike: Callable[[T], Hashable]) -> Matched[T]:
    """Pair what is alike by the first key, in order; what is left by further keys, where one of each side is.

    >>> found = match(["a", "b1"], ["b2", "a"], str, lambda each: each[0])
    >>> found.pairs
    (('b1', 'b2'), ('a', 'a'))
    """
    left, right = list(range(len(old))), list(range(len(new)))
    partners: dict[int, int] = {}
    for place, key in enumerate(alike):
        olds, news = _grouped(old, left, key), _grouped(new, right, key)
        for value, mine in news.items():
            theirs = olds.get(value, [])
            if place == 0 or len(mine) == len(theirs) == 1:
                partners.update(zip(mine, theirs, strict=False))
        left = [each for each in left if each not in partners.values()]
        right = [each for each in right if each not in partners]
    return Matched(
        pairs=tuple((old[partners[place]], new[place]) for place in sorted(partners)),
        only_old=tuple(old[place] for place in left),
        only_new=tuple(new[place] for place in right),
    )


def _grouped(
    items: Sequence[T], places: Sequence[int], key: Callable[[T], Hashable]
) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for place in places:
        groups.setdefault(key(items[place]), []).append(place)
    return groups


# Which clients went from one cache to another between two runs.

Place = int | None
"""Number of a class; None where nothing shows which it is."""


def moves(places: Mapping[str, tuple[Place, Place]]) -> Iterator[Move]:
    """Clients with the class of each before and now: those that left what counts as the same cache.

    Numbers of classes mean nothing from run to run. A cache of now counts as the one of before that it has
    most clients of, each as one at most; the others of its clients moved.
    """
    groups: dict[tuple[Place, Place], list[str]] = {}
    for client, where in places.items():
        groups.setdefault(where, []).append(client)
    same = _same(groups)
    for (old, new), clients in groups.items():
        if (old, new) not in same and (old, new) != (None, None):
            yield Move(
                clients=tuple(clients),
                left=_others(places, 0, old, clients),
                joined=_others(places, 1, new, clients),
            )


def _same(groups: Mapping[tuple[Place, Place], Sequence[str]]) -> set[tuple[Place, Place]]:
    known = [where for where in groups if None not in where]
    taken: set[tuple[Place, Place]] = set()
    for old, new in sorted(known, key=lambda where: -len(groups[where])):
        if not any(old == one or new == other for one, other in taken):
            taken.add((old, new))
    return taken


def _others(
    places: Mapping[str, tuple[Place, Place]], side: int, place: Place, clients: Sequence[str]
) -> tuple[str, ...] | None:
    if place is None:
        return None
    return tuple(each for each, where in places.items() if where[side] == place and each not in clients)


Builds = Matched[TrialBuild]
_PIN = re.compile(r"@[^+]*")
_ForkKey = tuple[int, tuple[str, ...]]


def unpinned(client: str) -> str:
    """A client's id without its version: ``docker_py-build``."""
    return _PIN.sub("", client)


def changed_run(old: RunReport, new: RunReport) -> tuple[ScenarioChange, tuple[VersionChange, ...]]:
    """What differs, and which clients have other versions."""
    found: Builds = match(
        old.builds,
        new.builds,
        lambda build: (build.client, build.builder),
        lambda build: build.client,
        lambda build: unpinned(build.client),
    )
    states = tuple(_states(found))
    moved = tuple(moves(dict(_places(found))))
    gone, came = _forks(old), _forks(new)
    named = {*chain.from_iterable(each.clients for each in states)}
    named |= {*chain.from_iterable(each.clients for each in moved)}
    change = ScenarioChange(
        scenario=new.scenario,
        compared=len(found.pairs),
        alike=len(found.pairs) - len(named),
        other_dockerfile=_other_dockerfile(found.pairs),
        states=states,
        moves=moved,
        forks_gone=tuple(fork for key, fork in gone.items() if key not in came),
        forks_new=tuple(fork for key, fork in came.items() if key not in gone),
        only_old=tuple(build.client for build in found.only_old),
        only_new=tuple(build.client for build in found.only_new),
    )
    return change, client_versions((one.version, two.version, two.client) for one, two in found.pairs)


def client_versions(pairs: Iterable[tuple[str, str, str]]) -> tuple[VersionChange, ...]:
    """Old and new version with the client; clients with the same change are one."""
    groups: dict[tuple[str, str], dict[str, None]] = {}
    for old, new, client in pairs:
        if old and new and old != new:
            groups.setdefault((old, new), {})[client] = None
    return tuple(VersionChange(names=tuple(names), old=old, new=new) for (old, new), names in groups.items())


def _states(found: Builds) -> Iterator[StateChange]:
    groups: dict[Hashable, list[tuple[str, BuildState, BuildState]]] = {}
    for one, two in found.pairs:
        if _differ(one, two):
            old, new = _state(one), _state(two)
            key = (_compared(old), _compared(new))
            groups.setdefault(key, []).append((two.client, old, new))
    for alike in groups.values():
        _, old, new = alike[0]
        yield StateChange(clients=tuple(client for client, _, _ in alike), old=old, new=new)


def _differ(one: TrialBuild, two: TrialBuild) -> bool:
    if one.outcome is not two.outcome:
        return True
    if one.control and two.control and one.control != two.control:
        return True
    return one.outcome is BuildOutcome.SUCCEEDED and one.builder != two.builder


def _compared(state: BuildState) -> Hashable:
    return state.outcome, state.builder, state.control


def _state(build: TrialBuild) -> BuildState:
    lines = build.reason.splitlines()
    reason = lines[0] if lines and build.outcome is not BuildOutcome.SUCCEEDED else ""
    return BuildState(outcome=build.outcome, builder=build.builder, control=build.control, reason=reason)


def _places(found: Builds) -> Iterator[tuple[str, tuple[Place, Place]]]:
    """Of the clients that built in both runs."""
    for one, two in found.pairs:
        if one.outcome is two.outcome is BuildOutcome.SUCCEEDED:
            yield two.client, (one.class_index, two.class_index)


def _forks(report: RunReport) -> dict[_ForkKey, ForkSeen]:
    """One for each step and set of causes."""
    forks: dict[_ForkKey, ForkSeen] = {}
    for fork, answer in zip(report.judgement.forks, report.answers, strict=True):
        causes = tuple(dict.fromkeys(str(cause.code) for cause in fork.causes))
        seen = ForkSeen(
            step=fork.step,
            instruction=answer.instruction or fork.instruction,
            causes=causes,
            writer=fork.writer,
            reader=fork.reader,
        )
        forks.setdefault((fork.step, tuple(sorted(causes))), seen)
    return forks


def _other_dockerfile(pairs: Sequence[tuple[TrialBuild, TrialBuild]]) -> bool:
    """No text of the earlier run is one of the later; False where a run shows none."""
    old = {text for one, _ in pairs if (text := _dockerfile(one))}
    new = {text for _, two in pairs if (text := _dockerfile(two))}
    return bool(old and new) and not old & new


def _dockerfile(build: TrialBuild) -> str:
    return (build.record.request.dockerfile or "") if build.record else ""


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
    states, phases = tuple(_cell_states(found.pairs)), tuple(_phases(found.pairs))
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


def _cell_states(pairs: Pairs) -> Iterator[StateChange]:
    """Clients that are let build now and were not, or the other way, or that another builder builds for."""
    groups: dict[Hashable, list[tuple[str, BuildState, BuildState]]] = {}
    for one, two in pairs:
        old, new = _cell_state(one), _cell_state(two)
        if old.outcome is not new.outcome or (one.phases and two.phases and old.builder != new.builder):
            key = (old.outcome, old.builder, new.outcome, new.builder)
            groups.setdefault(key, []).append((two.client, old, new))
    for alike in groups.values():
        _, old, new = alike[0]
        yield StateChange(clients=tuple(client for client, _, _ in alike), old=old, new=new)


def _cell_state(cell: Cell) -> BuildState:
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
