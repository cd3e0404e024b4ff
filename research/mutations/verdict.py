"""Compares what the explainer names with what a mutation was labelled with."""

import posixpath
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.keys import keys_of
from layerfork.record.answer import Cause, CauseStatus, Fork
from layerfork.record.record import BuildRecord, StepStatus
from research.mutations.change import Change, Edit, Expected
from research.mutations.places import is_from, places_of
from research.mutations.reads import places_above
from research.mutations.subject import Arena, Place

VARIABLES = frozenset({"build-arg", "env"})
"""Codes whose causes are one for each name; others sum up several paths in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the explainer said about one pair of records."""

    causes: tuple[str, ...]
    """``code path STATUS``, in order."""
    problem: str = ""
    """Empty when it is exactly what had to be said."""
    suspected: int = 0
    """Causes that are only SUSPECTED, where no engine could prove them: a step above missed as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What forks are judged by."""

    change: Change
    places: Mapping[int, Place]
    """The place of each step of the mutant."""
    confirmed: Container[int] = ()
    """Steps whose miss proves something: all that they build on was reused."""
    unproven: bool = False
    """No engine could prove anything: the steps hit what another build had stored, or two changes of
    one step cannot be told apart."""


def explain(
    before: BuildRecord, after: BuildRecord, change: Change, arena: Arena, *, unproven: bool
) -> Named:
    """Explain a pair and compare with the labels."""
    forks = explain_pair(_judged("baseline", before), _judged("mutant", after))
    places = places_of(after, change.after)
    confirmed = frozenset(_confirmed(after, change, places, arena))
    return judge(forks, Case(change=change, places=places, confirmed=confirmed, unproven=unproven))


def _judged(name: str, record: BuildRecord) -> JudgedBuild:
    return JudgedBuild(client=name, record=record, keys=keys_of(record))


def _confirmed(
    record: BuildRecord, change: Change, places: Mapping[int, Place], arena: Arena
) -> Iterator[int]:
    own = [step for step in record.steps if step.index in places and not is_from(step)]
    reused = {places[step.index] for step in own if step.status is StepStatus.HIT}
    known = {places[step.index] for step in own}
    for step in own:
        above = places_above(change.after, arena.builder, places[step.index])
        if step.status is StepStatus.MISS and above & known <= reused:
            yield step.index


def judge(forks: tuple[Fork, ...], case: Case) -> Named:
    """Exactly the expected causes, at the expected steps and paths, PROVEN wherever an engine could tell."""
    named = [(case.places.get(fork.step), cause) for fork in forks for cause in fork.causes]
    problems = [*_wrong_causes(named, case.change), *_wrong_steps(forks, case)]
    suspected = 0
    for number, fork in enumerate(forks):
        must_be_proven = not case.unproven and (number == 0 or fork.step in case.confirmed)
        for cause in fork.causes:
            if cause.status is CauseStatus.SUSPECTED and not must_be_proven:
                suspected += 1
            elif cause.status is not CauseStatus.PROVEN:
                problems.append(f"{_shown(cause)} is {cause.status.value}")
    causes = tuple(f"{_shown(cause)} {cause.status.value}" for _, cause in named)
    return Named(causes=causes, problem="; ".join(problems), suspected=suspected)


def _shown(cause: Cause) -> str:
    return f"{cause.code} {cause.path}".rstrip()


def _wrong_causes(named: list[tuple[Place | None, Cause]], change: Change) -> list[str]:
    """What is missing and what is too much, by the choice of sets that fits best."""
    found = [_differences(named, change, chosen) for chosen in _choices(change)]
    return min(found, key=len)


def _choices(change: Change) -> Iterator[tuple[Edit, ...]]:
    """All that may be named as a whole: for each step one of its sets."""
    for sets in dict.fromkeys(product(*(step.allowed for step in change.steps))):
        names = frozenset().union(*sets)
        yield tuple(edit for edit in change.edits if edit.name in names)


def _differences(
    named: list[tuple[Place | None, Cause]], change: Change, edits: tuple[Edit, ...]
) -> list[str]:
    codes = {cause.code for _, cause in named}
    missing = [f"{each.code} is not named" for each in change.causes if each.code not in codes]
    missing += [
        f"{edit.name} is not named"
        for edit in edits
        if not any(_is_named(edit, place, cause) for place, cause in named)
    ]
    extra = [
        f"{_shown(cause)} is named"
        for place, cause in named
        if not (_is_any(cause, change.causes) or any(_is_named(edit, place, cause) for edit in edits))
    ]
    return list(dict.fromkeys(missing + extra))


def _is_named(edit: Edit, place: Place | None, cause: Cause) -> bool:
    return _is_any(cause, edit.expected_at(place))


def _is_any(cause: Cause, expected: Iterable[Expected]) -> bool:
    return any(_is(cause, each) for each in expected)


def _is(cause: Cause, expected: Expected) -> bool:
    if cause.code != expected.code:
        return False
    without_path = not cause.path and cause.code not in VARIABLES
    return not expected.names or without_path or posixpath.basename(cause.path) in expected.names


def _wrong_steps(forks: tuple[Fork, ...], case: Case) -> Iterator[str]:
    """Forks that do not name a set which suffices there, all of it needed.

    What was named at another fork need not be named again.
    """
    labels = {step.place: step.allowed for step in case.change.steps}
    by_name = {edit.name: edit for edit in case.change.edits}
    elsewhere = [(case.places.get(fork.step), cause) for fork in forks for cause in fork.causes]
    for fork in forks:
        place = case.places.get(fork.step)
        causes = [cause for cause in fork.causes if not _is_any(cause, case.change.causes)]
        allowed = labels.get(place, ()) if place is not None else ()
        sets = [tuple(by_name[name] for name in each) for each in allowed or (frozenset[str](),)]
        if not any(_fits(causes, edits, place, elsewhere) for edits in sets):
            shown = " or ".join(str(sorted(edit.name for edit in edits)) for edits in sets)
            yield f"step {fork.step} names {[_shown(cause) for cause in causes]}, not {shown}"


def _fits(
    causes: list[Cause],
    edits: tuple[Edit, ...],
    place: Place | None,
    elsewhere: list[tuple[Place | None, Cause]],
) -> bool:
    needed = all(any(_is_named(edit, place, cause) for edit in edits) for cause in causes)
    return needed and all(any(_is_named(edit, at, cause) for at, cause in elsewhere) for edit in edits)
