"""Steps that share their vertex with an equal instruction of another stage, where no definition says so.

The vertex bears the name of one of them. The others follow from what is built on what: the first input of
a step's vertex is the step before it, or the end of the stage that its stage begins with; what a
``COPY --from`` reads is the end of the stage that it names.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchCopy,
client/llb/{fileop,exec,merge}.go @ v0.8.3 to v0.25.2 (order of inputs).
"""

from collections.abc import Iterable, Iterator, Mapping

from layerfork.dockerfile import stage_number
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.steps.layout import Stages
from layerfork.wire.steps.names import read_label
from layerfork.wire.steps.placing import LINK, Step

_Place = tuple[int, int]
"""Index of a stage, and number of an instruction in it, from 1."""


def shared_steps(steps: Iterable[Step], stages: Stages, states: Mapping[str, VertexState]) -> list[Step]:
    """The steps that are missing among those that vertices name."""
    known = {(step.stage, step.number): step for step in steps}
    pending = list(known.values())
    found: list[Step] = []
    while pending:
        for place, digest in _built_on(pending.pop(), stages):
            state = states.get(digest)
            label = read_label(state.name) if state is not None else None
            if place in known or state is None or label is None:
                continue
            stage, number = place
            step = Step(
                instruction=label.instruction,
                stage=stage,
                stage_name=stages.stages[stage].name,
                platform=label.platform,
                line=stages.line_of(stage, number),
                number=number,
            )
            step.take(state, None)
            known[place] = step
            found.append(step)
            pending.append(step)
    return found


def _built_on(step: Step, stages: Stages) -> Iterator[tuple[_Place, str]]:
    """Steps that must be there, and the vertices that they have."""
    linked = (each for each in step.vertices if _instruction(each).startswith(LINK))
    work = next(linked, max(step.vertices, key=lambda each: len(each.inputs)))
    before = _before((step.stage, step.number), stages)
    if before is not None and work.inputs:
        yield before, work.inputs[0]
    copied = _copied_stage(step, stages)
    end = _end_of(copied, stages) if copied is not None else None
    if end is not None:
        copying = next((each for each in step.vertices if each is not work), work)
        yield from ((end, digest) for digest in copying.inputs[-1:])


def _copied_stage(step: Step, stages: Stages) -> int | None:
    """Index of the stage that a COPY reads; None when it reads an image or the context."""
    instruction = printed_instruction(step.instruction)
    name = instruction.flag("from") if instruction is not None else ""
    number = stage_number(name)
    if number is not None:
        return number if number < len(stages.stages) else None
    return stages.named(name, 0) if name else None


def _instruction(state: VertexState) -> str:
    label = read_label(state.name)
    return label.instruction if label is not None else ""


def _before(place: _Place, stages: Stages) -> _Place | None:
    """The instruction that one builds on; None when that is an image, or nothing."""
    stage, number = place
    if number > 1:
        return stage, number - 1
    begins_with = stages.stages[stage].begins_with if stage < len(stages.stages) else None
    return _end_of(begins_with, stages) if begins_with is not None else None


def _end_of(stage: int, stages: Stages) -> _Place | None:
    """The last instruction of a stage that has a vertex."""
    numbered = stages.stages[stage].numbered
    return (stage, len(numbered)) if numbered else _before((stage, 1), stages)
