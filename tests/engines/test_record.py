"""`layerfork record` around real commands, and what `show` and `diff` make of its file."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.running import FROM_A_TERMINAL, LAYERFORK, as_host, layerfork, user_of

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture
def config(engine: RunningEngine, tmp_path: Path) -> str:
    """A docker configuration that finds the engine's buildx."""
    assert engine.toolchain is not None
    directory = tmp_path / "config"
    directory.mkdir()
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (directory / "config.json").write_text(json.dumps(plugins))
    return str(directory)


def record(
    engine: RunningEngine, file: Path, script: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return as_host(engine, "record", "--engine", "host", "-o", file, "--", "sh", "-c", script, **environment)


def builds_of(file: Path) -> list[dict[str, Any]]:
    shown = layerfork("show", file, "--format", "json")
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]


def test_the_command_keeps_its_output_and_exit_code(
    engine: RunningEngine, context: Path, config: str, tmp_path: Path
) -> None:
    file = tmp_path / "builds.jsonl"
    script = f"docker build -q -t kept:1 {context} > /dev/null && echo said; echo complained >&2; exit 7"
    done = record(engine, file, script, DOCKER_CONFIG=config)
    assert done.returncode == 7
    assert done.stdout == "said\n"
    assert "complained\n" in done.stderr
    [build] = builds_of(file)
    assert build["builder"] == "buildkit"
    assert build["request"]["tags"] == ["kept:1"]
    shown = layerfork("show", f"{file}#1")
    assert "COPY data.txt /" in shown.stdout
    beyond = layerfork("show", f"{file}#2")
    assert (beyond.returncode, beyond.stdout) == (2, "")
    assert "contains 1 builds, so there is no build 2" in beyond.stderr


def test_concurrent_builds_of_both_builders_are_told_apart(
    engine: RunningEngine, context: Path, config: str, tmp_path: Path
) -> None:
    file = tmp_path / "builds.jsonl"
    builds = [
        f"DOCKER_BUILDKIT={number % 2} docker build --no-cache -t together:{number} {context} > /dev/null &"
        for number in range(4)
    ]
    done = record(engine, file, f"{' '.join(builds)} wait", DOCKER_CONFIG=config)
    assert done.returncode == 0, done.stderr
    found = {(build["request"]["tags"][0], build["builder"]) for build in builds_of(file)}
    assert found == {
        ("together:0", "classic"),
        ("together:1", "buildkit"),
        ("together:2", "classic"),
        ("together:3", "buildkit"),
    }
    assert all(not build["gaps"] for build in builds_of(file))


def test_two_recorded_builds_are_compared_without_an_engine(
    engine: RunningEngine, context: Path, config: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    build = f"docker build -q {context}"
    assert record(engine, first, build, DOCKER_CONFIG=config).returncode == 0
    (context / "data.txt").write_text("other\n")
    assert record(engine, second, build, DOCKER_CONFIG=config).returncode == 0
    forked = layerfork("diff", first, second, DOCKER_HOST="unix:///nowhere")
    assert forked.returncode == 1, forked.stderr
    assert "COPY data.txt /  missed: data.txt changed" in forked.stdout
    same = layerfork("diff", first, f"{first}#1", "--format", "json")
    assert same.returncode == 0
    assert json.loads(same.stdout)["forks"] == []


def test_a_signal_reaches_the_command_and_what_ended_is_kept(
    engine: RunningEngine, context: Path, config: str, tmp_path: Path
) -> None:
    file = tmp_path / "builds.jsonl"
    script = f"docker build -q {context} && echo ready && exec sleep 60"
    words = ["record", "--engine", "host", "-o", str(file), "--", "sh", "-c", script]
    env = user_of(engine, DOCKER_CONFIG=config)
    with subprocess.Popen(
        [*FROM_A_TERMINAL, LAYERFORK, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
    ) as process:
        assert process.stdout is not None
        assert any(line == b"ready\n" for line in process.stdout)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert process.returncode == 128 + signal.SIGTERM
    assert len(builds_of(file)) == 1


def test_a_hangup_is_ignored_under_nohup(engine: RunningEngine, tmp_path: Path) -> None:
    file = tmp_path / "builds.jsonl"
    words = [
        "record",
        "--engine",
        "host",
        "-o",
        str(file),
        "--",
        "sh",
        "-c",
        "echo ready; sleep 1; echo done",
    ]
    with subprocess.Popen(
        ["nohup", LAYERFORK, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=user_of(engine)
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGHUP)
        assert process.stdout.readline() == b"done\n"
        process.wait(30)
    assert process.returncode == 0


def test_what_the_command_leaves_running_is_waited_for_and_named(
    engine: RunningEngine, context: Path, tmp_path: Path
) -> None:
    file = tmp_path / "builds.jsonl"
    (context / "Dockerfile").write_text("FROM alpine\nRUN sleep 30\n")
    script = f"DOCKER_BUILDKIT=0 docker build {context} > /dev/null 2>&1 & sleep 1"
    started = time.monotonic()
    done = record(engine, file, script)
    assert done.returncode == 0
    assert time.monotonic() - started < 20
    assert "is still using the engine" in done.stderr
    assert "connection closed early" in done.stderr
    [build] = builds_of(file)
    assert build["result"]["outcome"] == "cut"


def test_a_command_that_builds_nothing_and_one_that_is_not_there(
    engine: RunningEngine, tmp_path: Path
) -> None:
    file = tmp_path / "builds.jsonl"
    done = record(engine, file, "true")
    assert done.returncode == 0
    assert "no build passed through the recorder" in done.stderr
    shown = layerfork("show", file)
    assert shown.returncode == 2
    assert "contains no build" in shown.stderr
    missing = as_host(engine, "record", "--engine", "host", "-o", file, "--", "no-such-program")
    assert missing.returncode == 2
    assert "no-such-program" in missing.stderr


COMPOSE = """\
services:
  one: {build: one}
  two: {build: {context: ., dockerfile: two/Other}}
"""
BAKE = {
    "group": {"default": {"targets": ["one", "two"]}},
    "target": {"one": {"context": "one"}, "two": {"context": ".", "dockerfile": "two/Other"}},
}


@pytest.mark.parametrize(
    ("words", "buildkit", "named"),
    [
        ("docker compose build", "1", True),
        ("docker compose build", "0", True),
        ("docker buildx bake", "1", True),
        ("sh -c 'docker build -q one && cd two && docker build -q -f Other ..'", "1", False),
        ("sh -c 'docker build -q one && cd two && docker build -q -f Other ..'", "0", False),
    ],
)
def test_records_say_where_their_builds_were_asked_for(
    engine: RunningEngine, config: str, tmp_path: Path, words: str, buildkit: str, named: bool
) -> None:
    project = tmp_path / "project"
    for name, dockerfile in (("one", "one/Dockerfile"), ("two", "two/Other")):
        (project / name).mkdir(parents=True)
        (project / name / "data").write_text("data")
        source = "data" if name == "one" else "two/data"
        (project / dockerfile).write_text(f"FROM alpine\nCOPY {source} /\n")
    (project / "compose.yaml").write_text(COMPOSE)
    (project / "docker-bake.json").write_text(json.dumps(BAKE))
    file = tmp_path / "builds.jsonl"
    script = f"cd {project} && {words}"
    done = record(engine, file, script, DOCKER_CONFIG=config, DOCKER_BUILDKIT=buildkit)
    assert done.returncode == 0, done.stderr
    found = {(build["place"]["directory"], build["place"]["name"]) for build in builds_of(file)}
    names = ("one", "two") if named else ("", "")
    assert found == {(str(project / "one"), names[0]), (str(project), names[1])}
    assert "unknown (" not in layerfork("show", file).stdout


FILES = {
    "compose.yaml": (
        "services: {web: {build: {context: .., dockerfile: app/Dockerfile}}}\n",
        ("docker", "compose", "build"),
    ),
    "docker-bake.hcl": (
        'target "default" {\n  context = ".."\n  dockerfile = "app/Dockerfile"\n}\n',
        ("docker", "buildx", "bake"),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_in_a_context_that_only_a_project_file_names_is_kept_out_of_it(
    engine: RunningEngine, config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text, command = FILES[name]
    top = tmp_path / "top"
    (top / "app").mkdir(parents=True)
    (top / "app" / name).write_text(text)
    (top / "app" / "Dockerfile").write_text("FROM alpine\nCOPY . /all\n")
    (top / "ci.jsonl").write_text("of an earlier run\n")
    monkeypatch.chdir(top / "app")
    words = ("record", "--engine", "host", "-o", "../ci.jsonl", "--", *command)
    done = as_host(engine, *words, DOCKER_CONFIG=config)
    assert done.returncode == 0, done.stderr
    assert f"../ci.jsonl lies in {top}: it is kept out" in done.stderr
    [build] = builds_of(top / "ci.jsonl")
    assert "ci.jsonl" not in {entry["name"] for entry in build["context"]["entries"]}
    words = ("why", "--engine", "host", "--store", "../kept", "--", *command)
    stored = as_host(engine, *words, DOCKER_CONFIG=config)
    assert stored.returncode == 0, stored.stderr
    assert (
        f"the record store ../kept lies in {top}: it is kept out of what this command sends" in stored.stderr
    )
    again = as_host(engine, *words, DOCKER_CONFIG=config)
    assert again.returncode == 0, again.stdout
    assert "2 of 2 steps were reused" in again.stdout
