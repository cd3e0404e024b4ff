"""Labels edits by trying: which of them have to be undone for a step to be what it was."""

from collections.abc import Iterable, Mapping
from functools import reduce
from itertools import combinations

from research.mutations.change import Change, Edit, Expected, StepLabel, copied_build_files
from research.mutations.meaning import Meaning, meanings
from research.mutations.subject import Arena, Place, Subject

Worlds = Mapping[frozenset[str], Mapping[Place, Meaning]]
"""Meanings of every step, by the names of the edits that were made."""


def label(before: Subject, edits: tuple[Edit, ...], arena: Arena) -> Change:
    """All edits together as one change, with the sets of them that matter at each step."""
    after = made(before, edits)
    worlds = {
        frozenset(edit.name for edit in kept): meanings(made(before, kept), arena)
        for count in range(len(edits) + 1)
        for kept in combinations(edits, count)
    }
    steps = tuple(label_steps(worlds))
    needed = {name for step in steps for names in step.allowed for name in names}
    copied = copied_build_files(before, after, arena)
    return Change(
        name="+".join(edit.name for edit in edits),
        after=after,
        causes=(Expected(code="dockerfile-in-context", names=copied),) if copied else (),
        edits=edits,
        steps=steps,
        inert=tuple(edit.name for edit in edits if edit.name not in needed and not copied),
    )


def made(before: Subject, edits: Iterable[Edit]) -> Subject:
    return reduce(lambda subject, edit: edit.apply(subject), edits, before)


def label_steps(worlds: Worlds) -> Iterable[StepLabel]:
    """A label for each step that is not what it was. Steps that only one of the builds has are left out."""
    everything = max(worlds, key=len)
    for place, meaning in worlds[frozenset()].items():
        if place not in worlds[everything] or worlds[everything][place] == meaning:
            continue
        undone = [everything - kept for kept, world in worlds.items() if world.get(place) == meaning]
        smallest = (names for names in undone if not any(other < names for other in undone))
        yield StepLabel(place=place, allowed=tuple(sorted(smallest, key=sorted)))
