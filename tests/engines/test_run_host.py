"""`layerfork run --engine host` leaves the user's engine, here a private one, as it was."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.running import as_host

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.process import run
from layerfork.record.build import Command

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


def docker(engine: RunningEngine, *words: str) -> str:
    assert engine.toolchain is not None
    env = {"DOCKER_HOST": engine.docker_host, "HOME": "/nonexistent", "PATH": os.defpath}
    completed = run(Command(argv=(str(engine.toolchain.docker), *words), env=env))
    assert completed.ok, completed.stderr
    return completed.stdout


def test_a_users_engine_is_left_as_it_was(engine: RunningEngine) -> None:
    before = docker(engine, "images", "-a", "--no-trunc"), docker(engine, "ps", "-aq")
    done = as_host(
        engine, "run", "--builder", "classic", "--client", "docker-build", "--client", "docker_py-build"
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "(host)" in done.stdout
    assert (docker(engine, "images", "-a", "--no-trunc"), docker(engine, "ps", "-aq")) == before


def test_a_forking_run_names_the_cause_there_too(engine: RunningEngine) -> None:
    clients = ["--client", "docker-context-build", "--client", "docker-build"]
    done = as_host(engine, "run", "--engine", "host", "--builder", "classic", "--format", "json", *clients)
    assert done.returncode == 1, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["engine"]["kind"] == "host"
    assert [cause["code"] for fork in document["forks"] for cause in fork["causes"]] == ["entry-name"]


def test_a_missing_base_image_is_not_pulled(engine: RunningEngine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM nowhere/nothing:1\n")
    done = as_host(engine, "run", tmp_path, "--engine", "host")
    assert done.returncode == 3
    assert "docker pull nowhere/nothing:1" in done.stderr


def test_why_saves_a_baseline_and_then_explains(engine: RunningEngine, tmp_path: Path) -> None:
    context, store = tmp_path / "context", tmp_path / "store"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM alpine\nCOPY data.txt /\nRUN echo after\n")
    (context / "data.txt").write_text("first\n")
    words: list[str | Path] = ["why", "--engine", "host", "--store", store, context]
    first = as_host(engine, *words)
    assert first.returncode == 0, first.stderr
    assert "saved as baseline" in first.stdout
    again = as_host(engine, *words)
    assert again.returncode == 0, again.stdout
    assert "no fork: 3 of 3 steps were reused" in again.stdout
    (context / "data.txt").write_text("second\n")
    changed = as_host(engine, *words)
    assert changed.returncode == 1
    assert "COPY data.txt /  missed: data.txt changed" in changed.stdout
    newest = as_host(engine, "why", "--store", store)
    assert newest.returncode == 1
    assert "COPY data.txt /  missed: data.txt changed" in newest.stdout
