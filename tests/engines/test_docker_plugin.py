"""`docker layerfork …` through a real docker."""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.running import LAYERFORK, user_of

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.recording.recorder import VERIFY_VARIABLE

pytestmark = pytest.mark.engine
METADATA_LIMIT_S = 0.1
SAYS_ITS_WORDS = ("sh", "-c", 'for word; do printf "<%s>" "$word"; done; exit 7', "sh")


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


class User:
    """Somebody who has `docker layerfork`, and no DOCKER_HOST."""

    def __init__(self, engine: RunningEngine, home: Path) -> None:
        assert engine.toolchain is not None
        self.plugins = home / "cli-plugins"
        self.engine = engine.docker_host
        own = {"DOCKER_CONFIG": str(home), "LC_ALL": "C.UTF-8", VERIFY_VARIABLE: "1"}
        self.environment = user_of(engine, **own)
        del self.environment["DOCKER_HOST"]
        subprocess.run([LAYERFORK, "plugin", "install"], env=self.environment, check=True)
        plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
        (home / "config.json").write_text(json.dumps(plugins))

    def docker(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["docker", *words], env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )


@pytest.fixture(scope="module")
def user(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> User:
    return User(engine, tmp_path_factory.mktemp("home"))


def test_docker_knows_it_and_its_metadata_costs_nothing(user: User) -> None:
    listed = [line.split() for line in user.docker("--help").stdout.splitlines() if " layerfork" in line]
    assert [words[0].rstrip("*") for words in listed] == ["layerfork"]
    times = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run(
            [user.plugins / "docker-layerfork", "docker-cli-plugin-metadata"], check=True, capture_output=True
        )
        times.append(time.perf_counter() - began)
    assert statistics.median(times) < METADATA_LIMIT_S


def test_help_is_that_of_the_command_however_it_is_asked_for(user: User) -> None:
    own = subprocess.run([LAYERFORK, "why", "--help"], capture_output=True, text=True, check=True).stdout

    asked = (("layerfork", "why", "--help"), ("help", "layerfork", "why"))
    assert [user.docker(*words).stdout for words in asked] == [own] * len(asked)
    assert user.docker("layerfork").stderr.startswith("Usage: layerfork [OPTIONS] COMMAND")
    assert user.docker("__complete", "layerfork", "wh").stdout == "why\n:4\n"


def test_words_and_exit_codes_pass_unchanged(user: User, tmp_path: Path) -> None:
    words = ("a b", "", "*", "--help", "--", "$HOME", "\N{SNOWMAN}")
    command = (*SAYS_ITS_WORDS, *words)
    done = user.docker("-H", user.engine, "layerfork", "record", "-o", tmp_path / "r.jsonl", "--", *command)

    assert done.stdout == "".join(f"<{word}>" for word in words)
    assert done.returncode == 7
    assert user.docker("layerfork", "no-such-command").returncode == 2
    assert user.docker("--tlscert", "cert.pem", "layerfork", "check").returncode == 2


def test_the_engine_is_the_one_that_docker_was_told(user: User, context: Path) -> None:
    assert user.docker("context", "create", "other", "--docker", f"host={user.engine}").returncode == 0
    done = user.docker("--context=other", "layerfork", "check", context)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"layerfork: using Docker Engine 26.1.5+dfsg1 at {user.engine}\n" in done.stderr
    assert "check: all 3 steps of the second build were reused" in done.stdout.splitlines()


def test_it_ends_when_docker_is_told_to_end(user: User, tmp_path: Path) -> None:
    script = f"trap 'echo told; exit 0' TERM; touch {tmp_path}/began; while :; do sleep 0.1; done"
    words = ("-H", user.engine, "layerfork", "record", "-o", str(tmp_path / "r"), "--", "sh", "-c", script)
    with subprocess.Popen(
        ["docker", *words], env=user.environment, stdout=subprocess.PIPE, text=True
    ) as docker:
        while not (tmp_path / "began").exists():
            time.sleep(0.05)
        docker.send_signal(signal.SIGTERM)
        told, _ = docker.communicate(timeout=60)

    assert (told, docker.returncode) == ("told\n", 0)


def test_what_is_removed_is_gone_and_nothing_else(user: User) -> None:
    program = [sys.executable, "-m", "layerfork.cli.docker", "layerfork", "plugin", "remove"]
    subprocess.run(program, env=user.environment, check=True)

    assert "'layerfork' is not a docker command" in user.docker("layerfork", "explain").stderr
    assert list(user.plugins.iterdir()) == []
