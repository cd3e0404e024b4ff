"""The private engine that keeps its cache from build to build, for `why` on machines without Docker."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from engines.running import LAYERFORK, layerfork
from engines.traces import engine_names, wait_until_gone

pytestmark = pytest.mark.engine

KEPT = "private+kept"


@pytest.fixture
def place(engine_directory: Path) -> dict[str, str]:
    return {"LAYERFORK_ENGINE_DIR": str(engine_directory)}


def why(context: Path, place: dict[str, str]) -> str:
    store = context.parent / f"{context.name}-store"
    done = layerfork("why", "--engine", KEPT, "--store", store, context, **place)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def stop(place: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return layerfork("engines", "stop", **place)


def test_a_later_build_meets_the_cache_of_an_earlier_one(context: Path, place: dict[str, str]) -> None:
    why(context, place)
    assert "no fork: 4 of 4 steps were reused" in why(context, place)
    (context / "data.txt").write_text("changed\n")
    said = why(context, place)
    assert "COPY data.txt /  missed: data.txt changed\n" in said
    assert "  PROVEN content\n" in said
    assert "builder" not in said
    stopped = stop(place)
    assert (stopped.returncode, stopped.stderr) == (0, "layerfork: private-26.1: removed\n")
    assert stop(place).stderr == "layerfork: no engine has kept anything\n"
    assert not Path(place["LAYERFORK_ENGINE_DIR"]).exists()


@contextmanager
def in_use(place: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """Somebody else uses the engine, and ends when the context closes."""
    argv = [str(LAYERFORK), "engines", "run", KEPT, "--", "sh", "-c", "echo ready; sleep 60"]
    with subprocess.Popen(argv, env={**os.environ, **place}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.terminate()


def test_one_at_a_time_uses_it(context: Path, place: dict[str, str]) -> None:
    why(context, place)
    with in_use(place):
        store = context.parent / "other-store"
        beside = layerfork("why", "--engine", KEPT, "--store", store, context, **place)
        assert "is in use" in beside.stderr
        assert "saved as baseline" in beside.stdout
        stopped = stop(place)
        assert (stopped.returncode, stopped.stderr) == (3, "layerfork: private-26.1: in use\n")
    assert stop(place).returncode == 0


def test_it_outlives_a_kill(context: Path, place: dict[str, str]) -> None:
    why(context, place)
    base = Path(place["LAYERFORK_ENGINE_DIR"])
    with in_use(place) as process:
        process.kill()
        process.wait()
    wait_until_gone(base, engine_names(base), files=False)
    assert "no fork: 4 of 4 steps were reused" in why(context, place)
    assert stop(place).returncode == 0
