"""A finished build as the parts of a BuildRecord."""

from dataclasses import dataclass, replace

from layerfork.context.ignore.ignorefile import DOCKER_FILES, files_of_podman_service
from layerfork.record.build import Builder
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.record import BuildOutcome, BuildResult, Gap, RecordedRequest, StepRecord, Vertex
from layerfork.wire.buildkit.observed import ObservedSession
from layerfork.wire.posted.observed import PostedBuild, is_true
from layerfork.wire.posted.query import digest_of, read_request, remote_of
from layerfork.wire.posted.result import builder_of, podman_version_of, read_result, read_steps
from layerfork.wire.posted.secretfiles import without_secrets
from layerfork.wire.redact import Redactor
from layerfork.wire.steps.names import read_label
from layerfork.wire.steps.trace import read_trace
from layerfork.wire.tar.ignoring import ignore_patterns


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
        steps=() if build.is_buildkit else read_steps(build, redactor),
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
        gaps.append(Gap(where="context", what="the archive has no end: the zstd data may be cut"))
    return tuple(gaps)


def _answer_gaps(build: PostedBuild) -> tuple[Gap, ...]:
    """What keeps the steps from being known."""
    if is_true(build.first("q")):
        return (Gap(where="answer", what="the client asked for no output (q=1): the steps are not shown"),)
    if not build.answer_whole:
        return (Gap(where="answer", what="the answer is not whole"),)
    if build.status == 200 and not build.answer.log.steps and not build.answer.error:
        return (Gap(where="answer", what="no steps were shown"),)
    return ()
