"""However a private engine's owner, keeper or daemons die, nothing stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.running import FROM_A_TERMINAL
from engines.traces import engine_names, processes, traces, wait_until_gone

from layerfork.builders.debian.roots import ensure_root
from layerfork.builders.engines import open_engine
from layerfork.builders.engines.private import RunningPrivateEngine
from layerfork.builders.namespace.keeper import cgroups
from layerfork.builders.namespace.rundirs import sweep
from layerfork.builders.suites import SUITES
from layerfork.errors import EngineError

pytestmark = pytest.mark.engine

TOOL = """\
import os, sys, time
from layerfork.builders.engines import open_engine
from layerfork.record.build import Command
from layerfork.builders.process import run
print("starting", flush=True)
with open_engine("private").start(os.environ, print) as engine:
    print("ready", flush=True)
    if sys.argv[1] == "build":
        context, buildkit = sys.argv[2:]
        env = {"DOCKER_HOST": engine.docker_host, "DOCKER_BUILDKIT": buildkit, "DOCKER_CONFIG": context}
        run(Command(argv=(str(engine.toolchain.docker), "build", context), env=env))
        print("the build ended", flush=True)
    time.sleep(600)
"""
Tool = subprocess.Popen[bytes]


class ToolUnderTest:
    """A process that starts an engine, as the tool does."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.process: Tool | None = None

    def start(self, *words: str) -> Tool:
        env = {**os.environ, "LAYERFORK_ENGINE_DIR": str(self.base)}
        argv = [*FROM_A_TERMINAL, sys.executable, "-c", TOOL, *(words or ("idle",))]
        self.process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, start_new_session=True)
        self.wait_for(b"starting")
        return self.process

    def wait_for(self, word: bytes) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return
        pytest.fail("the tool ended early")

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdout is not None
            self.process.stdout.close()


@pytest.fixture
def tool(engine_directory: Path) -> Iterator[ToolUnderTest]:
    tool = ToolUnderTest(engine_directory)
    yield tool
    tool.end()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A context whose build never ends; also a docker configuration that knows where buildx is."""
    (tmp_path / "Dockerfile").write_text("FROM alpine\nRUN sleep 1000\n")
    plugins = ensure_root(SUITES[0].docker, os.environ, print).toolchain.cli_plugins
    (tmp_path / "config.json").write_text(f'{{"cliPluginsExtraDirs": ["{plugins}"]}}')
    return tmp_path


def keeper_of(names: set[str]) -> int:
    """The engine's only process outside of its pid namespace."""
    found: dict[int, str] = processes(names)
    (pid,) = (pid for pid in found if len(ns_pids(pid)) == 1)
    return pid


def process_of(names: set[str], program: str) -> int:
    """The engine's only process of this program."""
    found: dict[int, str] = processes(names)
    (pid,) = (pid for pid, command in found.items() if command.split()[0] == program)
    return pid


def ns_pids(pid: int) -> list[str]:
    """The process's ids in all its pid namespaces, ours first; none when it ended meanwhile."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return []
    return next(line.split()[1:] for line in lines if line.startswith("NSpid:"))


def wait_for_container(names: set[str]) -> None:
    """Wait until a RUN's process runs: its cgroup lies below the engine's."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        for name in names:
            for top in cgroups(name):
                if any(path.read_text().strip() for path in Path(top).glob("*/**/cgroup.procs")):
                    return
        time.sleep(0.01)
    pytest.fail("no container started")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_killed_tool_leaves_nothing(tool: ToolUnderTest, number: signal.Signals) -> None:
    process = tool.start()
    tool.wait_for(b"ready")
    names = engine_names(tool.base)
    os.killpg(process.pid, number)
    process.wait(60)
    assert wait_until_gone(tool.base, names) == []


@pytest.mark.parametrize("delay_ms", [0, 5, 15, 30, 50, 80, 120, 160, 200, 240, 300, 400])
def test_tool_killed_while_starting_leaves_at_most_what_a_sweep_finds(
    tool: ToolUnderTest, delay_ms: int
) -> None:
    process = tool.start()
    time.sleep(delay_ms / 1000)
    process.kill()
    process.wait()
    names = engine_names(tool.base)
    assert wait_until_gone(tool.base, names, files=False) == []
    sweep(tool.base)
    assert wait_until_gone(tool.base, names) == []


@pytest.mark.parametrize("buildkit", ["0", "1"])
@pytest.mark.parametrize("victim", ["tool", "keeper", "both"])
def test_death_in_the_middle_of_a_build(
    tool: ToolUnderTest, endless: Path, buildkit: str, victim: str
) -> None:
    process = tool.start("build", str(endless), buildkit)
    tool.wait_for(b"ready")
    names = engine_names(tool.base)
    wait_for_container(names)
    keeper = keeper_of(names)
    if victim in ("keeper", "both"):
        os.kill(keeper, signal.SIGKILL)
    if victim in ("tool", "both"):
        process.kill()
        process.wait()
    assert wait_until_gone(tool.base, names, files=victim == "tool") == []
    if victim == "keeper":
        tool.end()
    sweep(tool.base)
    assert wait_until_gone(tool.base, names) == []


def test_next_start_sweeps_what_a_killed_keeper_left(tool: ToolUnderTest) -> None:
    process = tool.start()
    tool.wait_for(b"ready")
    names = engine_names(tool.base)
    os.kill(keeper_of(names), signal.SIGKILL)
    process.kill()
    process.wait()
    assert wait_until_gone(tool.base, names, files=False) == []
    assert engine_names(tool.base) == names
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(tool.base)}
    with open_engine("private").start(environment, print):
        assert not engine_names(tool.base) & names
    assert wait_until_gone(tool.base, names) == []


def test_sweep_leaves_a_live_engine_of_another_tool_alone(tool: ToolUnderTest) -> None:
    tool.start()
    tool.wait_for(b"ready")
    names = engine_names(tool.base)
    before = processes(names)
    assert sweep(tool.base) == ()
    assert processes(names) == before
    assert traces(tool.base, names)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("keeper", "killed from outside"),
        ("sbin/dockerd", "dockerd of the private engine ended with status -9"),
        ("bin/containerd", "containerd of the private engine ended with status -9"),
    ],
)
def test_death_of_a_part_is_noticed_and_named(engine_directory: Path, program: str, words: str) -> None:
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory)}
    with open_engine("private").start(environment, print) as engine:
        assert isinstance(engine, RunningPrivateEngine)
        names = engine_names(engine_directory)
        os.kill(keeper_of(names) if program == "keeper" else process_of(names, program), signal.SIGKILL)
        with pytest.raises(EngineError, match=words):
            engine.reset()
        assert not engine.is_alive()
        assert engine.daemons.keeper.wait(60) != 0
    assert wait_until_gone(engine_directory, names) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_keeper_that_is_asked_to_end_cleans_up(engine_directory: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory)}
    with open_engine("private").start(environment, print) as engine:
        assert isinstance(engine, RunningPrivateEngine)
        names = engine_names(engine_directory)
        os.killpg(keeper_of(names), number)
        engine.daemons.keeper.wait(60)
        assert wait_until_gone(engine_directory, names) == []
