"""The steps of a build: BuildKit's vertices put back under the instructions they come from."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from layerfork.record.context import Digest
from layerfork.record.llb import LLBOp
from layerfork.record.record import StepRecord, StepStatus
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.redact import Redactor
from layerfork.wire.steps.chains import shared_steps
from layerfork.wire.steps.layout import Stages, guess_stages
from layerfork.wire.steps.names import is_internal, read_label
from layerfork.wire.steps.placing import Placing, Step, is_from, place_of
from layerfork.wire.steps.vertices import first_start_ns, seconds_since

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
        # A vertex that builds at the same time share is called as the first of them calls it.
        name = (dict(op.description).get(_CUSTOM_NAME, "") if op is not None else "") or state.name
        if not is_internal(name):
            placing.add(name, state, op)
    steps = list(placing.steps())
    if not by_digest:
        steps = sorted((*steps, *shared_steps(steps, stages, states)), key=place_of)
        for step in steps:
            # A source builds on nothing; what its instruction does with it, does.
            step.own = [state for state in step.vertices if state.inputs] or step.own
    zero = first_start_ns(states.values())
    return tuple(_record(index, step, zero, redactor) for index, step in enumerate(steps, 1))


def _record(index: int, step: Step, zero_ns: int | None, redactor: Redactor) -> StepRecord:
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
    """What became of an instruction whose work is these vertices.

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
