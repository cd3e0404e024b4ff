"""`layerfork check --cold`: clean engines, and a cache that is all that one has of the other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine
LAYERFORK = Path(sys.executable).with_name("layerfork")
DOCKERFILE = """\
FROM alpine AS made
RUN echo one > /one
FROM alpine
COPY --from=made /one /
COPY data.txt /
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "data.txt").write_text("data\n")
    return tmp_path


def check(project: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    argv = [str(LAYERFORK), "check", "--cold", *words]
    return subprocess.run(argv, cwd=project, capture_output=True, text=True, timeout=120)


def test_an_exported_cache_serves_a_clean_engine(project: Path) -> None:
    done = check(project, ".", "--format", "json")

    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert (document["against"], document["passed"], document["steps"]) == ("cold", True, 3)
    reused_and_exported = (
        done.stderr.count("CACHED"),
        done.stderr.count("exporting cache to client directory"),
    )
    assert reused_and_exported == (3, 1)


def test_what_is_not_handed_on_is_missed(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = check(project, "--", "docker", "build", ".")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "missed: this build used another builder, which has its own cache" in done.stdout
    assert "check: 3 of 3 steps were built again" in done.stdout
    place = "--cache-to type=local,dest={0},mode=max --cache-from type=local,src={0}"
    changing = f"date +%N > data.txt; exec docker build {place} ."
    cache = tmp_path_factory.mktemp("cache")
    changed = check(project, "--", "sh", "-c", changing.format(cache))
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "Dockerfile:5  COPY data.txt /  missed: data.txt changed\n" in changed.stdout
    assert "check: 1 of 3 steps was built again" in changed.stdout


def test_an_engine_that_is_not_clean_is_refused(project: Path) -> None:
    done = check(project, ".", "--engine", "private+kept")

    assert done.returncode == 2, done.stdout + done.stderr
    assert "private+kept has what was built on it before" in done.stderr
