"""Scenarios on workers of a real Dask scheduler: one is killed in the middle, then Ctrl-C; nothing stays."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from engines.running import FROM_A_TERMINAL, LAYERFORK
from engines.traces import engine_names, wait_until_gone

from layerfork.app.experiment.cells import read_cells
from layerfork.record.store.blocks import numbered_lines

pytestmark = pytest.mark.engine
DASK = Path(sys.executable).with_name("dask")
SCENARIO = """\
title = "A file changes"
question = "Is it copied again?"
family = "mine"
dockerfile = '''
FROM alpine
COPY a /
'''
context = { "a" = { text = "NAME" } }

[[phase]]
title = "a changes"
context = { "a" = { text = "other" } }
[[phase.expect]]
missed = "COPY a /"
causes = ["content"]
why = "its content is in every key"
"""


def until(done: Callable[[], object], seconds: float = 60.0) -> None:
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def has_engine(worker: "subprocess.Popen[bytes]") -> bool:
    tasks = Path(f"/proc/{worker.pid}/task").iterdir()
    return any((task / "children").read_text() for task in tasks)


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(30)


@pytest.fixture
def cluster(
    engine_directory: Path, tmp_path: Path
) -> Iterator[tuple[str, "list[subprocess.Popen[bytes]]", dict[str, str]]]:
    """A scheduler's address, two workers, and their environment."""
    place, file = tmp_path / "t", tmp_path / "scheduler.json"
    place.mkdir()
    env = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory), "TMPDIR": str(place)}
    ours = ("--scheduler-file", file, "--no-dashboard")
    worker = ("worker", *ours, "--no-nanny", "--nthreads", "1", "--resources", "engine=1")

    with ExitStack() as stack, (tmp_path / "log").open("wb") as log:

        def start(*words: str | Path) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen([DASK, *words], env=env, stdout=log, stderr=log, cwd=tmp_path)
            stack.callback(stop, process)
            return process

        start("scheduler", *ours, "--host", "127.0.0.1", "--port", "0")
        workers = [start(*worker, "--name", str(n), "--local-directory", tmp_path / "w") for n in range(2)]
        until(file.exists)
        until(lambda: (tmp_path / "log").read_text().count("Registered to") == 2)
        yield json.loads(file.read_text())["address"], workers, env


def has_cell(file: Path) -> bool:
    """Its first lines are what the scenarios expect."""
    lines = (line for _, line in numbered_lines(file)) if file.exists() else ()
    return any(line.startswith(b'{"note":{"cell"') for line in lines)


def test_a_worker_is_killed_in_the_middle_and_then_the_run(
    cluster: tuple[str, "list[subprocess.Popen[bytes]]", dict[str, str]],
    engine_directory: Path,
    tmp_path: Path,
) -> None:
    address, workers, env = cluster
    names = [f"s{number}" for number in range(4)]
    here, away = tmp_path / "scenarios", tmp_path / "away"
    for name in names:
        (here / name).mkdir(parents=True)
        (here / name / "scenario.toml").write_text(SCENARIO.replace("NAME", name))
    folders = [word for name in names for word in ("--scenario", str(here / name))]
    words = ("--client", "docker-build", "--builder", "classic", "--engine", "private", "--dask", address)

    def started(file: Path) -> "subprocess.Popen[str]":
        argv: list[str | Path] = [
            *FROM_A_TERMINAL,
            LAYERFORK,
            "run",
            *folders,
            *words,
            "-o",
            file,
            "--format",
            "json",
        ]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)

    file, other = tmp_path / "cells.jsonl", tmp_path / "other.jsonl"
    with started(file) as run:
        until(lambda: run.poll() is not None or has_cell(file))
        assert run.poll() is None, run.communicate()
        here.rename(away)  # as on another machine
        until(lambda: has_engine(workers[0]))
        workers[0].kill()
        stdout, stderr = run.communicate(timeout=100)
        away.rename(here)
    assert run.returncode == 0, stdout + stderr
    assert "is gone; what it had not finished is built elsewhere" in stderr
    cells = json.loads(stdout)["cells"]
    assert [cell["scenario"] for cell in cells] == names
    assert {phase["met"] for cell in cells for phase in cell["phases"]} == {"as expected"}
    notes = [json.loads(line).get("note", {}) for _, line in numbered_lines(file)]
    kept = Counter(note["cell"]["name"]["scenario"] for note in notes if "cell" in note)
    assert kept == dict.fromkeys(names, 1)
    assert all(cell.builds[1].record for cell in read_cells(file).cells)
    assert wait_until_gone(engine_directory, engine_names(engine_directory)) == []

    with started(other) as run:
        until(lambda: engine_names(engine_directory))
        run.send_signal(signal.SIGINT)
        stdout, stderr = run.communicate(timeout=100)
    assert run.returncode == 130, stdout + stderr
    assert len(json.loads(stdout)["cells"]) < len(names)
    assert wait_until_gone(engine_directory, engine_names(engine_directory)) == []
    assert list((tmp_path / "t").glob("layerfork-run-*")) == []
    assert workers[1].poll() is None
