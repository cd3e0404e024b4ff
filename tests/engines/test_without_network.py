"""Images that an engine of ours cannot pull: named with what to do, loaded, stood in for, or not needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine
LAYERFORK = Path(sys.executable).with_name("layerfork")
ENGINE = "private:26.1"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "Dockerfile").write_text("FROM node:20\nRUN echo one\n")
    (place / "frontend").write_text("# syntax=docker/dockerfile:1\nFROM alpine\nRUN echo one\n")
    return place


def record(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    output = project.parent / "record.jsonl"
    argv = [str(LAYERFORK), "record", "-o", str(output), "--engine", ENGINE, *words]
    return subprocess.run(argv, cwd=project, capture_output=True, text=True, timeout=120)


def recorded(project: Path) -> dict[str, object]:
    argv = [str(LAYERFORK), "show", "--format", "json", str(project.parent / "record.jsonl")]
    shown = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True).stdout
    document = json.loads(shown.splitlines()[0])
    assert isinstance(document, dict)
    return document


def test_a_base_that_is_not_there_is_named_last_with_what_to_do(project: Path) -> None:
    done = record(project, "--", "docker", "build", ".")
    assert done.returncode == 1, done.stderr
    brought, stand_in = done.stderr.splitlines()[-2:]
    assert brought.startswith(
        "layerfork: not on the engine: node:20; layerfork's own engines have no network: "
    )
    assert "docker save -o base.tar node:20" in brought
    assert "--load base.tar, or use --engine host" in brought
    assert "--stand-in node:20" in stand_in


def test_a_stand_in_builds_where_it_is_asked_for(project: Path) -> None:
    done = record(project, "--stand-in", "node:20", "--", "docker", "build", ".")
    assert done.returncode == 0, done.stderr
    assert "node:20 is a stand-in made of busybox" in done.stderr


def test_the_engines_own_frontend_reads_a_file_with_a_syntax_line(project: Path) -> None:
    done = record(project, "--", "docker", "build", "-f", "frontend", ".")
    assert done.returncode == 0, done.stderr
    assert "its own frontend reads a copy of frontend without the `# syntax=` line" in done.stderr
    request = recorded(project)["request"]
    assert isinstance(request, dict)
    assert request["dockerfile"] == (project / "frontend").read_text()
    assert (request["syntax"], request["dockerfile_name"]) == ("", "frontend")
