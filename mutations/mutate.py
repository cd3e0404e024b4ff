"""Chooses mutations: one, or several that leave each other's labels true."""

from dataclasses import replace
from random import Random

from mutations.change import Change, Mutate
from mutations.context_mutations import CONTEXT_MUTATIONS, new_ignore_rule, other_content, other_mode
from mutations.dockerfile_mutations import (
    DOCKERFILE_MUTATIONS,
    other_argument,
    other_comment,
    other_label_line,
    undeclared_argument,
)
from mutations.subject import Arena, Subject
from mutations.wire_mutations import WIRE_MUTATIONS, other_order

ALL: tuple[Mutate, ...] = CONTEXT_MUTATIONS + WIRE_MUTATIONS + DOCKERFILE_MUTATIONS
INDEPENDENT: tuple[Mutate, ...] = (
    other_content,
    other_mode,
    other_comment,
    other_label_line,
    other_argument,
    undeclared_argument,
    other_order,
)
"""Mutations whose labels hold whatever other ones of these were made before; one of a kind."""
NOTHING = "nothing"


def mutate(rng: Random, before: Subject, arena: Arena) -> Change:
    """A random change: mostly a single mutation, sometimes none at all or several."""
    drawn = rng.random()
    if drawn < 0.05:
        return Change(name=NOTHING, after=before)
    if drawn < 0.3:
        return combined(rng, before, arena)
    while True:
        if found := rng.choice(ALL)(rng, before, arena):
            return found


def combined(rng: Random, before: Subject, arena: Arena) -> Change:
    """Two to four mutations; what they lead to is what each of them leads to."""
    chosen = rng.sample(INDEPENDENT, rng.randint(2, 4))
    if rng.random() < 0.3:
        # First, so that what it hides is known to be hidden when the others are labelled.
        chosen.insert(0, new_ignore_rule)
    found = Change(name="", after=before)
    for each in chosen:
        if step := each(rng, found.after, arena):
            name = f"{found.name}+{step.name}" if found.name else step.name
            found = replace(found, name=name, after=step.after, causes=found.causes + step.causes)
    return found if found.name else Change(name=NOTHING, after=before)
