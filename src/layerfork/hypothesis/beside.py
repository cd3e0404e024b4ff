"""The instructions of a Dockerfile beside those of the text that it was before."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from layerfork.dockerfile import NO_STAGE, Dockerfile, Instruction


def instructions_beside(
    before: Dockerfile, after: Dockerfile, *, reworded: bool
) -> Mapping[int, Instruction]:
    """By first line, for instructions of a Dockerfile those that stood in their place before.

    Stages are paired by name, nameless ones by number, what is left in order; inside them instructions of one
    text, and where ``reworded`` those of one keyword between them.
    """
    return {
        new.first_line: old
        for stage, other in _stages(before, after)
        for old, new in _pairs(_of(before, other), _of(after, stage), reworded=reworded)
    }


def _stages(before: Dockerfile, after: Dockerfile) -> Iterator[tuple[int, int]]:
    """Stages after, each with the one before."""
    yield NO_STAGE, NO_STAGE
    named = {stage.name: stage.index for stage in before.stages if stage.name}
    nameless = {stage.index for stage in before.stages if not stage.name}
    pairs = {stage.index: named[stage.name] for stage in after.stages if stage.name in named}
    pairs |= {
        stage.index: stage.index for stage in after.stages if not stage.name and stage.index in nameless
    }
    spare = [stage.index for stage in before.stages if stage.index not in pairs.values()]
    rest = [stage.index for stage in after.stages if stage.index not in pairs]
    yield from pairs.items()
    yield from zip(rest, spare, strict=False)


def _of(dockerfile: Dockerfile, stage: int) -> list[Instruction]:
    return [each for each in dockerfile.instructions if each.stage == stage]


def _pairs(
    before: Sequence[Instruction], after: Sequence[Instruction], *, reworded: bool
) -> Iterator[tuple[Instruction, Instruction]]:
    texts = [(each.text, each.heredocs) for each in before], [(each.text, each.heredocs) for each in after]
    for tag, low, high, start, end in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(before[low:high], after[start:end], strict=True)
        elif tag == "replace" and reworded:
            yield from _by_keyword(before[low:high], after[start:end])


def _by_keyword(
    before: Sequence[Instruction], after: Sequence[Instruction]
) -> Iterator[tuple[Instruction, Instruction]]:
    words = [each.keyword for each in before], [each.keyword for each in after]
    for block in SequenceMatcher(None, *words, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            yield before[block.a + offset], after[block.b + offset]
