"""Real builds, recorded between real clients and engines, decoded whole and in any pieces."""

import random
from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from transcripts.framed import read_transcript  # type: ignore[import-not-found,unused-ignore]
from transcripts.replay import play, recut  # type: ignore[import-not-found,unused-ignore]

from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, EntryType, Transport
from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.wire.http.http1 import Http1Tap
from layerfork.wire.posted import ClassicParts, ClassicWatcher, read_posted_build
from layerfork.wire.redact import Redactor

FOLDER = Path(__file__).parents[3] / "transcripts"
NAMES = sorted(path.name.removesuffix(".bin") for path in FOLDER.glob("classic-*.bin"))

SEED_STEPS = [
    "FROM alpine AS base",
    "ARG VERSION",
    "RUN  du -s /",
    "COPY important.txt sub /",
    "RUN  du -s /",
]
IMPORTANT = "sha256:1ce05d986e961f11dcf4d0de9883b369031404f3716317f7636cf44bbc0f0198"
NESTED = "sub/ünï"

HITS = {
    "compose-2.26.1-engine-26.1.5-gzip": "HHMMMM",
    "docker-20.10.24-engine-20.10.24-dir": "HMMMM",
    "docker-20.10.24-engine-20.10.24-dir-cached": "HHHHH",
    "docker-26.1.5-engine-26.1.5-dir": "HMMMM",
    "docker-26.1.5-engine-26.1.5-dir-cached": "HHHHH",
    "docker-26.1.5-engine-26.1.5-quiet": "",
    "docker-26.1.5-engine-26.1.5-secrets": "HHMMMM",
    "docker-26.1.5-engine-26.1.5-stdin-dockerfile": "HMM",
    "docker-26.1.5-engine-26.1.5-stdin-tar": "HHHMM",
    "docker-26.1.5-engine-podman-5.4.2-dir": "HMMMM",
    "docker-26.1.5-engine-podman-5.4.2-dir-cached": "HHHHH",
    "docker-28.5.2-engine-28.5.2-containerd-dir": "HMMMM",
    "docker-28.5.2-engine-28.5.2-containerd-dir-cached": "HHHHH",
    "docker-29.7.2-engine-29.7.2-dir": "HMMM",
    "docker-29.7.2-engine-29.7.2-dir-cached": "HHHM",
    "docker_py-7.2.0-engine-26.1.5-path": "HHHHHM",
    "docker_py-7.2.0-engine-26.1.5-tar": "HHHMMM",
}
"""What the builder printed for each step, hit or miss."""


def frames_of(name: str) -> Iterable[Any]:
    return read_transcript(FOLDER / f"{name}.bin").frames  # type: ignore[no-any-return,unused-ignore]


def decode(frames: Iterable[Any]) -> list[ClassicParts]:
    watcher = ClassicWatcher(lambda entry: entry.name_bytes, clock=lambda: 1.0)
    play(frames, lambda: Http1Tap(watcher.open_exchange, lambda _path, _headers: None))
    redactor = Redactor(b"key of a store")
    return [read_posted_build(build, redactor) for build in watcher.close()]


def the_build(name: str) -> ClassicParts:
    [build] = decode(frames_of(f"classic-{name}"))
    return build


def by_name(build: ClassicParts) -> dict[str, ContextEntry]:
    assert build.context is not None
    return {entry.name: entry for entry in build.context.entries}


def test_the_table_is_whole() -> None:
    assert sorted(f"classic-{name}" for name in HITS) == NAMES


@pytest.mark.parametrize("name", HITS)
def test_hits_and_misses(name: str) -> None:
    build = the_build(name)
    letters = {StepStatus.HIT: "H", StepStatus.MISS: "M"}
    assert "".join(letters[step.status] for step in build.steps) == HITS[name]
    assert [step.index for step in build.steps] == list(range(1, len(build.steps) + 1))


OTHER_BUILDS = {
    "docker-26.1.5-engine-26.1.5-stdin-dockerfile",
    "docker-29.7.2-engine-29.7.2-dir",
    "docker-29.7.2-engine-29.7.2-dir-cached",
}


@pytest.mark.parametrize("name", sorted(set(HITS) - OTHER_BUILDS))
def test_the_seed_build(name: str) -> None:
    build = the_build(name)
    assert build.result.outcome is BuildOutcome.SUCCEEDED
    assert build.result.image_id.startswith("sha256:")
    assert len(build.result.image_id) == 71
    assert build.request.dockerfile is not None
    assert build.request.dockerfile.startswith("FROM alpine AS base\nARG VERSION\n")
    if build.steps:
        assert [step.instruction for step in build.steps][:5] == SEED_STEPS
        assert {(step.stage, step.stage_name) for step in build.steps} == {(0, "base")}
        assert build.steps[-1].identity == build.result.image_id
        assert all(step.identity for step in build.steps[1:])
        assert build.gaps == ()
    assert build.context is not None
    assert build.context.complete
    entries = {entry.name.removeprefix("./"): entry for entry in build.context.entries}
    assert entries["important.txt"].content == IMPORTANT
    assert entries["important.txt"].mtime_ns == 1_580_608_922 * 10**9
    assert entries["sub/"].type is EntryType.DIRECTORY
    assert (entries["sub/link"].type, entries["sub/link"].linkname) == (EntryType.SYMLINK, "../important.txt")
    assert entries[NESTED].mode & 0o777 == 0o755
    assert all(entry.tarsum for entry in build.context.entries)


@pytest.mark.parametrize(
    ("name", "mode", "uname"),
    [
        ("docker-20.10.24-engine-20.10.24-dir", 0o100644, "root"),
        ("docker-26.1.5-engine-26.1.5-dir", 0o644, ""),
        ("compose-2.26.1-engine-26.1.5-gzip", 0o644, ""),
        ("docker-29.7.2-engine-29.7.2-dir", 0o644, ""),
        ("docker_py-7.2.0-engine-26.1.5-path", 0o644, "root"),
    ],
)
def test_headers_as_each_client_sends_them(name: str, mode: int, uname: str) -> None:
    entry = by_name(the_build(name))["important.txt"]
    assert (entry.mode, entry.uname) == (mode, uname)


@pytest.mark.parametrize(
    ("name", "user_agent", "compression"),
    [
        ("compose-2.26.1-engine-26.1.5-gzip", "compose/2.26.1-4", "gzip"),
        ("docker-26.1.5-engine-26.1.5-dir", "Docker-Client/26.1.5+dfsg1 (linux)", "identity"),
        ("docker_py-7.2.0-engine-26.1.5-tar", "docker-sdk-python/7.2.0", "identity"),
    ],
)
def test_who_sent_it_and_how(name: str, user_agent: str, compression: str) -> None:
    build = the_build(name)
    assert build.user_agent == user_agent
    assert build.request.tags == ("seed",)
    assert build.request.build_args == (("VERSION", "1"),)
    assert build.context is not None
    assert (build.context.transport, build.context.compression) == (Transport.TAR, compression)


def test_podman_says_who_it_is() -> None:
    assert the_build("docker-26.1.5-engine-podman-5.4.2-dir").builder is Builder.BUILDAH
    cached = the_build("docker-26.1.5-engine-podman-5.4.2-dir-cached")
    assert all(len(step.identity) == 71 for step in cached.steps[1:])
    assert the_build("docker-28.5.2-engine-28.5.2-containerd-dir").builder is Builder.CLASSIC


def test_a_build_that_fails() -> None:
    build = the_build("docker-26.1.5-engine-26.1.5-stdin-dockerfile")
    error = "The command '/bin/sh -c false' returned a non-zero code: 1"
    assert (build.result.outcome, build.result.error, build.result.image_id) == (
        BuildOutcome.FAILED,
        error,
        "",
    )
    assert [step.error for step in build.steps] == ["", "", error]
    assert build.gaps == (), "the client leaves the archive's last padding out, and the engine does not mind"
    assert build.request.dockerfile_name.startswith(".dockerfile.")


@pytest.mark.parametrize("name", ["dir", "dir-cached"])
def test_engine_29_refuses_what_only_buildkit_can(name: str) -> None:
    """Its CLI still speaks to the classic builder, which runs the steps before the one that it cannot run."""
    build = the_build(f"docker-29.7.2-engine-29.7.2-{name}")
    error = (
        "the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ "
        "to learn how to build images with BuildKit enabled"
    )
    assert build.builder is Builder.CLASSIC
    assert (build.result.outcome, build.result.error) == (BuildOutcome.FAILED, error)
    assert [step.identity for step in build.steps] == ["99f162bad3fa", "77db0c081d2b", "5602bb73bec5", ""]
    assert [step.error for step in build.steps] == ["", "", "", error]
    assert build.gaps == ()
    assert build.context is not None
    assert [(entry.name, entry.mode, entry.uid, entry.uname) for entry in build.context.entries] == [
        ("Dockerfile", 0o644, 0, ""),
        ("d/", 0o755, 0, ""),
        ("d/x", 0o644, 0, ""),
        ("important.txt", 0o644, 0, ""),
    ]


def test_a_quiet_build_says_that_its_steps_are_unknown() -> None:
    build = the_build("docker-26.1.5-engine-26.1.5-quiet")
    assert (build.steps, [gap.where for gap in build.gaps]) == ((), ["answer"])
    assert build.request.no_cache


@pytest.mark.parametrize("name", NAMES)
def test_planted_secrets_are_nowhere(name: str) -> None:
    assert "planted" not in repr(decode(frames_of(name)))


def test_secrets_still_compare() -> None:
    build = the_build("docker-26.1.5-engine-26.1.5-secrets")
    redactor = Redactor(b"key of a store")
    [(password, hidden), (proxy, url)] = build.request.build_args
    assert (password, hidden) == ("DB_PASSWORD", redactor.stand_in("planted-password-0003"))
    userinfo = redactor.stand_in("user:planted-password-0002")
    assert (proxy, url) == ("HTTP_PROXY", f"http://{userinfo}@proxy.example:3128")
    assert build.steps[-1].instruction.startswith("LABEL com.example.token=hidden:")


def sizes(seed: int) -> Iterator[int]:
    source = random.Random(seed)
    return cycle([source.choice([1, 2, 7, 100, 511, 512, 4000]) for _ in range(97)])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_any_cutting_gives_the_same_build(name: str, seed: int) -> None:
    frames = list(frames_of(name))
    assert decode(recut(frames, sizes(seed))) == decode(frames)


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_transcript_is_a_cut_build(name: str) -> None:
    frames = list(frames_of(name))
    last = max(index for index, frame in enumerate(frames) if frame.kind == b"E" and b'{"' in frame.data)
    for length in range(0, last, max(1, last // 12)):
        for build in decode(frames[:length]):
            assert build.result.outcome in (BuildOutcome.CUT, BuildOutcome.FAILED)
