"""Which line of a subject each recorded step ran."""

from collections import Counter

from layerfork.dockerfile import keyword_of
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord, StepRecord
from research.mutations.subject import Place, Subject


def places_of(record: BuildRecord, subject: Subject) -> dict[int, Place]:
    """The place of each step by its index; an ARG before the first FROM and a label of
    the request have none.

    BuildKit names lines; the others run all lines of a stage in order, after its FROM.
    """
    if record.builder is Builder.BUILDKIT:
        by_line = subject.places()
        return {step.index: by_line[step.line] for step in record.steps if step.line in by_line}
    names = {stage.name: number for number, stage in enumerate(subject.stages)}
    seen: Counter[int] = Counter()
    found = {}
    for step in record.steps:
        stage = names.get(step.stage_name)
        if stage is not None and seen[stage] <= len(subject.stages[stage].lines):
            found[step.index] = (stage, max(seen[stage] - 1, 0))
            seen[stage] += 1
    return found


def is_from(step: StepRecord) -> bool:
    """A FROM has the place of the first line of its stage."""
    return keyword_of(step.instruction) == "FROM"
