"""The steps of a build: BuildKit's vertices put back under the instructions they come from."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from layerfork.dockerfile import stage_number
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.record.context import Digest
from layerfork.record.llb import LLBOp
from layerfork.record.record import StepRecord, StepStatus
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.placing import LINK, PlacedStep, Placing, is_from, place_of
from layerfork.wire.buildkit.stages import Stages, guess_stages
from layerfork.wire.buildkit.vertices import first_start_ns, is_internal, read_label, seconds_since
from layerfork.wire.redact import Redactor

# Steps that share their vertex with an equal instruction of another stage, where no definition says so.
#
# The vertex bears the name of one of them. The others follow from what is built on what: the first input of
# a step's vertex is the step before it, or the end of the stage that its stage begins with; what a
# ``COPY --from`` reads is the end of the stage that it names.
# Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go:dispatchCopy,
# client/llb/{fileop,exec,merge}.go @ v0.8.3 to v0.25.2 (order of inputs).

_Place = tuple[int, int]
"""Index of a stage, and number of an instruction in it, from 1."""


def shared_steps(
    steps: Iterable[PlacedStep], stages: Stages, states: Mapping[str, VertexState]
) -> list[PlacedStep]:
    """The steps that are missing among those that vertices name."""
    known = {(step.stage, step.number): step for step in steps}
    pending = list(known.values())
    found: list[PlacedStep] = []
    while pending:
        for place, digest in _built_on(pending.pop(), stages):
            state = states.get(digest)
            label = read_label(state.name) if state is not None else None
            if place in known or state is None or label is None:
                continue
            stage, number = place
            step = PlacedStep(
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


def _built_on(step: PlacedStep, stages: Stages) -> Iterator[tuple[_Place, str]]:
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


def _copied_stage(step: PlacedStep, stages: Stages) -> int | None:
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


_CUSTOM_NAME = "llb.customname"


def read_steps(
    ops: Iterable[LLBOp],
    states: Mapping[str, VertexState],
    stages: Stages,
    redactor: Redactor,
    branches: Mapping[str, str] = MappingProxyType({}),
) -> tuple[StepRecord, ...]:
    """One step for each instruction and platform that has vertices, in Dockerfile order; first what all
    platforms have in common, then each platform's own.

    Without ops (no definition was seen) lines come from the numbers in the vertices' names. ``branches``
    are those of `branches_of`.
    """
    if not stages.stages:
        labels = (read_label(state.name) for state in states.values())
        stages = guess_stages(label.stage for label in labels if label is not None)
    placing = Placing(stages, branches)
    by_digest = {op.digest: op for op in ops}
    for digest in dict.fromkeys((*by_digest, *states)):
        state = states.get(digest) or VertexState(digest)
        op = by_digest.get(Digest(digest))
        name = _own_name(op) or state.name
        if not is_internal(name):
            placing.add(name, state, op)
    steps = list(placing.steps())
    if not by_digest:
        steps = _without_definition(steps, stages, states)
    zero = first_start_ns(states.values())
    return tuple(_record(index, step, zero, redactor) for index, step in enumerate(steps, 1))


def _without_definition(
    steps: list[PlacedStep], stages: Stages, states: Mapping[str, VertexState]
) -> list[PlacedStep]:
    steps = sorted((*steps, *shared_steps(steps, stages, states)), key=place_of)
    for step in steps:
        # A source has no inputs; the vertices that do the instruction's work have some.
        step.own = [state for state in step.vertices if state.inputs] or step.own
    return steps


def _own_name(op: LLBOp | None) -> str:
    """The name in this build's definition; empty for none.

    Concurrent builds share a vertex, and its state then has the name that the first of them gave it.
    """
    return dict(op.description).get(_CUSTOM_NAME, "") if op is not None else ""


def _record(index: int, step: PlacedStep, zero_ns: int | None, redactor: Redactor) -> StepRecord:
    states = step.own or step.vertices
    started = min((each.started_ns for each in states if each.started_ns is not None), default=None)
    completed = max((each.completed_ns for each in states if each.completed_ns is not None), default=None)
    return StepRecord(
        index=index,
        stage=step.stage,
        stage_name=step.stage_name,
        platform=step.platform,
        instruction=redactor.clean(step.instruction),
        line=step.line,
        status=_status(step.instruction, states),
        vertices=tuple(Digest(each.digest) for each in step.vertices),
        started_s=seconds_since(zero_ns, started),
        seconds=seconds_since(started, completed) if started is not None else None,
        error=redactor.clean(next((each.error for each in states if each.error), "")),
    )


def _status(instruction: str, states: Collection[VertexState]) -> StepStatus:
    """The status of an instruction whose work these vertices do.

    FROM has no cache of its own: once its image is resolved there is nothing to do again.
    """
    seen = {_vertex_status(state) for state in states}
    if StepStatus.MISS in seen:
        failed = any(state.error for state in states)
        return StepStatus.HIT if is_from(instruction) and not failed else StepStatus.MISS
    for status in (StepStatus.UNKNOWN, StepStatus.HIT):
        if status in seen:
            return status
    return StepStatus.NOT_EVALUATED


def _vertex_status(state: VertexState) -> StepStatus:
    if state.cached:
        return StepStatus.HIT
    if state.completed_ns is not None or (state.error and state.started_ns is not None):
        return StepStatus.MISS
    return StepStatus.UNKNOWN if state.started_ns is not None else StepStatus.NOT_EVALUATED
