"""`layerfork why` as a person types it, on real engines."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.running import FROM_A_TERMINAL, LAYERFORK, as_host, user_of

from layerfork.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture
def user(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A user of their own: a docker configuration that finds the engine's plugins, and a record store."""
    assert engine.toolchain is not None
    home = tmp_path_factory.mktemp("user")
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    return {"DOCKER_CONFIG": str(home), "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8"}


BUILDERS = pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "buildkit"])


def why(
    engine: RunningEngine, user: dict[str, str], *words: str | Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return as_host(engine, "why", *words, **{**user, **environment})


@BUILDERS
def test_what_docker_build_takes_is_taken(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    (context / "Other").write_text("FROM alpine AS first\nARG WORD\nRUN echo $WORD\nFROM alpine\nRUN false\n")
    words = (context, "-f", context / "Other", "--target", "first", "--build-arg", "WORD", "-t", "why:1")
    user |= {"DOCKER_BUILDKIT": buildkit}
    assert why(engine, user, *words, "--engine", "host", WORD="one").returncode == 0
    assert why(engine, user, *words, "--engine", "host", WORD="one").returncode == 0
    changed = why(engine, user, *words, "--engine", "host", WORD="two")
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "PROVEN build-arg" in changed.stdout
    assert "WORD=two" in changed.stdout


@BUILDERS
def test_a_document_is_alone_on_standard_output(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    script = f"echo said; docker build {context}"
    words = ("--engine", "host", "--format", "json", "--", "sh", "-c", script)
    done = why(engine, user, *words, DOCKER_BUILDKIT=buildkit)
    assert json.loads(done.stdout)["schema"].startswith("layerfork/")
    assert "said\n" in done.stderr


def test_a_command_that_builds_nothing_could_not_be_explained(
    engine: RunningEngine, user: dict[str, str]
) -> None:
    done = why(engine, user, "--engine", "host", "--", "true")
    assert done.returncode == 3
    assert "no build passed through the recorder" in done.stderr
    own = why(engine, user, "--engine", "host", "--", "sh", "-c", "exit 5")
    assert own.returncode == 5


@BUILDERS
def test_ctrl_c_is_130_whatever_the_command_makes_of_it(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo began; sleep 60\n")
    words = ("why", "--engine", "host", "--", "docker", "build", "--no-cache", context)
    env = user_of(engine, **user, DOCKER_BUILDKIT=buildkit, BUILDKIT_PROGRESS="plain")
    with subprocess.Popen(
        [*FROM_A_TERMINAL, LAYERFORK, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert any("Running in" in line or line.endswith(" began\n") for line in process.stdout)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
        assert process.wait(30) == 130
