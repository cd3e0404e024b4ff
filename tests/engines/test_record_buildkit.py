"""Builds on a BuildKit by its address: BUILDKIT_HOST, buildctl's flags, `--engine buildkit:ADDRESS`.

There is no buildctl to be had: a program of that name asks buildx to build at the address that it is given.
The BuildKit is a real one, in an engine.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from engines.bridges import CONTAINER_PORT, buildkit_at, make_builder_image
from engines.running import as_host, layerfork, user_of
from engines.tlsfront import tls_in_front_of

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine
BUILDCTL = """\
#!/bin/sh
address=$BUILDKIT_HOST
while :; do
  case $1 in --addr) address=$2; shift 2;; --tls*) echo "keys were left" >&2; exit 9;; *) break;; esac
done
export BUILDX_CONFIG=$(mktemp -d)
docker buildx create --name kit --driver remote "$address" > /dev/null &&
  docker buildx build --builder kit --progress plain "$2"
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture
def settings(engine: RunningEngine, tmp_path: Path) -> dict[str, str]:
    """A user with docker, buildx and buildctl."""
    assert engine.toolchain is not None
    (tmp_path / "docker").mkdir()
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (tmp_path / "docker" / "config.json").write_text(json.dumps(plugins))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "buildctl").write_text(BUILDCTL)
    (tmp_path / "bin" / "buildctl").chmod(0o755)
    path = f"{tmp_path}/bin:{os.environ['PATH']}:{engine.toolchain.docker.parent}"
    return {"DOCKER_CONFIG": str(tmp_path / "docker"), "PATH": path, "TMPDIR": str(tmp_path)}


@pytest.fixture
def bridged(engine: RunningEngine, tmp_path: Path) -> Iterator[Path]:
    with buildkit_at(engine, f"unix:{tmp_path}/bk", tmp_path):
        yield tmp_path / "bk"


def builds(file: Path) -> list[dict[str, Any]]:
    shown = layerfork("show", file, "--format", "json").stdout
    return [json.loads(line) for line in shown.splitlines()]


def check(file: Path, done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 0, done.stderr
    [build] = builds(file)
    steps = [step["instruction"].split()[0] for step in build["steps"]]
    assert steps == ["FROM", "RUN", "COPY", "RUN"]
    assert (build["engine"]["kind"], build["gaps"]) == ("buildkit", [])


def test_buildkit_host_is_led_to_a_recorder_beside_the_engines(
    engine: RunningEngine, settings: dict[str, str], bridged: Path, context: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    script = f"buildctl build {context}; docker buildx create --name new"
    env = {**settings, "BUILDKIT_HOST": f"unix://{bridged}"}
    done = as_host(engine, "record", "-o", file, "--", "sh", "-c", script, **env)
    check(file, done)
    assert f"using the BuildKit at unix://{bridged}" in done.stderr
    new = json.loads((tmp_path / "docker" / "buildx" / "instances" / "new").read_text())
    assert (new["Driver"], new["Nodes"][0]["Endpoint"]) == ("remote", f"unix://{bridged}")


@pytest.mark.parametrize("words", [(), ("--engine", "host")])
def test_the_address_on_the_command_line(
    engine: RunningEngine,
    settings: dict[str, str],
    bridged: Path,
    context: Path,
    tmp_path: Path,
    words: tuple[str, ...],
) -> None:
    file = tmp_path / "a.jsonl"
    call = ("buildctl", "--addr", f"unix://{bridged}", "build", str(context))
    check(file, as_host(engine, "record", "-o", file, *words, "--", *call, **settings))


def test_without_docker_buildkit_host_is_the_engine(
    settings: dict[str, str], bridged: Path, context: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    env = {**settings, "BUILDKIT_HOST": f"unix://{bridged}", "DOCKER_HOST": ""}
    done = layerfork("record", "-o", file, "--", "sh", "-c", f"buildctl build {context}", **env)
    check(file, done)
    assert "Docker Engine" not in done.stderr


def test_a_shell_and_a_run(settings: dict[str, str], bridged: Path) -> None:
    spec, env = f"buildkit:unix://{bridged}", {**settings, "DOCKER_HOST": "unix:///mine"}
    words = 'echo "$BUILDKIT_HOST $DOCKER_HOST $DOCKER_BUILDKIT"'
    opened = layerfork("engines", "run", spec, "--", "sh", "-c", words, **env)
    assert opened.stdout == f"unix://{bridged} unix:///mine \n"
    refused = layerfork("run", "--engine", spec, **env)
    assert refused.returncode == 3
    assert f"no client of a run builds on {spec}" in refused.stderr


def test_a_buildkit_in_a_container(
    engine: RunningEngine, settings: dict[str, str], context: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    user = user_of(engine, **settings)
    with ExitStack() as stack:
        stack.enter_context(buildkit_at(engine, f"tcp:{CONTAINER_PORT}", tmp_path))
        make_builder_image(["docker"], tmp_path / "image", user)
        run = ["docker", "run", "-d", "--rm", "--network=host", "--name=kit", "moby/buildkit:buildx-stable-1"]
        subprocess.run(run, env=user, check=True, stdout=subprocess.DEVNULL)
        stack.callback(subprocess.run, ["docker", "rm", "-f", "kit"], env=user, stdout=subprocess.DEVNULL)
        words = ("--engine", "buildkit:docker-container://kit", "--", "buildctl", "build", str(context))
        check(file, as_host(engine, "record", "-o", file, *words, **settings))


@pytest.fixture
def encrypted(bridged: Path, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A port that speaks TLS in front of the BuildKit, and a certificate of its authority."""
    with tls_in_front_of(bridged, tmp_path, "h2") as found:
        yield found


def test_tls_with_keys_from_buildctls_flags_and_from_the_engines_name(
    engine: RunningEngine,
    settings: dict[str, str],
    encrypted: tuple[int, Path],
    context: Path,
    tmp_path: Path,
) -> None:
    port, ca = encrypted
    file = tmp_path / "a.jsonl"
    address = f"tcp://127.0.0.1:{port}"
    keys = ("--tlscacert", str(ca), "--tlsservername=localhost")
    call = ("buildctl", "--addr", address, *keys, "build", str(context))
    check(file, as_host(engine, "record", "-o", file, "--", *call, **settings))
    spec = f"buildkit:{address}?cacert={ca}&servername=localhost"
    words = ("--engine", spec, "--", "sh", "-c", f"buildctl build {context}")
    check(file, as_host(engine, "record", "-o", file, *words, **settings))
    plain = as_host(engine, "record", "--engine", f"buildkit:{address}", "-o", file, "--", "true", **settings)
    assert (plain.returncode, "is not BuildKit" in plain.stderr, "?cacert=" in plain.stderr) == (
        3,
        True,
        True,
    )
    wrong = f"buildkit:{address}?cacert={ca}"
    refused = as_host(engine, "record", "--engine", wrong, "-o", file, "--", "true", **settings)
    assert refused.returncode == 3
    assert "certificate verify failed" in refused.stderr


def test_one_that_does_not_answer_is_said_before_the_command(
    engine: RunningEngine, settings: dict[str, str], context: Path, tmp_path: Path
) -> None:
    file = tmp_path / "a.jsonl"
    env = {**settings, "BUILDKIT_HOST": "unix:///nowhere/bk"}
    words = ("sh", "-c", 'echo "$BUILDKIT_HOST" >&2')
    done = as_host(engine, "record", "-o", file, "--", *words, **env)
    assert done.returncode == 0
    said = "builds on unix:///nowhere/bk will not be recorded: there is no socket unix:///nowhere/bk"
    assert done.stderr.index(said) < done.stderr.index("\nunix:///nowhere/bk\n")
    named = as_host(engine, "record", "--engine", "buildkit:unix:///nowhere", "-o", file, "--", "true", **env)
    assert named.returncode == 3
    assert "there is no socket unix:///nowhere" in named.stderr
    http = f"buildkit:unix://{engine.socket}"
    assert layerfork("run", "--engine", http, "--plan").returncode == 3
