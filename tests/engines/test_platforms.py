"""Builds for several platforms: each has a branch of its own, and what they have in common is built once."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.running import as_host, layerfork
from today import engines_of_today

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM --platform=$BUILDPLATFORM alpine AS build
ARG FLAVOUR=plain
RUN echo $FLAVOUR > /flavour
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM scratch
ARG TARGETARCH
COPY --from=build /arch /arch.$TARGETARCH
COPY src /src
"""
BOTH = "--platform=linux/amd64,linux/arm64"
Build = Callable[..., Path]


@pytest.fixture(scope="module", params=engines_of_today("private:26.1+containerd", "private:28.5+containerd"))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        yield running


@pytest.fixture
def build(engine: RunningEngine, tmp_path: Path) -> Build:
    """Builds a context that no other test has; returns the record's file."""
    assert engine.toolchain is not None
    config = tmp_path / "config"
    config.mkdir()
    settings = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (config / "config.json").write_text(json.dumps(settings))
    context = tmp_path / "context"
    (context / "src").mkdir(parents=True)
    (context / "src" / "file").write_text(f"{tmp_path}\n")

    def run(name: str, *options: str, source: str = "", dockerfile: str = DOCKERFILE) -> Path:
        own = dockerfile.replace("plain", f"plain{tmp_path.name}").replace("/variant", f"/{tmp_path.name}")
        (context / "Dockerfile").write_text(own)
        if source:
            (context / "src" / "file").write_text(f"{tmp_path} {source}\n")
        file = tmp_path / f"{name}.jsonl"
        command = ("docker", "build", "-q", *options, str(context))
        done = as_host(
            engine, "record", "--engine", "host", "-o", file, "--", *command, DOCKER_CONFIG=str(config)
        )
        assert done.returncode == 0, done.stderr
        return file

    return run


def steps_of(file: Path) -> list[tuple[str, int, str, str]]:
    """Platform, line, keyword and status of each step of a build."""
    [record] = [json.loads(line) for line in layerfork("show", file, "--format", "json").stdout.splitlines()]
    assert record["gaps"] == []
    assert record["definition"]["digests_verified"]
    return [
        (step["platform"], step["line"], step["instruction"].split()[0], step["status"])
        for step in record["steps"]
    ]


def compared(writer: Path, reader: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(layerfork("diff", writer, reader, "--format", "json").stdout)
    return document


def forks_of(document: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Platform, step, consequences and causes with their status, for each fork."""
    return [
        (
            fork["platform"],
            fork["step"],
            fork["consequences"],
            [(each["status"], each["code"], each["path"]) for each in fork["causes"]],
        )
        for fork in document["forks"]
    ]


def test_common_steps_come_first_and_then_each_platform(build: Build) -> None:
    assert steps_of(build("first", BOTH)) == [
        ("", 1, "FROM", "hit"),
        ("", 3, "RUN", "miss"),
        ("linux/amd64", 5, "RUN", "miss"),
        ("linux/amd64", 8, "COPY", "miss"),
        ("linux/amd64", 9, "COPY", "miss"),
        ("linux/arm64", 5, "RUN", "miss"),
        ("linux/arm64", 8, "COPY", "miss"),
        ("linux/arm64", 9, "COPY", "miss"),
    ]


def test_the_order_of_platforms_is_no_difference(build: Build) -> None:
    first = build("first", BOTH)
    second = build("second", "--platform=linux/arm64,linux/amd64")
    document = compared(first, second)
    assert (document["verdict"], document["forks"], document["warnings"]) == ("reused", [], [])
    assert {status for *_, status in steps_of(second)} == {"hit"}


def test_a_changed_file_forks_each_platform(build: Build) -> None:
    document = compared(build("first", BOTH), build("second", BOTH, source="changed"))
    content = [("PROVEN", "content", "src/file")]
    assert forks_of(document) == [("linux/amd64", 5, [], content), ("linux/arm64", 8, [], content)]


def test_a_change_of_what_they_have_in_common_is_one_fork(build: Build) -> None:
    document = compared(build("first", BOTH), build("second", BOTH, "--build-arg=FLAVOUR=spicy"))
    assert forks_of(document) == [("", 2, [3, 6], [("PROVEN", "build-arg", "FLAVOUR")])]


def test_one_more_platform_is_no_fork(build: Build) -> None:
    first = build("first", "--platform=linux/amd64")
    assert [platform for platform, *_ in steps_of(first)] == [""] * 5
    document = compared(first, build("second", BOTH))
    assert (document["verdict"], document["forks"]) == ("reused", [])
    [warning] = document["warnings"]
    assert warning["code"] == "added-platform"
    assert "builds for linux/arm64 too" in warning["text"]
    assert "steps 6, 7, 8 had nothing to reuse; every other step is shared" in warning["text"]


@pytest.mark.parametrize("option", ["--platform=linux/arm64", "--platform=linux/amd64", "--pull=false"])
def test_one_platform_of_several_is_reused(build: Build, option: str) -> None:
    document = compared(build("first", BOTH), build("second", option))
    assert (document["verdict"], document["forks"], document["warnings"]) == ("reused", [], [])


def test_one_platform_of_several_forks_by_itself(build: Build) -> None:
    first = build("first", BOTH)
    document = compared(first, build("second", "--platform=linux/arm64", source="changed"))
    assert forks_of(document) == [("", 5, [], [("PROVEN", "content", "src/file")])]


OF_SOME = """\
FROM --platform=$BUILDPLATFORM alpine AS build
ARG TARGETVARIANT
RUN echo "variant $TARGETVARIANT" > /variant
FROM scratch AS base-amd64
COPY src /amd64
FROM scratch AS base-arm
COPY src /arm
FROM scratch AS base-s390x
COPY src /s390x
FROM base-${TARGETARCH}
COPY --link --from=build /variant /
WORKDIR /w
"""
"""The variant of amd64 and of s390x is one: what they build with it they have in common."""


def test_what_some_platforms_have_in_common(build: Build) -> None:
    three = "--platform=linux/amd64,linux/s390x,linux/arm/v7"
    first = build("first", three, dockerfile=OF_SOME)
    assert [step[:3] for step in steps_of(first)] == [
        ("", 1, "FROM"),
        ("linux/amd64,linux/s390x", 3, "RUN"),
        ("linux/amd64", 5, "COPY"),
        ("linux/amd64", 11, "COPY"),
        ("linux/amd64", 12, "WORKDIR"),
        ("linux/arm/v7", 3, "RUN"),
        ("linux/arm/v7", 7, "COPY"),
        ("linux/arm/v7", 11, "COPY"),
        ("linux/arm/v7", 12, "WORKDIR"),
        ("linux/s390x", 9, "COPY"),
        ("linux/s390x", 11, "COPY"),
        ("linux/s390x", 12, "WORKDIR"),
    ]
    changed = OF_SOME.replace("variant $", "other $")
    document = compared(first, build("second", three, dockerfile=changed))
    text = [("PROVEN", "instruction", "")]
    assert [fork[::3] for fork in forks_of(document)] == [
        ("linux/amd64,linux/s390x", text),
        ("linux/arm/v7", text),
    ]


def test_other_platforms_in_another_order_and_spelling(build: Build) -> None:
    first = build("first", "--platform=linux/amd64,linux/s390x,linux/arm/v7", dockerfile=OF_SOME)
    document = compared(first, build("second", "--platform=linux/armhf,linux/amd64", dockerfile=OF_SOME))
    assert (document["verdict"], document["forks"], document["warnings"]) == ("reused", [], [])
