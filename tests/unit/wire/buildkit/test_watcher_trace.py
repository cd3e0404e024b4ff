"""Builds asked for by POST /build?version=2: trace messages and sessions instead of a definition."""

import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from transcripts.framed import (
    CLIENT_SENT,
    ENGINE_SENT,
    Transcript,
)
from transcripts.replay import replay

from layerfork.record.record import StepStatus
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.posted.postedbuild import TraceParts, read_trace
from layerfork.wire.redact import Redactor

Load = Callable[[str], Transcript]


def traced(transcript: Transcript, **given: Any) -> TraceParts:
    watcher = BuildKitWatcher(clock=lambda: 0.0)
    replay(transcript.frames, watcher.upgraded)
    answer = b"".join(frame.data for frame in transcript.frames if frame.kind == ENGINE_SENT)
    asked = b"".join(frame.data for frame in transcript.frames if frame.kind == CLIENT_SENT)
    found = re.search(rb"Session-Uuid: (\S+)", asked)
    return read_trace(
        [aux.decode() for aux in re.findall(rb'"id":"moby.buildkit.trace","aux":"([^"]*)"', answer)],
        session=watcher.session(found[1].decode()) if found else None,
        redactor=Redactor(b"key"),
        dockerfile_name="Dockerfile.20",
        **given,
    )


def shown(parts: TraceParts) -> list[tuple[int, str, int, str]]:
    return [(step.stage, step.stage_name, step.line, step.status.value) for step in parts.steps]


def test_a_build_of_the_20_10_client_has_steps_context_and_dockerfile(load: Load) -> None:
    parts = traced(load("docker-20.10.24-engine-20.10.24-dir"))

    assert parts.dockerfile is not None
    assert parts.dockerfile.startswith("FROM alpine AS build\n")
    assert shown(parts) == [
        (0, "build", 1, "hit"),
        (0, "build", 3, "miss"),
        (0, "build", 4, "miss"),
        (0, "build", 5, "miss"),
        (1, "stage-1", 6, "hit"),
        (1, "stage-1", 7, "miss"),
        (1, "stage-1", 8, "miss"),
        (1, "stage-1", 9, "miss"),
    ]
    assert parts.context is not None
    assert [entry.name for entry in parts.context.entries] == [
        "important.txt",
        "src",
        "src/a.txt",
        "src/b.sh",
        "src/link",
    ]
    assert [gap.where for gap in parts.gaps] == ["definition"]


def test_without_the_dockerfile_stages_are_told_by_name(load: Load) -> None:
    parts = traced(load("docker-20.10.24-engine-20.10.24-dir-cached"))

    assert parts.dockerfile is None
    assert shown(parts) == [
        (0, "build", 0, "hit"),
        (0, "build", 0, "hit"),
        (0, "build", 0, "hit"),
        (0, "build", 0, "hit"),
        (1, "stage-1", 0, "hit"),
        (1, "stage-1", 0, "hit"),
        (1, "stage-1", 0, "hit"),
        (1, "stage-1", 0, "hit"),
    ]


def test_the_dockerfile_of_a_tar_gives_the_lines(load: Load) -> None:
    first = traced(load("docker-20.10.24-engine-20.10.24-dir"))
    assert first.dockerfile is not None
    parts = traced(load("docker-20.10.24-engine-20.10.24-stdin-tar"), dockerfile=first.dockerfile.encode())

    assert [line for _, _, line, _ in shown(parts)] == [1, 3, 4, 5, 6, 7, 8, 9]
    assert {status for _, _, _, status in shown(parts)} == {"hit"}


def test_a_session_is_not_needed(load: Load) -> None:
    parts = traced(load("curl-8-engine-26.1.5-version2-tar"))

    assert parts.context is None
    assert len(parts.steps) == 8
    assert any(vertex.internal for vertex in parts.vertices)


def test_messages_that_are_none_are_gaps() -> None:
    good = control.StatusResponse(
        vertexes=[
            control.StatusVertex(digest=b"sha256:1", name=b"[1/1] RUN echo planted-value-9", cached=True)
        ]
    ).SerializeToString()
    redactor = Redactor(b"key")
    redactor.hide("A_TOKEN", "planted-value-9")
    messages: list[str | bytes] = ["!!", b64encode(b"\xff\xff").decode(), b64encode(good).decode(), good]
    parts = read_trace(messages, session=None, redactor=redactor)

    assert [gap.where for gap in parts.gaps] == ["trace message 1", "trace message 2", "definition"]
    assert [step.status for step in parts.steps] == [StepStatus.HIT]
    assert "planted" not in repr(parts)
