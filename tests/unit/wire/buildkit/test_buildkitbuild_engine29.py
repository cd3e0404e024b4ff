"""Builds of Engine 29 and BuildKit 0.32: what their transcripts say by command lines and bytes."""

import re
from collections.abc import Callable
from hashlib import sha256

import pytest
from transcripts.framed import CLIENT_SENT, Transcript

from layerfork.record.context import ContentSource, Transport
from layerfork.record.record import BuildOutcome
from layerfork.wire.buildkit.buildkitbuild import BuildKitParts
from layerfork.wire.http.http2 import PREFACE

Builds = Callable[[str], list[BuildKitParts]]
Load = Callable[[str], Transcript]

CONTAINER = "buildx-0.36.1-buildkitd-0.32.2-container-driver"
HTTP2 = "buildctl-0.32.2-engine-29.7.2-http2"

DOCKERFILE = """\
FROM alpine
RUN echo one > /one
COPY important.txt /
RUN --mount=type=cache,target=/c echo two > /two
"""
STEPS = [
    (1, "FROM docker.io/library/alpine:latest"),
    (2, "RUN echo one > /one"),
    (3, "COPY important.txt /"),
    (4, "RUN --mount=type=cache,target=/c echo two > /two"),
]
IMPORTANT = "sha256:" + sha256(b"This is an important file\n").hexdigest()
IMAGE = "sha256:92daac42a2b3828459f8ece3eaaebd65e78b6c59704ad7657b305b9bc9529cbd"
"""What every client of that engine gets for this Dockerfile."""
EXPORTED = "sha256:109a32ca07b757ce1d903ffda2d0a3717e6ce63a73a6920a3be8f96408faaf71"
"""Manifest of the cache that the second build in the container exported and the third imported."""


@pytest.mark.parametrize(
    ("name", "tag", "transport"),
    [
        ("docker-29.7.2-engine-29.7.2-dir", "t1", Transport.FILE_SYNC),
        ("docker-29.7.2-engine-29.7.2-dir-cached", "t1", Transport.FILE_SYNC),
        ("docker-29.7.2-engine-29.7.2-stdin-tar", "t3", Transport.TAR),
        ("buildx-0.36.1-engine-29.7.2-dir", "t2", Transport.FILE_SYNC),
    ],
)
def test_one_dockerfile_by_every_client(name: str, tag: str, transport: Transport, builds: Builds) -> None:
    (parts,) = builds(name)
    assert parts.request.dockerfile == DOCKERFILE
    assert [(step.line, step.instruction) for step in parts.steps] == STEPS
    assert parts.request.tags == (tag,)
    assert parts.result.image_id == IMAGE
    assert parts.context is not None
    assert parts.context.transport is transport


def test_what_a_tar_holds_and_what_a_directory_is_asked_for(builds: Builds) -> None:
    (tar,) = builds("docker-29.7.2-engine-29.7.2-stdin-tar")
    (directory,) = builds("docker-29.7.2-engine-29.7.2-dir")
    assert tar.context is not None
    assert directory.context is not None
    assert [(e.name, e.mode) for e in tar.context.entries] == [
        ("./", 0o755),
        ("./important.txt", 0o644),
        ("./Dockerfile", 0o644),
        ("./d/", 0o755),
        ("./d/x", 0o644),
    ]
    assert [(e.name, e.mode, e.content) for e in directory.context.entries] == [
        ("important.txt", 0o644, IMPORTANT)
    ]


def test_two_targets_of_bake(builds: Builds) -> None:
    first, second = builds("bake-0.36.1-engine-29.7.2-two-targets")
    assert (first.request.tags, first.request.build_args) == (("ba",), ())
    assert (second.request.tags, second.request.build_args) == (("bb",), (("X", "1"),))
    assert first.ref != second.ref
    assert first.result.image_id == second.result.image_id == IMAGE


def test_buildctl_speaks_http2_from_the_first_byte(builds: Builds, load: Load) -> None:
    sent = b"".join(frame.data for frame in load(HTTP2).frames if frame.kind == CLIENT_SENT)
    assert sent.startswith(PREFACE)
    (parts,) = builds(HTTP2)
    assert [(step.line, step.instruction) for step in parts.steps] == STEPS
    assert parts.result.outcome is BuildOutcome.SUCCEEDED
    assert (parts.result.image_id, parts.request.tags) == ("", ()), "it exported nothing"
    assert parts.context is not None
    assert [(e.name, e.content, e.content_source) for e in parts.context.entries] == [
        ("important.txt", IMPORTANT, ContentSource.SENT)
    ]


def test_all_clients_of_one_engine_meet_one_builder(builds: Builds) -> None:
    """buildctl was recorded with another instance of the same engine: that is why it built every step."""
    names = (
        "docker-29.7.2-engine-29.7.2-dir",
        "docker-29.7.2-engine-29.7.2-dir-cached",
        "docker-29.7.2-engine-29.7.2-stdin-tar",
        "buildx-0.36.1-engine-29.7.2-dir",
        "bake-0.36.1-engine-29.7.2-two-targets",
    )
    (one,) = {parts.builder_instance for name in names for parts in builds(name)}
    (other,) = {parts.builder_instance for parts in builds(HTTP2)}
    (container,) = {parts.builder_instance for parts in builds(CONTAINER)}
    assert len({one, other, container}) == 3


def by_build(builds: Builds) -> list[BuildKitParts]:
    """The builds in the container in the order of their command lines: plain, with export, with import."""
    made = {(bool(p.request.cache_to), bool(p.request.cache_from)): p for p in builds(CONTAINER)}
    return [made[False, False], made[True, False], made[False, True]]


def test_builds_in_a_container_say_what_was_asked(builds: Builds) -> None:
    plain, exporting, importing = by_build(builds)
    assert {parts.buildkit_version for parts in (plain, exporting, importing)} == {"v0.32.2"}
    assert [parts.request.no_cache for parts in (plain, exporting, importing)] == [False, True, False]
    assert exporting.request.cache_to == ("type=local,dest=cachex,mode=max",)
    assert importing.request.cache_from == (f"type=local,digest={EXPORTED},src=cachex",)
    assert f'"digest":"{EXPORTED}"' in dict(exporting.result.exporter)["cache.manifest"]


def test_builds_in_a_container_have_steps_and_context(builds: Builds) -> None:
    for parts in by_build(builds):
        assert parts.request.dockerfile_name == "Dockerfile.s"
        assert parts.request.dockerfile == "FROM scratch\nCOPY important.txt /\nCOPY d /d\n"
        assert [(step.line, step.instruction) for step in parts.steps] == [
            (2, "COPY important.txt /"),
            (3, "COPY d /d"),
        ]
        assert parts.context is not None
        assert [(e.name, e.mode) for e in parts.context.entries] == [
            ("d", 0o755),
            ("d/x", 0o644),
            ("important.txt", 0o644),
        ]


def test_what_was_only_sent_once_is_known_once(builds: Builds) -> None:
    """The daemon in the container keeps the context from build to build: nothing is asked for again."""
    sources = []
    for parts in by_build(builds):
        assert parts.context is not None
        sources.append({e.content_source for e in parts.context.entries if e.name != "d"})
    assert sources == [{ContentSource.SENT}, {ContentSource.NOT_SENT}, {ContentSource.NOT_SENT}]


def test_work_for_the_cache_is_no_step(builds: Builds) -> None:
    _, exporting, importing = by_build(builds)
    for parts, said in ((exporting, "exporting cache to"), (importing, "importing cache manifest")):
        (vertex,) = [vertex for vertex in parts.vertices if vertex.name.startswith(said)]
        assert vertex.internal
        assert not re.search("^(COPY|RUN)", vertex.name)
