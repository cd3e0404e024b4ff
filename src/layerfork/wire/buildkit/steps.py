"""The steps of a build: BuildKit's vertices put back under the instructions they come from."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from layerfork.model.context import Digest
from layerfork.model.llb import LLBOp
from layerfork.model.record import StepRecord, StepStatus
from layerfork.wire.buildkit.names import StepLabel, is_internal, read_label
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.stages import Stages, guess_stages
from layerfork.wire.buildkit.vertices import first_start_ns, seconds_since
from layerfork.wire.redact import Redactor

_CUSTOM_NAME = "llb.customname"
_NO_LINE = 1 << 40
"""Steps without a line come last, in order of stage and number."""

_Place = tuple[int, int, str, int]
"""Line, stage, platform and number of a step: what it is known and ordered by."""


@dataclass(slots=True)
class _Step:
    label: StepLabel
    stage: int
    stage_name: str
    line: int
    vertices: list[VertexState] = field(default_factory=list)
    own: list[VertexState] = field(default_factory=list)
    """Those that do the instruction's work: not the sources it reads from."""


def read_steps(
    ops: Iterable[LLBOp], states: Mapping[str, VertexState], stages: Stages, redactor: Redactor
) -> tuple[StepRecord, ...]:
    """One step for each instruction that has vertices, in Dockerfile order.

    Without ops (no definition was seen) lines come from the numbers in the vertices' names.
    """
    found: dict[_Place, _Step] = {}
    by_digest = {op.digest: op for op in ops}
    if not stages.stages:
        labels = (read_label(state.name) for state in states.values())
        stages = guess_stages(label.stage for label in labels if label is not None)
    for digest in dict.fromkeys((*by_digest, *states)):
        state = states.get(digest) or VertexState(digest)
        op = by_digest.get(Digest(digest))
        _place(found, state, op, stages)
    zero = first_start_ns(states.values())
    ordered = [found[key] for key in sorted(found)]
    return tuple(_record(index, step, zero, redactor) for index, step in enumerate(ordered, 1))


def _place(found: dict[_Place, _Step], state: VertexState, op: LLBOp | None, stages: Stages) -> None:
    shown = state.name or (dict(op.description).get(_CUSTOM_NAME, "") if op is not None else "")
    label = read_label(shown)
    if label is None or is_internal(shown):
        if op is not None:
            _join_source(found, state, op)
        return
    named = stages.named(label.stage)
    lines = op.lines if op is not None else ()
    if not lines:
        stage = named if named is not None else 0
        lines = (stages.line_of(stage, label.number),)
    for line in lines:
        stage = stages.at_line(line) if line and (named is None or len(lines) > 1) else named or 0
        key = (line or _NO_LINE, stage, label.platform, label.number if not line else 0)
        name = label.stage if named == stage or stage >= len(stages.stages) else stages.stages[stage].name
        step = found.setdefault(key, _Step(label, stage, name, line))
        step.vertices.append(state)
        if op is None or op.kind != "source" or _is_from(label.instruction):
            step.own.append(state)


def _join_source(found: dict[_Place, _Step], state: VertexState, op: LLBOp) -> None:
    """A nameless vertex of an instruction (an image that COPY --from reads) belongs to its step."""
    for step in found.values():
        if step.line and step.line in op.lines:
            step.vertices.append(state)


def _record(index: int, step: _Step, zero_ns: int | None, redactor: Redactor) -> StepRecord:
    label = step.label
    states = step.own or step.vertices
    started = min((each.started_ns for each in states if each.started_ns is not None), default=None)
    completed = max((each.completed_ns for each in states if each.completed_ns is not None), default=None)
    return StepRecord(
        index=index,
        stage=step.stage,
        stage_name=" ".join(filter(None, (label.platform, step.stage_name))),
        instruction=redactor.clean(label.instruction),
        line=step.line,
        status=_status(label.instruction, states),
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
        return StepStatus.HIT if _is_from(instruction) and not failed else StepStatus.MISS
    for status in (StepStatus.UNKNOWN, StepStatus.HIT):
        if status in seen:
            return status
    return StepStatus.NOT_EVALUATED


def _is_from(instruction: str) -> bool:
    return instruction.upper().startswith("FROM ")


def _vertex_status(state: VertexState) -> StepStatus:
    if state.cached:
        return StepStatus.HIT
    if state.error and state.started_ns is not None:
        return StepStatus.MISS
    if state.completed_ns is not None:
        return StepStatus.MISS
    return StepStatus.UNKNOWN if state.started_ns is not None else StepStatus.NOT_EVALUATED
