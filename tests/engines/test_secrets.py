"""Planted secrets: no command writes one, to its own output or to any file, whatever becomes of the build."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard
from engines.running import LAYERFORK, user_of

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine

ARGUMENT = "planted-argument-9b1d64"
MOUNTED = "planted-mount-5c70e2"
PASSWORD = "planted-password-1f88aa"
AUTH = base64.b64encode(f"planted:{PASSWORD}".encode()).decode()
SECRETS = (ARGUMENT, MOUNTED, PASSWORD, AUTH)
CLIENTS = (
    "docker-build",
    "docker-context-build",
    "docker-compose-build",
    "docker_py-build",
    "dockerode-context-build",
)

LEAKY = "FROM alpine\nARG API_TOKEN\nARG SOURCE\nCOPY data.txt /\nRUN echo $API_TOKEN $SOURCE > /dev/null\n"
LEAKS_AND_FAILS = f"{LEAKY}RUN echo it is $API_TOKEN from $SOURCE && echo again $API_TOKEN >&2 && false\n"


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


class Home:
    """A user's home: everything that the tool may write to lies below it."""

    def __init__(self, engine: RunningEngine, directory: Path) -> None:
        assert engine.toolchain is not None
        self.directory = directory
        config = directory / "config"
        self.tmp = directory / "tmp"
        for each in (config, self.tmp):
            each.mkdir()
        settings = {
            "cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)],
            "auths": {"registry.example": {"auth": AUTH}},
        }
        (config / "config.json").write_text(json.dumps(settings))
        (directory / "mounted").write_text(MOUNTED)
        self.planted = {config / "config.json", directory / "mounted"}
        self.env = user_of(
            engine,
            DOCKER_CONFIG=str(config),
            XDG_STATE_HOME=str(directory / "state"),
            TMPDIR=str(self.tmp),
        )

    def layerfork(self, *words: str | Path) -> "subprocess.CompletedProcess[bytes]":
        argv = [str(LAYERFORK), *map(str, words)]
        return subprocess.run(argv, capture_output=True, env=self.env, timeout=240, check=False)

    def leaks(self) -> list[tuple[Path, str]]:
        """Every file that holds a secret, and which."""
        files = [path for path in self.directory.rglob("*") if path.is_file() and path not in self.planted]
        assert files
        return [(path, each) for path in files for each in SECRETS if each.encode() in readable(path)]


def readable(path: Path) -> bytes:
    """What a file holds, and where it is zstd-compressed what that is of."""
    data = path.read_bytes()
    if not data.startswith(b"\x28\xb5\x2f\xfd"):
        return data
    with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
        return data + reader.read()


@pytest.fixture
def home(engine: RunningEngine, tmp_path: Path) -> Home:
    directory = tmp_path / "home"
    directory.mkdir()
    return Home(engine, directory)


@pytest.fixture
def leaky(context: Path, request: pytest.FixtureRequest) -> Path:
    (context / "Dockerfile").write_text(LEAKS_AND_FAILS if getattr(request, "param", False) else LEAKY)
    return context


def assert_silent(done: "subprocess.CompletedProcess[bytes]") -> None:
    for each in SECRETS:
        assert each.encode() not in done.stdout + done.stderr


ARGUMENTS = (
    "--build-arg",
    f"API_TOKEN={ARGUMENT}",
    "--build-arg",
    f"SOURCE=https://planted:{PASSWORD}@example.org/x.tar",
)


@pytest.mark.parametrize("leaky", [False, True], ids=["succeeds", "fails"], indirect=True)
@pytest.mark.parametrize("builder", ["classic", "default"])
def test_run(home: Home, leaky: Path, builder: str) -> None:
    clients = [word for client in CLIENTS for word in ("--client", client)]
    words: tuple[str | Path, ...] = (
        "run",
        leaky,
        "--engine",
        "host",
        "--builder",
        builder,
        *clients,
        *ARGUMENTS,
        "-v",
    )
    records = home.directory / "builds.jsonl"
    done = home.layerfork(*words, "-o", records)
    assert b"docker_py-build" in done.stdout, done.stderr
    assert_silent(done)
    assert b"API_TOKEN" in readable(records)
    assert_silent(home.layerfork(*words, "--format", "json"))
    for form in ("text", "json"):
        shown = home.layerfork("show", records, "--format", form, "-v")
        assert shown.returncode == 0, shown.stderr
        assert_silent(shown)
    assert home.leaks() == []


@pytest.mark.parametrize("leaky", [False, True], ids=["succeeds", "fails"], indirect=True)
@pytest.mark.parametrize("buildkit", ["0", "1"])
def test_record_why_and_diff(home: Home, leaky: Path, buildkit: str) -> None:
    home.env["DOCKER_BUILDKIT"] = buildkit
    if buildkit == "1":
        mount = "RUN --mount=type=secret,id=deploy wc -c /run/secrets/deploy\n"
        (leaky / "Dockerfile").write_text((leaky / "Dockerfile").read_text() + mount)
    secret = ("--secret", f"id=deploy,src={home.directory / 'mounted'}") if buildkit == "1" else ()
    script = ("docker", "build", *ARGUMENTS, *secret, str(leaky))
    command = ("sh", "-c", '"$@" > /dev/null 2>&1', "sh", *script)  # what docker itself prints is docker's
    files = [home.directory / "first.jsonl", home.directory / "second.jsonl"]
    for file in files:
        assert_silent(home.layerfork("record", "--engine", "host", "-o", file, "--", *command))
        (leaky / "data.txt").write_text("changed\n")
    for form in ("text", "json"):
        assert_silent(home.layerfork("diff", *files, "--format", form, "-v"))
    for _ in range(2):
        assert_silent(home.layerfork("why", "--engine", "host", "-v", "--", *command))
        (leaky / "data.txt").write_text("changed again\n")
    assert all(b"API_TOKEN" in readable(file) for file in files)
    stored = [path for path in (home.directory / "state").rglob("*") if path.is_file()]
    kept = sum(b"API_TOKEN" in readable(path) for path in stored)
    fails = "&& false" in (leaky / "Dockerfile").read_text()
    assert (kept == 0) if fails else (kept >= 2)  # a build that failed is no baseline
    assert home.leaks() == []
