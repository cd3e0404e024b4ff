"""Which step of the reader is which step of the writer, also after lines moved or changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from layerfork.dockerfile import keyword_of
from layerfork.dockerfile.stagepairing import pair_lines, pair_stages
from layerfork.record.build import is_part_of
from layerfork.record.record import StepRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """Pairs of step indexes; a step in no pair was added (reader) or removed (writer)."""

    writer_of: dict[int, int]
    """Reader's step index to writer's."""
    reader_of: dict[int, int]
    stages: dict[int, int]
    """Reader's stage index to writer's; a stage that the writer did not build is absent."""


def align(
    writer: Sequence[StepRecord], reader: Sequence[StepRecord], platforms: Sequence[str] | None = None
) -> Alignment:
    """Pair the steps of two builds: stages by name, then by position; inside them by instruction.

    A common beginning is paired as it stands, since caches are looked up from the first step on.
    Then equal instructions are paired by longest common blocks; what is left between two pairs is
    paired when its keyword is the same (a reworded line). Swapping the sides swaps the pairs.

    ``platforms`` are those that both builds are for, where one of them is for several: each is a branch
    that is paired by itself, together with what it has in common with others. None for any other builds.
    """
    stages: dict[int, int] = {}
    writer_of: dict[int, int] = {}
    reader_of: dict[int, int] = {}
    for writers, readers in _branches(writer, reader, platforms):
        own = pair_stages(_stage_names(writers), _stage_names(readers))
        for left, right in _pair_branch(writers, readers, own):
            if left.index not in reader_of and right.index not in writer_of:
                writer_of[right.index] = left.index
                reader_of[left.index] = right.index
        stages = own | stages
    return Alignment(writer_of=writer_of, reader_of=reader_of, stages=stages)


_Steps = Sequence[StepRecord]


def _branches(
    writer: _Steps, reader: _Steps, platforms: Sequence[str] | None
) -> Iterator[tuple[_Steps, _Steps]]:
    """The steps of each branch; without a platform in common what all platforms have in common."""
    if platforms is None:
        yield writer, reader
        return
    for platform in platforms or ("",):
        yield _on(writer, platform), _on(reader, platform)


def _on(steps: _Steps, platform: str) -> _Steps:
    return [step for step in steps if is_part_of(platform, step.platform)]


def _pair_branch(
    writer: _Steps, reader: _Steps, stages: Mapping[int, int]
) -> Iterator[tuple[StepRecord, StepRecord]]:
    for reader_stage, writer_stage in stages.items():
        writers = [step for step in writer if step.stage == writer_stage]
        readers = [step for step in reader if step.stage == reader_stage]
        yield from _pair_steps(writers, readers)


def normalise(instruction: str) -> str:
    """Instruction text with its keyword in capitals and blanks collapsed."""
    words = instruction.split()
    return " ".join([words[0].upper(), *words[1:]]) if words else ""


def keyword(instruction: str) -> str:
    """The instruction's first word in capitals."""
    return keyword_of(instruction)


def _stage_names(steps: Iterable[StepRecord]) -> dict[int, str]:
    names: dict[int, str] = {}
    for step in steps:
        generated = step.stage_name in (str(step.stage), f"stage-{step.stage}")
        # A global ARG is recorded in the first stage, before FROM has named it.
        names[step.stage] = names.get(step.stage, "") or ("" if generated else step.stage_name)
    return dict(sorted(names.items()))


def _pair_steps(writer: _Steps, reader: _Steps) -> list[tuple[StepRecord, StepRecord]]:
    if [*map(_text, writer)] > [
        *map(_text, reader)
    ]:  # one fixed order of the sides, so that swapping them swaps the result
        return [(left, right) for right, left in _pair_steps(reader, writer)]
    pairs = zip(writer, reader, strict=False)
    common = list(takewhile(lambda pair: _text(pair[0]) == _text(pair[1]), pairs))
    rest = pair_lines(writer[len(common) :], reader[len(common) :], text=_text, keyword=_keyword)
    return [*common, *rest]


def _text(step: StepRecord) -> str:
    return normalise(step.instruction)


def _keyword(step: StepRecord) -> str:
    return keyword(step.instruction)
