"""Contents that BuildKit did not ask for are read from the directory that the client really sent."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.running import as_host, layerfork
from today import engines_of_today

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine
DOCKERFILE = "FROM alpine\nCOPY kept /\nCOPY changed /\n"


@pytest.fixture(scope="module", params=engines_of_today("20.10", "26.1", "28.5"))
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with open_engine(f"private:{request.param}").start(os.environ, print) as running:
        yield running


@pytest.fixture
def config(engine: RunningEngine, tmp_path: Path) -> str:
    """A docker configuration that finds the engine's plugins."""
    assert engine.toolchain is not None
    directory = tmp_path / "config"
    directory.mkdir()
    plugins = engine.toolchain.cli_plugins
    settings = {} if plugins is None else {"cliPluginsExtraDirs": [str(plugins)]}
    (directory / "config.json").write_text(json.dumps(settings))
    return str(directory)


def lay_out(directory: Path) -> Path:
    """A context whose contents no other test has: the engine keeps what it was sent."""
    directory.mkdir(parents=True)
    (directory / "Dockerfile").write_text(DOCKERFILE)
    for name in ("kept", "changed"):
        (directory / name).write_text(f"{directory} {name}\n")
    return directory


def record(engine: RunningEngine, file: Path, script: str, config: str) -> list[dict[str, Any]]:
    env = {"DOCKER_CONFIG": config, "DOCKER_BUILDKIT": "1"}
    done = as_host(engine, "record", "--engine", "host", "-o", file, "--", "sh", "-c", script, **env)
    assert done.returncode == 0, done.stderr
    shown = layerfork("show", file, "--format", "json")
    return [json.loads(line) for line in shown.stdout.splitlines()]


def sources(build: dict[str, Any]) -> dict[str, str]:
    """Where the contents of the files come from, by context and name."""
    manifests = [build["context"], *build["named_contexts"]]
    return {
        f"{manifest['name']}/{entry['name']}": entry["content_source"]
        for manifest in manifests
        for entry in manifest["entries"]
        if entry["type"] == "file"
    }


@pytest.mark.parametrize(
    "script",
    ["docker build {context}", "cd {parent} && docker build ctx", "cd {context} && docker build ."],
)
def test_a_change_beside_files_that_were_not_sent_again_is_proven(
    engine: RunningEngine, config: str, tmp_path: Path, script: str
) -> None:
    context = lay_out(tmp_path / "elsewhere" / "ctx")
    script = script.format(context=context, parent=context.parent) + " > /dev/null 2>&1"
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    record(engine, first, script, config)
    (context / "changed").write_text("another text\n")
    [again] = record(engine, second, script, config)
    assert sources(again) == {"context/kept": "disk", "context/changed": "sent"}
    assert again["context"]["directory_name"] in ("ctx", "")
    if not again["definition"]:
        return  # the CLI of 20.10 asks in a way that shows no definition, and without one nothing is proven
    forked = layerfork("diff", first, second, "--format", "json")
    (fork,) = json.loads(forked.stdout)["forks"]
    assert (fork["step"], [(cause["code"], cause["status"]) for cause in fork["causes"]]) == (
        3,
        [("content", "PROVEN")],
    )


@pytest.mark.parametrize("engine", ["26.1"], indirect=True)
def test_a_directory_that_is_not_decoded_again_is_recorded_alike(
    engine: RunningEngine, config: str, tmp_path: Path
) -> None:
    """From 500 unsent files on it is remembered, and known again by what was announced and lies on disk."""
    context = lay_out(tmp_path / "ctx")
    (context / "Dockerfile").write_text("FROM alpine\nCOPY . /all/\n")
    for number in range(600):
        (context / f"file{number}").write_text(f"{context} {number}\n")
    for path in context.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    time.sleep(2.5)  # what has just changed is not trusted
    builds = [
        record(engine, tmp_path / f"{number}.jsonl", f"docker build {context} > /dev/null 2>&1", config)[0]
        for number in range(4)
    ]
    assert set(sources(builds[1]).values()) == {"disk"}
    assert builds[1]["context"] == builds[2]["context"] == builds[3]["context"]
    forged = context / "file7"
    digest = next(each["content"] for each in builds[3]["context"]["entries"] if each["name"] == "file7")
    forged.write_text(forged.read_text().upper())
    os.utime(forged, ns=(10**18, 10**18))
    [last] = record(engine, tmp_path / "last.jsonl", f"docker build {context} > /dev/null 2>&1", config)
    entry = next(each for each in last["context"]["entries"] if each["name"] == "file7")
    assert entry["content"] != digest  # what lies there now, not what lay there


@pytest.mark.parametrize("engine", ["26.1", "28.5"], indirect=True)  # 20.10 came with neither plugin
@pytest.mark.parametrize("command", ["docker compose build", "docker buildx bake"])
def test_several_builds_of_one_command_and_their_named_contexts(
    engine: RunningEngine, config: str, tmp_path: Path, command: str
) -> None:
    project = tmp_path / "project"
    for name in ("one", "two"):
        context = lay_out(project / name)
        (context / "Dockerfile").write_text(DOCKERFILE + "COPY --from=docs page /\n")
    (project / "docs").mkdir()
    (project / "docs" / "page").write_text(f"{project}\n")
    target = {"contexts": {"docs": "docs"}}
    bake = {"target": {name: {"context": name, **target} for name in ("one", "two")}}
    (project / "docker-bake.json").write_text(
        json.dumps({"group": {"default": {"targets": ["one", "two"]}}} | bake)
    )
    build = {"additional_contexts": {"docs": "./docs"}}
    compose = {
        "services": {
            name: {"image": name, "build": {"context": f"./{name}", **build}} for name in ("one", "two")
        }
    }
    (project / "compose.yaml").write_text(json.dumps(compose))
    script = f"cd {project} && {command} > /dev/null 2>&1"
    record(engine, tmp_path / "first.jsonl", script, config)
    builds = record(engine, tmp_path / "second.jsonl", script, config)
    found = [sources(build) for build in builds]
    assert [set(each) for each in found] == [{"context/kept", "context/changed", "docs/page"}] * 2
    # Of a directory that two builds at once sent, BuildKit may ask for the files again.
    assert {source for each in found for source in each.values()} <= {"disk", "sent"}
    assert [each["context/kept"] for each in found] == ["disk"] * 2
    kept = {
        entry["content"]
        for build in builds
        for entry in build["context"]["entries"]
        if entry["name"] == "kept"
    }
    assert len(kept) == 2, "each build has the file of its own directory"
