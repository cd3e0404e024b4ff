"""What BuildKit left behind of a build, as the parts of a BuildRecord."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from layerfork.dockerfile import parse_dockerfile
from layerfork.dockerfile.gotext import lower
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.errors import UsageError
from layerfork.record.context import Digest
from layerfork.record.llb import Definition, LLBOp
from layerfork.record.record import Gap, RecordedRequest, StepRecord, StepStatus, Vertex
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.definition import read_known_ops
from layerfork.wire.buildkit.fields import text
from layerfork.wire.buildkit.observed import ObservedBuild, VertexState
from layerfork.wire.buildkit.request import read_request
from layerfork.wire.buildkit.sourcemap import read_dockerfile, verify
from layerfork.wire.buildkit.stages import Stages, find_layout
from layerfork.wire.buildkit.vertexsteps import read_steps
from layerfork.wire.buildkit.vertices import StepLabel, read_label, read_vertices
from layerfork.wire.history.provenance import Provenance
from layerfork.wire.history.vertexnames import names_of
from layerfork.wire.redact import Redactor

_BUILD_ARG = "build-arg:"
SEVERAL_PLATFORMS = Gap(
    where="platforms",
    what="what several platforms have in common was printed once, as one platform's: a step that no other "
    "platform names is taken for one of these",
)
STAGES = Gap(
    where="stages",
    what="without the Dockerfile the order of stages is not known: those with names are numbered as they "
    "came, those that others read before them",
)
NAMELESS = Gap(
    where="triggers",
    what="operations that no instruction names, such as triggers of a base image, are left out",
)
_WORK = frozenset({"exec", "file"})
"""Kinds of operations that instructions become."""
_MOST_NESTED = 100
_NO_DIGEST = "#"
"""Begins the key of a vertex whose digest was not printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """Everything that is at hand of one build."""

    attrs: Mapping[str, str] = field(default_factory=dict)
    frontend: str = ""
    provenance: Sequence[Provenance] = ()
    """One for each platform."""
    vertices: Mapping[str, VertexState] | None = None
    """By digest, or by ``#`` and a number; None when no progress is at hand."""
    timed: bool = True
    """The vertices' times are a clock's; otherwise they only say how long each took, if it is not 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftParts:
    """The fields are those of `BuildRecord`."""

    request: RecordedRequest
    definition: Definition | None
    vertices: tuple[Vertex, ...]
    steps: tuple[StepRecord, ...]
    gaps: tuple[Gap, ...]


def read_left_behind(left: LeftBehind, redactor: Redactor) -> LeftParts:
    """Everything that is known, secrets hidden; what was read and not understood is in the gaps."""
    name = left.attrs.get("filename") or "Dockerfile"
    sources = [ops.Definition(source=each.source) for each in left.provenance]
    dockerfile = read_dockerfile(sources, name)
    request = read_request(_asked(left), dockerfile, redactor)
    definition, gaps = _definition(left, name, redactor)
    graph = definition.ops if definition is not None else ()
    stages, unplaced = find_layout(
        None if dockerfile is None else text(dockerfile), dict(request.build_args), buildkit_version=""
    )
    states = left.vertices
    shown = graph
    if states is None:
        states = _named(left, graph, dockerfile, stages)
        shown = tuple(op for op in graph if op.digest in states or not (op.lines and op.kind in _WORK))
        gaps += (NAMELESS,) if len(shown) < len(graph) else ()
    elif definition is not None:
        definition, problems = verify(definition, states)
        gaps += problems
    placed = states if stages.stages else _read_stages_first(states)
    steps = read_steps(shown, placed, stages, redactor, _branches(left))
    if definition is None:
        steps, shared = _printed_once(steps, states)
        gaps += shared
    if not stages.stages and _has_several_stages(steps):
        gaps += (STAGES,)
    gaps += tuple(unplaced) if steps else ()
    vertices: tuple[Vertex, ...] = ()
    if left.vertices is not None:
        own = frozenset(op.digest for op in graph) if graph else None
        vertices = _honest_vertices(read_vertices(states, own, redactor), left)
    return LeftParts(
        request=request,
        definition=definition,
        vertices=vertices,
        steps=tuple(_honest(step, left) for step in steps),
        gaps=tuple(replace(gap, what=redactor.clean(gap.what)) for gap in gaps),
    )


def _has_several_stages(steps: Sequence[StepRecord]) -> bool:
    return any(_has_name(step) for step in steps) and len({step.stage for step in steps}) > 1


def _asked(left: LeftBehind) -> ObservedBuild:
    """The request as if it had been seen."""
    request = control.SolveRequest(frontend=left.frontend.encode())
    for key, value in left.attrs.items():
        encoded = (part.encode("utf-8", "surrogatepass") for part in (key, value))
        request.frontend_attrs.append(ops.Pair(**dict(zip(("key", "value"), encoded, strict=True))))
    return ObservedBuild(ref="", request=request)


def _definition(left: LeftBehind, name: str, redactor: Redactor) -> tuple[Definition | None, tuple[Gap, ...]]:
    """The graphs of all platforms as one."""
    found: dict[Digest, LLBOp] = {}
    gaps: list[Gap] = []
    for each in left.provenance:
        gaps += each.gaps
        read = read_known_ops(each.ops, each.source, name, redactor)
        gaps += read.gaps
        found.update({op.digest: op for op in read.definition.ops if op.digest not in found})
    return Definition(ops=tuple(found.values())) if found else None, tuple(dict.fromkeys(gaps))


def _named(
    left: LeftBehind, graph: Sequence[LLBOp], dockerfile: bytes | None, stages: Stages
) -> dict[str, VertexState]:
    """Vertices that were not seen, with the names that they must have had."""
    if dockerfile is None:
        return {}
    try:
        parsed = parse_dockerfile(text(dockerfile))
    except UsageError:
        return {}
    messages = {digest: op for each in left.provenance for digest, op in each.ops.items()}
    build_args = {
        key.removeprefix(_BUILD_ARG): value for key, value in left.attrs.items() if key.startswith(_BUILD_ARG)
    }
    names = names_of(graph, messages, parsed, stages, build_args)
    return {digest: VertexState(digest, name=name) for digest, name in names.items()}


def _read_stages_first(states: Mapping[str, VertexState]) -> Mapping[str, VertexState]:
    """The vertices by stages, those of a stage that another reads before those of the other."""
    labels = {digest: read_label(state.name) for digest, state in states.items()}
    reads: dict[str, list[str]] = {}
    for label in labels.values():
        if label is not None:
            instruction = printed_instruction(label.instruction)
            own = reads.setdefault(label.stage, [])
            own += map(lower, instruction.reads_from) if instruction is not None else ()
    order: dict[str, int] = {}
    for stage in reads:
        _put(stage, reads, order, frozenset())
    return dict(sorted(states.items(), key=lambda each: _rank(labels[each[0]], order)))


def _put(stage: str, reads: Mapping[str, list[str]], order: dict[str, int], above: frozenset[str]) -> None:
    """Give a stage its place after those that it reads; what nests without end has none."""
    if stage in order or stage not in reads or stage in above or len(above) > _MOST_NESTED:
        return
    for name in reads[stage]:
        _put(name, reads, order, above | {stage})
    order[stage] = len(order)


def _rank(label: StepLabel | None, order: Mapping[str, int]) -> int:
    return order.get(label.stage, 0) + 1 if label is not None else 0


def _has_name(step: StepRecord) -> bool:
    """Whether its stage bears a name, which says nothing of its place; ``stage-N`` does."""
    return not step.stage_name.startswith("stage-")


def _branches(left: LeftBehind) -> dict[str, str]:
    """Vertex digest to its platforms, as `read_steps` takes them."""
    found: dict[str, list[str]] = {}
    for each in sorted(left.provenance, key=lambda each: each.platform):
        for digest in each.ops:
            found.setdefault(digest, []).append(each.platform)
    everywhere = len(left.provenance)
    return {digest: "" if len(own) == everywhere else ",".join(own) for digest, own in found.items()}


def _printed_once(
    steps: tuple[StepRecord, ...], states: Mapping[str, VertexState]
) -> tuple[tuple[StepRecord, ...], tuple[Gap, ...]]:
    """What only one of several platforms names is what they have in common: they share their Dockerfile.

    With a gap, for it may also belong to a stage that the others do not need.
    """
    if len({step.platform for step in steps if step.platform}) < 2:
        return steps, ()
    named: dict[tuple[int, int], set[str]] = {}
    for step in steps:
        named.setdefault(_place(step, states), set()).add(step.platform)
    found = [step if len(named[_place(step, states)]) > 1 else replace(step, platform="") for step in steps]
    found.sort(key=lambda step: step.platform)
    return tuple(replace(step, index=index) for index, step in enumerate(found, 1)), (SEVERAL_PLATFORMS,)


def _place(step: StepRecord, states: Mapping[str, VertexState]) -> tuple[int, int]:
    labels = (read_label(states[digest].name) for digest in step.vertices if digest in states)
    return step.stage, next((label.number for label in labels if label is not None), 0)


def _honest_vertices(vertices: tuple[Vertex, ...], left: LeftBehind) -> tuple[Vertex, ...]:
    """Without digests and times that nothing showed; steps without a digest and any work are left out."""
    return tuple(
        each if left.timed else _untimed(each)
        for each in vertices
        if each.internal or each.work or not each.digest.startswith(_NO_DIGEST)
    )


def _untimed(vertex: Vertex) -> Vertex:
    """The vertex of a log that prints no digests, or how long something took and not when."""
    return replace(
        vertex,
        digest=Digest("") if vertex.digest.startswith(_NO_DIGEST) else vertex.digest,
        started_s=None,
        completed_s=None,
        seconds=(vertex.completed_s or None) if vertex.cached or vertex.error else vertex.completed_s,
        work=tuple(replace(each, started_s=None) for each in vertex.work),
    )


def _honest(step: StepRecord, left: LeftBehind) -> StepRecord:
    """The step without what was not seen."""
    if left.vertices is None:
        return replace(step, status=StepStatus.UNKNOWN)
    if left.timed:
        return step
    known = tuple(digest for digest in step.vertices if not digest.startswith(_NO_DIGEST))
    # Of the source that an ADD fetches and of the step itself, nothing printed says which is which.
    parts = [left.vertices[digest] for digest in step.vertices]
    agree = len({part.cached for part in parts}) < 2
    return replace(
        step,
        vertices=known,
        status=step.status if agree else StepStatus.UNKNOWN,
        started_s=None,
        seconds=(step.seconds or None) if agree else None,
    )
