"""Asks the engine whether the labels' own view of a Dockerfile is right: it may not be taken on trust."""

from hashlib import sha256

from layerfork.record.record import BuildRecord, StepStatus
from research.mutations.change import copied_build_files
from research.mutations.meaning import meanings
from research.mutations.places import is_from, places_of
from research.mutations.predict import Wrong
from research.mutations.reads import places_above
from research.mutations.stagefiles import files_behind
from research.mutations.subject import Arena, Place, Subject


def wrong_labels(
    baseline: Subject, mutant: Subject, record: BuildRecord, arena: Arena
) -> tuple[Wrong, ...] | None:
    """Steps of a mutant that the engine did not treat as their meaning says.

    None when it cannot be asked: the context or another part of the request differs as well, or
    ``--link`` makes steps that build on nothing.
    """
    linked = any("--link" in line.flags for stage in mutant.stages for line in stage.lines)
    if linked or _rest(baseline) != _rest(mutant) or copied_build_files(baseline, mutant, arena):
        return None
    known = set(_chains(baseline, arena).values())
    chains, places = _chains(mutant, arena), places_of(record, mutant)
    wrong = []
    for step in record.steps:
        chain = chains.get(places.get(step.index, (-1, 0)))
        if chain is None or is_from(step):
            continue
        expected = StepStatus.HIT if chain in known else StepStatus.MISS
        if step.status is not expected:
            wrong.append(
                Wrong(
                    step=step.index,
                    instruction=step.instruction,
                    predicted=expected.value,
                    actual=step.status.value,
                )
            )
    return tuple(wrong)


def _rest(subject: Subject) -> tuple[object, ...]:
    counts = [len(stage.lines) for stage in subject.stages]
    return (
        subject.nodes,
        subject.ignore,
        subject.wire,
        subject.network,
        subject.labels,
        subject.target,
        counts,
    )


def _chains(subject: Subject, arena: Arena) -> dict[Place, str]:
    """For every step a digest of its meaning and those of all that it builds on."""
    own = meanings(subject, arena)
    whole = {place: (meaning, _files(subject, arena, place)) for place, meaning in own.items()}
    found = {}
    for place in own:
        above = places_above(subject, arena.builder, place, copied=False) & own.keys()
        found[place] = sha256(repr([whole[each] for each in (*sorted(above), place)]).encode()).hexdigest()
    return found


def _files(subject: Subject, arena: Arena, place: Place) -> str:
    """What a ``COPY --from`` finds."""
    line = subject.stages[place[0]].lines[place[1]]
    return files_behind(subject, arena, line.origin, line.words[0]) if line.origin else ""
