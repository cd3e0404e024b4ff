"""A finished posted build as the parts of a BuildRecord."""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from google.protobuf.message import DecodeError

from layerfork.context.ignore.ignorefile import DOCKER_FILES, files_of_podman_service
from layerfork.record.build import Builder
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.engine import Version, parse_version
from layerfork.record.record import (
    BuildOutcome,
    BuildResult,
    Gap,
    RecordedRequest,
    StepRecord,
    StepStatus,
    Vertex,
)
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.contexts import find_contexts, find_dockerfile
from layerfork.wire.buildkit.fields import text
from layerfork.wire.buildkit.observed import ObservedBuild, ObservedSession, VertexState
from layerfork.wire.buildkit.stages import find_layout
from layerfork.wire.buildkit.vertexsteps import read_steps
from layerfork.wire.buildkit.vertices import follow, read_label, read_vertices
from layerfork.wire.posted.exchange import PostedBuild, is_true
from layerfork.wire.posted.postedrequest import digest_of, read_request, remote_of, without_secrets
from layerfork.wire.printed.step import PrintedStep, in_dockerfile_order
from layerfork.wire.redact import Redactor
from layerfork.wire.tar.tarstream import ignore_patterns

# Steps and outcome of a posted build.


def builder_of(build: PostedBuild) -> Builder:
    """The builder that answered; podman's service identifies itself.

    Source: containers/podman pkg/api/server/handler_api.go @ v5.4.2.
    """
    server = next((value for name, value in build.answer_headers if name.lower() == "server"), "")
    if server.startswith("Libpod/") or "/libpod/" in build.request.path:
        return Builder.BUILDAH
    return Builder.BUILDKIT if build.is_buildkit else Builder.CLASSIC


def podman_version_of(build: PostedBuild) -> Version | None:
    """Version of podman's service, as it calls itself: ``Libpod/5.4.2 (linux)``."""
    server = next((value for name, value in build.answer_headers if name.lower() == "server"), "")
    return parse_version(server) if server.startswith("Libpod/") else None


def read_printed_steps(build: PostedBuild, redactor: Redactor) -> tuple[StepRecord, ...]:
    """The steps that were printed, stage by stage. The one at which a build failed has the error."""
    printed = build.answer.log.steps
    error = redactor.clean(build.answer.error) if outcome_of(build) is BuildOutcome.FAILED else ""
    return tuple(
        _step(index, step, build, redactor, error if step is printed[-1] else "")
        for index, step in enumerate(in_dockerfile_order(printed), 1)
    )


def read_result(build: PostedBuild, redactor: Redactor) -> BuildResult:
    """Outcome, image id (full when the engine named it so) and the builder's own error message."""
    outcome = outcome_of(build)
    named = build.answer.image_ids
    image_id = named[-1] if named else build.answer.log.image_id
    error = build.answer.error
    if outcome is BuildOutcome.CUT and not error:
        error = "the connection ended before the result"
    return BuildResult(
        outcome=outcome,
        image_id=image_id if outcome is BuildOutcome.SUCCEEDED else "",
        error=redactor.clean(error),
    )


def outcome_of(build: PostedBuild) -> BuildOutcome:
    """How the build ended, by its answer alone."""
    answer = build.answer
    if build.status >= 300:
        return BuildOutcome.REFUSED
    if answer.error:
        began = bool(answer.log.steps or answer.traces)
        return BuildOutcome.FAILED if began else BuildOutcome.REFUSED
    if build.answer_whole and (build.is_buildkit or _names_an_image(build)):
        return BuildOutcome.SUCCEEDED
    return BuildOutcome.CUT


def _names_an_image(build: PostedBuild) -> bool:
    """Whether the answer ends as that of a build which succeeded."""
    answer = build.answer
    if not answer.log.steps or builder_of(build) is Builder.BUILDAH:
        return bool(answer.image_ids)  # podman's own clients get no "Successfully built"
    return bool(answer.log.image_id)


def _step(index: int, step: PrintedStep, build: PostedBuild, redactor: Redactor, error: str) -> StepRecord:
    failed_while_running = error and step.status is StepStatus.UNKNOWN
    return StepRecord(
        index=index,
        stage=step.stage,
        stage_name=step.stage_name,
        instruction=redactor.clean(step.instruction),
        status=StepStatus.MISS if failed_while_running else step.status,
        identity=step.identity,
        started_s=round(step.started_at - build.started_at, 6),
        seconds=round(step.ended_at - step.started_at, 6) if step.ended_at is not None else None,
        error=error,
    )


# A BuildKit build by ``POST /build?version=2``: it has no frontend bridge, so no definition is seen.
#
# Vertices come as trace messages in the answer: lines of JSON whose ``id`` is ``moby.buildkit.trace`` and
# whose ``aux`` is a status message, base64. Files come through the session that the query names.
# Source: moby/moby builder/builder-next/builder.go, api/server/router/build/build_routes.go @ v20.10.24
# and v28.5.2; docker/cli cli/command/image/build_buildkit.go @ v20.10.24.


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceParts:
    """What session and trace say about such a build; the fields are those of `BuildRecord`."""

    dockerfile: str | None
    """Secrets hidden; None when it was not seen."""
    context: ContextManifest | None
    named_contexts: tuple[ContextManifest, ...]
    vertices: tuple[Vertex, ...]
    steps: tuple[StepRecord, ...]
    gaps: tuple[Gap, ...]
    """Always says that the definition is absent."""


def read_trace(
    messages: Iterable[str | bytes],
    *,
    session: ObservedSession | None,
    redactor: Redactor,
    dockerfile_name: str = "Dockerfile",
    uploaded: ContextManifest | None = None,
    dockerfile: bytes | None = None,
    build_args: Mapping[str, str] | None = None,
) -> TraceParts:
    """The parts of the record that the classic decoder cannot make.

    ``messages`` are the ``aux`` values, in order: base64 text, or the decoded bytes. ``uploaded`` and
    ``dockerfile`` are the context and the Dockerfile of a tar in a request's body, if there was one.
    Give build arguments to the redactor first: then they are hidden here too.
    """
    states, gaps = _follow_all(messages)
    build = ObservedBuild(ref="", request=_as_solve(session, dockerfile_name))
    if session is not None:
        build.sessions[session.id] = session
    contexts = find_contexts(build, ())
    found = dockerfile if dockerfile is not None else find_dockerfile(build, contexts)
    stages, unplaced = find_layout(None if found is None else text(found), build_args or {})
    steps = read_steps((), states, stages, redactor)
    gaps += unplaced if steps else ()
    gaps.append(Gap(where="definition", what="POST /build shows no definition: only digests of its vertices"))
    gaps += contexts.gaps
    if session is not None:
        gaps += session.connection.gaps
    return TraceParts(
        dockerfile=redactor.clean(text(found)) if found is not None else None,
        context=uploaded or contexts.main,
        named_contexts=contexts.named,
        vertices=read_vertices(states, None, redactor),
        steps=steps,
        gaps=tuple(Gap(where=gap.where, what=redactor.clean(gap.what)) for gap in gaps),
    )


def _as_solve(session: ObservedSession | None, dockerfile_name: str) -> control.SolveRequest:
    return control.SolveRequest(
        session=session.id.encode() if session is not None else b"",
        frontend_attrs=[ops.Pair(key=b"filename", value=(dockerfile_name or "Dockerfile").encode())],
    )


def _follow_all(messages: Iterable[str | bytes]) -> tuple[dict[str, VertexState], list[Gap]]:
    states: dict[str, VertexState] = {}
    gaps: list[Gap] = []
    for position, message in enumerate(messages, 1):
        try:
            raw = b64decode(message, validate=True) if isinstance(message, str) else message
            follow(states, control.StatusResponse.FromString(raw))
        except (binascii.Error, DecodeError) as error:
            gaps.append(Gap(where=f"trace message {position}", what=f"not understood: {error}"))
    return states, gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassicParts:
    """What the wire says about one posted build; the fields are those of `BuildRecord`."""

    builder: Builder
    """Who built: the classic builder, BuildKit (``version=2``), or buildah behind podman's service."""
    user_agent: str
    request: RecordedRequest
    context: ContextManifest | None
    named_contexts: tuple[ContextManifest, ...]
    vertices: tuple[Vertex, ...]
    steps: tuple[StepRecord, ...]
    result: BuildResult
    seconds: float
    gaps: tuple[Gap, ...]


def read_posted_build(
    build: PostedBuild, redactor: Redactor, session: ObservedSession | None = None
) -> ClassicParts:
    """Everything that was seen of a build, secrets hidden.

    ``session`` is the one that the query's ``session`` names; BuildKit fetches files through it.
    """
    request = read_request(build, redactor)
    context = _context(build, redactor)
    parts = ClassicParts(
        builder=builder_of(build),
        user_agent=next((value for name, value in request.headers if name.lower() == "user-agent"), ""),
        request=request,
        context=context,
        named_contexts=(),
        vertices=(),
        steps=() if build.is_buildkit else read_printed_steps(build, redactor),
        result=read_result(build, redactor),
        seconds=round(build.ended_at - build.started_at, 6),
        gaps=(*build.gaps, *_context_gaps(build)),
    )
    if build.is_buildkit:
        return _with_trace(parts, build, redactor, session)
    return replace(parts, gaps=(*parts.gaps, *_answer_gaps(build)))


def _with_trace(
    parts: ClassicParts, build: PostedBuild, redactor: Redactor, session: ObservedSession | None
) -> ClassicParts:
    """BuildKit puts its vertices into the answer, base64, and its files come through the session."""
    request = parts.request
    traced = read_trace(
        build.answer.traces,
        session=session,
        redactor=redactor,
        dockerfile_name=build.dockerfile_name,
        uploaded=parts.context,
        dockerfile=build.context_tar.captured,
        build_args=dict(request.build_args),
    )
    if request.dockerfile is None and traced.dockerfile is not None:
        digest = digest_of(traced.dockerfile)
        request = replace(request, dockerfile=traced.dockerfile, dockerfile_lines_sha256=digest)
    gaps = [*parts.gaps, *traced.gaps]
    if build.answer.lost_traces:
        gaps.append(Gap(where="answer", what="there were too many trace messages to keep them all"))
    return replace(
        parts,
        request=request,
        context=traced.context,
        named_contexts=traced.named_contexts,
        vertices=traced.vertices,
        steps=traced.steps,
        result=_refused_before(traced.vertices, parts.result),
        gaps=tuple(dict.fromkeys(gaps)),
    )


def _refused_before(vertices: tuple[Vertex, ...], result: BuildResult) -> BuildResult:
    """A build that failed before any of its steps began was refused."""
    began = any(vertex.started_s is not None and read_label(vertex.name) for vertex in vertices)
    if began or result.outcome is not BuildOutcome.FAILED:
        return result
    return replace(result, outcome=BuildOutcome.REFUSED)


def _context(build: PostedBuild, redactor: Redactor) -> ContextManifest | None:
    remote = remote_of(build, redactor)
    if remote:
        return ContextManifest(transport=Transport.REMOTE, entries=(), remote=remote)
    sender = build.context_sender
    if not sender.body_bytes:
        return None
    return ContextManifest(
        transport=Transport.TAR,
        entries=tuple(without_secrets(sender.tar.entries)),
        compression=sender.body.compression or "identity",
        excludes=_excludes(build, redactor),
        global_pax=tuple(sender.tar.global_pax),
        sent_bytes=sender.body_bytes,
        complete=sender.body_whole and not _context_gaps(build),
    )


def _excludes(build: PostedBuild, redactor: Redactor) -> tuple[str, ...]:
    builder = builder_of(build)
    podman = podman_version_of(build) if builder is Builder.BUILDAH else None
    files = {Builder.BUILDAH: files_of_podman_service(podman), Builder.CLASSIC: DOCKER_FILES}.get(builder, ())
    names = [name.format(build.dockerfile_name) for name in files]
    return ignore_patterns(build.context_tar, builder, names, redactor.clean)


def _context_gaps(build: PostedBuild) -> tuple[Gap, ...]:
    sender = build.context_sender
    gaps = list(sender.tar.gaps)
    if sender is not build:
        gaps += sender.gaps
    if sender.body.error and not sender.tar.ended:
        gaps.append(Gap(where="context", what=sender.body.error))
    if sender.body.compression == "zstd" and sender.body_bytes and not sender.tar.ended:
        gaps.append(Gap(where="context", what="the archive has no end: the zstd data may be truncated"))
    return tuple(gaps)


def _answer_gaps(build: PostedBuild) -> tuple[Gap, ...]:
    """Gaps when the steps are not known."""
    if is_true(build.first("q")):
        return (Gap(where="answer", what="the client asked for no output (q=1): the steps are not shown"),)
    if not build.answer_whole:
        return (Gap(where="answer", what="the answer is incomplete"),)
    if build.status == 200 and not build.answer.log.steps and not build.answer.error:
        return (Gap(where="answer", what="no steps were shown"),)
    return ()
