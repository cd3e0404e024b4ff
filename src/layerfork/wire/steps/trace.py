"""A BuildKit build that was asked for by ``POST /build?version=2``: no bridge, so no definition.

Vertices come as trace messages in the answer: lines of JSON whose ``id`` is ``moby.buildkit.trace`` and
whose ``aux`` is a status message, base64. Files come through the session that the query names.
Source: moby/moby builder/builder-next/builder.go, api/server/router/build/build_routes.go @ v20.10.24
and v28.5.2; docker/cli cli/command/image/build_buildkit.go @ v20.10.24.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from layerfork.record.context import ContextManifest
from layerfork.record.record import Gap, StepRecord, Vertex
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.observed import ObservedBuild, ObservedSession, VertexState
from layerfork.wire.buildkit.plain import text
from layerfork.wire.redact import Redactor
from layerfork.wire.session.contexts import find_contexts, find_dockerfile
from layerfork.wire.steps.layout import find_layout
from layerfork.wire.steps.steps import read_steps
from layerfork.wire.steps.vertices import follow, read_vertices


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
