"""Chooses mutations: one, or several that leave each other's labels true."""

from random import Random

from research.mutations.change import Change, Mutate
from research.mutations.context_mutations import (
    CONTEXT_MUTATIONS,
    new_ignore_rule,
    other_content,
    other_mode,
    other_owner_name,
    other_time,
)
from research.mutations.dockerfile_mutations import DOCKERFILE_MUTATIONS
from research.mutations.edits import EDIT_MUTATIONS, several
from research.mutations.inert_mutations import INERT_MUTATIONS
from research.mutations.reads import live_stages
from research.mutations.subject import Arena, Subject
from research.mutations.wire_mutations import WIRE_MUTATIONS, other_compression, other_order

ALL: tuple[Mutate, ...] = (
    CONTEXT_MUTATIONS + WIRE_MUTATIONS + DOCKERFILE_MUTATIONS + EDIT_MUTATIONS + INERT_MUTATIONS
)
REAL: tuple[Mutate, ...] = (other_content, other_mode)
"""Mutations of the context whose labels hold whatever else was changed before."""
INERT: tuple[Mutate, ...] = (
    *INERT_MUTATIONS,
    other_order,
    other_compression,
    other_time,
    other_owner_name,
)
"""Mutations that matter to nothing, whatever else was changed before."""
NOTHING = "nothing"


def mutate(rng: Random, before: Subject, arena: Arena) -> Change:
    """A random change: none at all, a single mutation, or several of which some matter to nothing."""
    drawn = rng.random()
    if drawn < 0.05:
        return Change(name=NOTHING, after=before)
    if drawn < 0.5:
        return combined(rng, before, arena)
    while True:
        if found := rng.choice(ALL)(rng, before, arena):
            return found


def combined(rng: Random, before: Subject, arena: Arena) -> Change:
    """Several mutations; what they lead to is what each of them leads to.

    Edits of variables are labelled together and come first. What they make lines copy is known then.
    """
    found = Change(name="", after=before)
    if rng.random() < 0.6:
        found = several(rng, before, arena) or found
    chosen: list[Mutate] = []
    if _sources(found.after, arena) == _sources(before, arena):
        if rng.random() < 0.2:
            chosen.append(new_ignore_rule)
        chosen += rng.sample(REAL, rng.randint(0, 2))
    # Once a rule hides more, a file that no step reads any more was still read before.
    chosen += [] if new_ignore_rule in chosen else rng.sample(INERT, rng.randint(0, 2))
    for each in chosen:
        if step := each(rng, found.after, arena):
            found = found.followed_by(step)
    return found if found.name else Change(name=NOTHING, after=before)


def _sources(subject: Subject, arena: Arena) -> list[tuple[str, tuple[str, ...]]]:
    """What is copied from the context, with variables replaced."""
    return [
        (stage.name, line.sources)
        for stage in live_stages(subject, arena.builder)
        for line in stage.lines
        if line.sources
    ]
