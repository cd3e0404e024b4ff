"""Real builds, decoded from stored transcripts; chunked in any way they mean the same."""

from collections.abc import Callable
from hashlib import sha256
from itertools import cycle
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from today import part_of_today
from transcripts.framed import (
    Transcript,
    read_transcript,
)
from transcripts.replay import recut, replay

from layerfork.record.context import ContentSource, EntryType, Transport
from layerfork.record.record import BuildOutcome
from layerfork.wire.buildkit.buildkitbuild import BuildKitParts, read_build
from layerfork.wire.buildkit.watcher import BuildKitWatcher
from layerfork.wire.proxy.tap import Bytes, ConnectionTap, Headers
from layerfork.wire.redact import Redactor

Builds = Callable[[str], list[BuildKitParts]]
Load = Callable[[str], Transcript]

DIRECTORY = Path(__file__).parents[3] / "transcripts"
BRIDGED = sorted(
    path.name.removeprefix("buildkit-").removesuffix(".bin")
    for path in DIRECTORY.glob("buildkit-*.bin")
    if "20.10" not in path.name and "version2" not in path.name
)

STEPS = {
    "docker-26.1.5-engine-26.1.5-dir": ["hmmmmm hmmmm"],
    "docker-26.1.5-engine-26.1.5-dir-cached": ["hhhhhh hhhhh"],
    "docker-26.1.5-engine-26.1.5-stdin-tar": ["hhhhhh hhhhh"],
    "docker-26.1.5-engine-26.1.5-stdin-dockerfile": ["hhhhhh hhhhh"],
    "docker-26.1.5-engine-26.1.5-run-fails": ["hmmn"],
    "docker-26.1.5-engine-26.1.5-copy-missing": ["hmm"],
    "docker-26.1.5-engine-26.1.5-no-stage": [""],
    "docker-26.1.5-engine-26.1.5-kinds": ["hm"],
    "docker-26.1.5-engine-26.1.5-secrets": ["hmmmm"],
    "buildx-0.13.1-engine-26.1.5-options": ["hmmm"],
    "buildx-0.13.1-engine-26.1.5-remote": ["hmm mm"],
    "bake-0.13.1-engine-26.1.5-two-targets": ["hhhhhh", "hhmmmm hmmmm"],
    "bake-0.29.1-engine-28.5.2-two-targets": ["hhhhhh", "hhmmmm hmmmm"],
    "compose-2.26.1-engine-26.1.5-two-services": ["hhmmmm hmmmm", "hhhhhh"],
    "compose-2.40.3-engine-28.5.2-two-services": ["hhmmmm hmmmm", "hhhhhh"],
    "docker-28.5.2-engine-28.5.2-dir": ["hmmmmm hmmmm"],
    "docker-28.5.2-engine-28.5.2-containerd-dir": ["hmmmmm hmmmm"],
    "docker-28.5.2-engine-28.5.2-containerd-export": ["hmm mm"],
    "docker-28.5.2-engine-28.5.2-containerd-platforms": ["hm mmmm"],
    "docker-26.1.5-engine-26.1.5-features": ["hm hmmmm mmmmmmmmmm"],
    "docker-28.5.2-engine-28.5.2-containerd-features": ["hm hmmmm mmmmmmmmmm"],
    "docker-28.5.2-engine-28.5.2-containerd-check": [],
    "docker-29.7.2-engine-29.7.2-dir": ["hmmm"],
    "docker-29.7.2-engine-29.7.2-dir-cached": ["hhhh"],
    "docker-29.7.2-engine-29.7.2-stdin-tar": ["hhhh"],
    "buildx-0.36.1-engine-29.7.2-dir": ["hhhh"],
    "bake-0.36.1-engine-29.7.2-two-targets": ["hhhh", "hhhh"],
    "buildctl-0.32.2-engine-29.7.2-http2": ["hmmm"],
    "buildx-0.36.1-buildkitd-0.32.2-container-driver": ["mm", "mm", "hh"],
}
"""First letters of each step's status, a space before each new stage; one text for each build."""


def statuses(parts: BuildKitParts) -> str:
    shown, stage = "", 0
    for step in parts.steps:
        shown += " " * (step.stage - stage) + step.status.value[0]
        stage = step.stage
    return shown


@pytest.mark.parametrize("name", BRIDGED)
def test_every_step_has_its_status(name: str, builds: Builds) -> None:
    assert [statuses(parts) for parts in builds(name)] == STEPS[name]


@pytest.mark.parametrize("name", BRIDGED)
def test_every_record_is_complete_and_its_definition_verified(name: str, builds: Builds) -> None:
    for parts in builds(name):
        assert parts.gaps == ()
        assert parts.builder_instance
        if name.endswith("no-stage"):
            assert parts.definition is None
            continue
        assert parts.definition is not None
        assert parts.definition.digests_verified
        digests = {op.digest for op in parts.definition.ops}
        for step in parts.steps:
            assert step.vertices
            assert digests.issuperset(step.vertices)
        for vertex in parts.vertices:
            assert vertex.internal or vertex.digest in digests


def test_steps_are_in_the_order_of_the_dockerfile_with_lines_and_stages(builds: Builds) -> None:
    (parts,) = builds("docker-26.1.5-engine-26.1.5-dir")

    assert [
        (step.index, step.stage_name, step.line, step.instruction.split()[0]) for step in parts.steps
    ] == [
        (1, "build", 2, "FROM"),
        (2, "build", 5, "WORKDIR"),
        (3, "build", 6, "RUN"),
        (4, "build", 7, "COPY"),
        (5, "build", 8, "COPY"),
        (6, "build", 9, "RUN"),
        (7, "stage-1", 11, "FROM"),
        (8, "stage-1", 13, "COPY"),
        (9, "stage-1", 14, "COPY"),
        (10, "stage-1", 17, "ADD"),
        (11, "stage-1", 18, "RUN"),
    ]
    assert parts.steps[0].vertices == parts.steps[6].vertices
    assert parts.steps[2].instruction == 'RUN echo "build 1" > out'
    assert all(step.started_s is not None and step.seconds is not None for step in parts.steps)


@pytest.mark.parametrize(
    ("name", "linked"),
    [("docker-26.1.5-engine-26.1.5-features", 1), ("docker-28.5.2-engine-28.5.2-containerd-features", 2)],
)
def test_every_feature_of_a_dockerfile_finds_its_line(name: str, linked: int, builds: Builds) -> None:
    (parts,) = builds(name)
    trigger = "ONBUILD " if linked == 2 else ""

    assert (
        [(step.line, step.instruction.split(" /")[0][:40], len(step.vertices)) for step in parts.steps]
        == [
            (2, parts.steps[0].instruction[:40], 1),  # named by COPY --from, whose image it shares
            (3, "RUN echo tool >", 1),
            (5, parts.steps[2].instruction[:40], 1),
            (5, trigger + "RUN echo triggered >", 1),
            (5, trigger + "COPY a.txt", 1),
            (7, "RUN <<E (echo heredoc 1 >", 1),
            (10, "RUN echo one     two     three", 1),
            (16, "COPY --link a.txt", linked),
            (17, "COPY --link --from=tools", linked),
            (18, "ADD http://127.0.0.1:8123/x.txt", 2),
            (19, "COPY --from=alpine:latest", 2),
            (20, "RUN --mount=type=bind,from=tools,target=", 1),
            (21, "ADD a.txt b.txt", 1),
            (22, "COPY .", 1),
            (23, "WORKDIR", 1),
            (24, "WORKDIR sub", 1),
            (25, "RUN echo 1", 1),
        ]
    )
    assert parts.steps[0].instruction.startswith("FROM docker.io/library/alpine:latest")
    assert parts.steps[2].instruction.startswith("FROM docker.io/library/onbase:latest")


def test_a_platform_has_steps_of_its_own(builds: Builds) -> None:
    (parts,) = builds("docker-28.5.2-engine-28.5.2-containerd-platforms")

    assert [(step.line, step.stage_name, step.platform) for step in parts.steps] == [
        (1, "build", ""),  # for the platform that builds, whatever it builds for
        (2, "build", ""),
        (5, "out", "linux/amd64"),
        (6, "out", "linux/amd64"),
        (5, "out", "linux/arm64"),
        (6, "out", "linux/arm64"),
    ]
    assert parts.request.platform == "linux/amd64,linux/arm64"


def test_the_request_is_read_in_full(builds: Builds) -> None:
    (parts,) = builds("buildx-0.13.1-engine-26.1.5-options")
    request = parts.request

    assert request.dockerfile_name == "Named"
    assert request.dockerfile is not None
    assert request.dockerfile.startswith("FROM alpine AS build\nARG VERSION\n")
    assert request.build_args == (("VERSION", "7"),)
    assert request.labels == (("a", "b"),)
    assert (request.target, request.network, request.platform) == ("build", "host", "linux/amd64")
    assert (request.no_cache, request.no_cache_stages) == (False, ("build",))
    assert request.cache_from == ("type=registry,ref=localhost:1/x",)
    assert request.entitlements == ("network.host",)
    assert request.tags == ("app", "app:two")
    assert request.frontend == "dockerfile.v0"
    options = dict(request.options)
    assert options["context:other"] == "local:other"
    assert options["add-hosts"] == "h=1.2.3.4"
    assert options["ulimit"] == "nofile=10:20"
    assert not any("session" in key for key in options)


def test_a_context_holds_every_stat_and_the_digests_of_what_was_sent(builds: Builds) -> None:
    (parts,) = builds("docker-26.1.5-engine-26.1.5-dir")
    context = parts.context

    assert context is not None
    assert context.transport is Transport.FILE_SYNC
    assert context.complete
    assert context.excludes == ("*.log",)
    assert context.followed_paths == ("important.txt", "renamed", "src")
    entries = {entry.name: entry for entry in context.entries}
    assert list(entries) == ["important.txt", "renamed", "src", "src/a.txt", "src/b.sh", "src/link"]
    important = entries["important.txt"]
    assert (important.type, important.mode, important.size) == (EntryType.FILE, 0o644, 10)
    assert important.content_source is ContentSource.SENT
    assert important.content == "sha256:" + sha256(b"important\n").hexdigest()
    assert entries["src/b.sh"].mode == 0o755
    assert (entries["src/link"].type, entries["src/link"].linkname) == (EntryType.SYMLINK, "a.txt")
    assert entries["src"].type is EntryType.DIRECTORY


def test_what_the_engine_did_not_ask_for_is_not_sent(builds: Builds) -> None:
    (parts,) = builds("docker-26.1.5-engine-26.1.5-dir-cached")

    assert parts.context is not None
    files = [entry for entry in parts.context.entries if entry.type is EntryType.FILE]
    assert {entry.content_source for entry in files} == {ContentSource.NOT_SENT}
    assert {entry.content for entry in files} == {None}


def test_entries_of_every_kind(builds: Builds) -> None:
    (parts,) = builds("docker-26.1.5-engine-26.1.5-kinds")
    assert parts.context is not None
    entries = {entry.name: entry for entry in parts.context.entries}

    def kind(name: str) -> tuple[EntryType, int]:
        return entries[name].type, entries[name].mode

    assert kind("d/file") == (EntryType.FILE, 0o4755)
    assert kind("hard") == (EntryType.HARDLINK, 0o4755)
    assert entries["hard"].linkname == "d/file"
    assert kind("sticky") == (EntryType.DIRECTORY, 0o1777)
    assert kind("soft") == (EntryType.SYMLINK, 0o777)
    assert entries["latin-\\xe9"].raw_name == b"latin-\xe9"
    assert entries["latin-\\xe9"].name_bytes == b"latin-\xe9"
    assert entries["ünïcode"].raw_name is None
    assert entries["xattr"].xattrs == (("user.note", b"\x00\xff note"),)
    assert (entries["empty"].uid, entries["empty"].size) == (0, 0)
    assert (
        entries["empty"].content == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_a_tar_context_is_read_entry_by_entry(builds: Builds) -> None:
    (parts,) = builds("docker-26.1.5-engine-26.1.5-stdin-tar")

    assert parts.context is not None
    assert parts.context.transport is Transport.TAR
    assert parts.context.compression == "gzip"
    assert {"./", "./important.txt", "./src/b.sh"} <= {entry.name for entry in parts.context.entries}
    assert parts.context.complete


def test_a_named_context_stands_by_its_name(builds: Builds) -> None:
    (parts,) = builds("buildx-0.13.1-engine-26.1.5-options")

    assert parts.context is not None
    assert [each.name for each in parts.named_contexts] == ["other"]
    assert [entry.name for entry in parts.named_contexts[0].entries] == ["a.txt"]
    assert [entry.name for entry in parts.context.entries] == ["important.txt"]


def test_how_builds_end(builds: Builds) -> None:
    outcomes = {
        "docker-26.1.5-engine-26.1.5-dir": BuildOutcome.SUCCEEDED,
        "docker-26.1.5-engine-26.1.5-run-fails": BuildOutcome.FAILED,
        "docker-26.1.5-engine-26.1.5-copy-missing": BuildOutcome.FAILED,
        "docker-26.1.5-engine-26.1.5-no-stage": BuildOutcome.REFUSED,
    }
    for name, outcome in outcomes.items():
        (parts,) = builds(name)
        assert parts.result.outcome is outcome
        assert bool(parts.result.error) == (outcome is not BuildOutcome.SUCCEEDED)
    (failed,) = builds("docker-26.1.5-engine-26.1.5-run-fails")
    assert "exit code: 3" in failed.result.error
    assert [bool(step.error) for step in failed.steps] == [False, False, True, False]
    (succeeded,) = builds("docker-26.1.5-engine-26.1.5-dir")
    assert succeeded.result.image_id.startswith("sha256:")
    assert dict(succeeded.result.exporter)["image.name"] == "docker.io/library/app"


def test_a_build_that_is_cut_says_so(load: Load) -> None:
    transcript = load("docker-26.1.5-engine-26.1.5-dir")
    seen = []
    for end in range(1, len(transcript.frames), 7):
        watcher = BuildKitWatcher(clock=lambda: 0.0)
        replay(transcript.frames[:end], watcher.upgraded)
        for build in watcher.close():
            parts = read_build(build, Redactor(b"key"))
            seen.append(parts.result.outcome)
    assert set(seen) == {BuildOutcome.CUT, BuildOutcome.SUCCEEDED}


def test_a_connection_that_speaks_http2_from_the_first_byte_is_the_same_build(
    builds: Builds, load: Load
) -> None:
    """As Engine 29.2 and later do: the same bytes, without the upgrade before them."""
    name = "docker-26.1.5-engine-26.1.5-dir"

    def upgraded(path: str, headers: Headers) -> ConnectionTap | None:
        return watcher.upgraded("" if path == "/grpc" else path, () if path == "/grpc" else headers)

    watcher = BuildKitWatcher(clock=lambda: 0.0)
    replay(load(name).frames, upgraded)
    (build,) = watcher.finished()
    parts = read_build(build, Redactor(b"key"))
    (usual,) = builds(name)
    assert parts.steps == usual.steps
    assert parts.definition == usual.definition
    assert parts.context == usual.context


@pytest.mark.parametrize("most", [1, 7, 1000])
def test_a_builder_in_a_container_is_reached_through_exec(most: int, builds: Builds, load: Load) -> None:
    """As buildx does with its docker-container driver: the engine frames what the process writes."""
    name = "buildx-0.13.1-engine-26.1.5-remote"

    def upgraded(path: str, headers: Headers) -> ConnectionTap | None:
        tap = watcher.upgraded("/v1.45/exec/0123abcd/start" if path == "/grpc" else path, headers)
        assert tap is not None
        return Framing(tap, most) if path == "/grpc" else tap

    watcher = BuildKitWatcher(clock=lambda: 0.0)
    replay(load(name).frames, upgraded)
    (build,) = watcher.finished()
    parts = read_build(build, Redactor(b"key"))
    (usual,) = builds(name)
    assert (parts.steps, parts.definition, parts.context) == (usual.steps, usual.definition, usual.context)
    assert parts.gaps == ()


class Framing:
    """What the engine does between a container's output and the client."""

    def __init__(self, tap: ConnectionTap, most: int) -> None:
        self.tap, self.most = tap, most
        self.client_sent, self.lost = tap.client_sent, tap.lost
        self.client_closed, self.engine_closed = tap.client_closed, tap.engine_closed

    def engine_sent(self, data: Bytes) -> None:
        framed = b"\x02\0\0\0\0\0\0\x05error"
        for at in range(0, len(data), 5000):
            part = bytes(data[at : at + 5000])
            framed += b"\x01\0\0\0" + len(part).to_bytes(4) + part
        for at in range(0, len(framed), self.most):
            self.tap.engine_sent(framed[at : at + self.most])


def test_any_other_process_is_left_alone() -> None:
    watcher = BuildKitWatcher()
    tap = watcher.upgraded("/v1.45/exec/0123abcd/start", ())
    assert tap is not None
    tap.engine_sent(b"\x01\0\0\0\0\0\0\x04rows")
    tap.client_sent(b"PRI * psql\n")
    tap.engine_sent(b"\x01\0\0\0\0\0\0\x04rows")
    tap.client_closed()
    tap.engine_closed()
    assert not watcher.work(seconds=0.0), "nothing was queued"
    assert watcher.close() == []


def test_a_process_that_only_writes_is_left_alone() -> None:
    watcher = BuildKitWatcher()
    tap = watcher.upgraded("/v1.45/exec/0123abcd/start", ())
    assert tap is not None
    for _ in range(1000):
        tap.engine_sent(b"\x01\0\0\0\0\0\x04\0" + bytes(1024))
    tap.lost("ended")
    assert not watcher.work(seconds=0.0)


PLANTED = (b"planted-build-arg-41c9", b"planted-env-5e1d", b"planted-secret-file-9b2f", b"planted-label-77ab")


def test_no_planted_secret_is_in_a_record(builds: Builds, load: Load) -> None:
    name = "docker-26.1.5-engine-26.1.5-secrets"
    wire = b"".join(frame.data for frame in load(name).frames)
    assert all(secret in wire for secret in PLANTED)

    (parts,) = builds(name)
    written = msgspec.json.encode(parts)
    assert not [secret for secret in PLANTED if secret in written]
    assert b"hidden:" in written
    assert ("PLAIN", "public") in parts.request.build_args
    assert parts.definition is not None
    mounts = [mount for op in parts.definition.ops if op.exec for mount in op.exec.mounts]
    assert {mount.secret_id for mount in mounts if mount.type in {"secret", "ssh"}} == {"mysec", ""}


@pytest.mark.parametrize("name", part_of_today(BRIDGED, 3))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=12))
def test_any_chunking_gives_the_same_record(name: str, builds: Builds, sizes: list[int]) -> None:
    watcher = BuildKitWatcher(clock=lambda: 0.0, backlog_bytes=sizes[0])
    transcript = read_transcript(DIRECTORY / f"buildkit-{name}.bin")
    replay(recut(transcript.frames, cycle(sizes)), watcher.upgraded)
    found = [read_build(build, Redactor(b"key")) for build in watcher.finished()]

    assert sorted(found, key=lambda each: each.request.tags) == builds(name)
