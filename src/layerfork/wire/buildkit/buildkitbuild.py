"""A finished BuildKit build as the parts of a BuildRecord, and a definition that was not built."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from layerfork.record.context import ContextManifest
from layerfork.record.llb import Definition
from layerfork.record.record import BuildOutcome, BuildResult, Gap, RecordedRequest, StepRecord, Vertex
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.contexts import (
    BuildContexts,
    Recall,
    find_contexts,
    find_dockerfile,
    recall_nothing,
)
from layerfork.wire.buildkit.definition import read_definition
from layerfork.wire.buildkit.fields import text
from layerfork.wire.buildkit.observed import ObservedBuild
from layerfork.wire.buildkit.placing import branches_of
from layerfork.wire.buildkit.request import read_request
from layerfork.wire.buildkit.sourcemap import proxied_digests, read_dockerfile, verify
from layerfork.wire.buildkit.stages import find_layout
from layerfork.wire.buildkit.vertexsteps import read_steps
from layerfork.wire.buildkit.vertices import add_sizes, read_label, read_vertices
from layerfork.wire.redact import Redactor

# How a BuildKit build ended.
#
# Source: google.golang.org/grpc codes (1 is canceled); moby/buildkit exporter/containerimage/exptypes
# @ 73ed6825c and moby/moby builder/builder-next/exporter @ v26.1.5 (names in the exporter's answer).

_CANCELED = 1
_IMAGE_IDS = ("containerimage.digest", "containerimage.config.digest")
"""The engine's image id is the first that is there: a manifest's in a containerd store, else the config's."""
_SMALL = 300


def read_result(build: ObservedBuild, redactor: Redactor) -> BuildResult:
    """Outcome, the engine's own error message, and the exporter's answer."""
    answer = build.exporter_response
    return BuildResult(
        outcome=_outcome(build),
        image_id=next((answer[key] for key in _IMAGE_IDS if answer.get(key)), ""),
        error=redactor.clean(_error(build)),
        exporter=tuple(
            sorted((key, redactor.clean(value)) for key, value in answer.items() if len(value) <= _SMALL)
        ),
    )


def _outcome(build: ObservedBuild) -> BuildOutcome:
    status = build.status
    if status is None or status.code is None or status.code == _CANCELED:
        return BuildOutcome.CUT
    if status.code == 0:
        return BuildOutcome.SUCCEEDED
    began = any(
        state.started_ns is not None and read_label(state.name) is not None
        for state in build.vertices.values()
    )
    return BuildOutcome.FAILED if began else BuildOutcome.REFUSED


def _error(build: ObservedBuild) -> str:
    if build.status is None:
        return "the connection ended before the result"
    if build.status.code == 0:
        return ""
    return build.status.message or build.return_error


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKitParts:
    """What the wire says about one BuildKit build; the fields are those of `BuildRecord`."""

    ref: str
    """The build's reference, unique; the record's id may be made from it."""
    builder_instance: str
    """Id of the worker; empty when the client did not ask for it."""
    buildkit_version: str
    """Empty when the client did not ask, and for the BuildKit within a Docker Engine."""
    platform: str
    """``os/architecture`` of the worker; empty when the client did not ask."""
    request: RecordedRequest
    context: ContextManifest | None
    named_contexts: tuple[ContextManifest, ...]
    definition: Definition | None
    vertices: tuple[Vertex, ...]
    steps: tuple[StepRecord, ...]
    result: BuildResult
    seconds: float
    gaps: tuple[Gap, ...]


def read_build(build: ObservedBuild, redactor: Redactor, recall: Recall = recall_nothing) -> BuildKitParts:
    """Everything that was seen of a build, secrets hidden. ``recall`` spares reading what was read before."""
    by_platform = _definitions(build)
    definitions = list(by_platform.values())
    contexts = find_contexts(build, definitions, recall)
    name = build.dockerfile_name
    dockerfile = read_dockerfile(definitions, name) or find_dockerfile(build, contexts)
    connection = build.connection
    request = read_request(build, dockerfile, redactor)
    renamed = proxied_digests(definitions, build.vertices)
    read = read_definition(definitions, name, redactor, renamed) if definitions else None
    definition, problems = verify(read.definition, build.vertices) if read is not None else (None, ())
    graph = definition.ops if definition is not None else ()
    own = frozenset(op.digest for op in graph) if definition is not None else None
    version = connection.buildkit_version if connection is not None else ""
    stages, unplaced = find_layout(
        None if dockerfile is None else text(dockerfile),
        dict(request.build_args),
        buildkit_version="" if request.syntax else version,
    )
    steps = read_steps(graph, build.vertices, stages, redactor, branches_of(by_platform, renamed))
    session = build.sessions.get(build.session_id)
    if session is not None:
        add_sizes(build.vertices.values(), session)
    return BuildKitParts(
        ref=build.ref,
        builder_instance=connection.worker if connection is not None else "",
        buildkit_version=version,
        platform=connection.platform if connection is not None else "",
        request=request,
        context=_clean_remote(contexts.main, redactor),
        named_contexts=contexts.named,
        definition=definition,
        vertices=read_vertices(build.vertices, own, redactor),
        steps=steps,
        result=read_result(build, redactor),
        seconds=round(build.ended_at - build.started_at, 6) if build.ended_at is not None else 0.0,
        gaps=_gaps(
            build,
            definition,
            contexts,
            (*(read.gaps if read is not None else ()), *problems, *(unplaced if steps else ())),
            redactor,
        ),
    )


def _definitions(build: ObservedBuild) -> Mapping[str, ops.Definition]:
    """What the build solved, by platform: what the client returned, else what the frontend gave it, else what
    it sent."""
    found = build.returned or build.bridge_definitions
    if not found and build.request is not None and build.request.definition.ops:
        found = {"": build.request.definition}
    return found


def _clean_remote(context: ContextManifest | None, redactor: Redactor) -> ContextManifest | None:
    if context is None or not context.remote:
        return context
    return replace(context, remote=redactor.clean(context.remote))


def _gaps(
    build: ObservedBuild,
    definition: Definition | None,
    contexts: BuildContexts,
    others: Iterable[Gap],
    redactor: Redactor,
) -> tuple[Gap, ...]:
    gaps = list(others)
    if definition is None and (why := _why_no_definition(build)):
        gaps.append(Gap(where="definition", what=why))
    if build.request is None:
        gaps.append(Gap(where="grpc Control.Solve", what="the request was not seen"))
    gaps += contexts.gaps
    connections = {id(build.connection): build.connection} if build.connection is not None else {}
    connections |= {id(each.connection): each.connection for each in contexts.sessions}
    for connection in connections.values():
        gaps += connection.gaps
    return tuple(dict.fromkeys(Gap(where=gap.where, what=redactor.clean(gap.what)) for gap in gaps))


def _why_no_definition(build: ObservedBuild) -> str:
    """Empty when there is nothing to miss: the frontend itself refused."""
    if build.request is not None and build.request.frontend:
        return "the client solved without the frontend bridge, the only place that shows it"
    if build.status is None or build.status.code is None:
        return "the build was interrupted before the frontend answered"
    return "the frontend's answer was not seen" if build.status.code == 0 else ""


# A definition that was requested but not built: its operations, and the steps that they would be.


def read_unbuilt(
    by_platform: Mapping[str, ops.Definition],
    dockerfile: str,
    name: str,
    build_args: Mapping[str, str],
    redactor: Redactor,
) -> tuple[Definition, tuple[StepRecord, ...]]:
    """What a frontend made of a Dockerfile of this text and name, secrets hidden."""
    definition = read_definition(by_platform.values(), name, redactor).definition
    stages, _ = find_layout(dockerfile, build_args)
    return definition, read_steps(definition.ops, {}, stages, redactor, branches_of(by_platform))
