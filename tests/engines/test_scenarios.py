"""Scenarios as a person runs them, on real engines of both kinds; the answers are written down here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.engine
LAYERFORK = Path(sys.executable).with_name("layerfork")
SCENARIO = """\
title = "One file of two changes"
question = "Is a COPY of the other file reused?"
family = "mine"
random_runs = true
dockerfile = '''
FROM alpine
COPY a /
RUN cat /proc/sys/kernel/random/uuid > /r
COPY b /
'''

[context]
"a" = { text = "a" }
"b" = { text = "b", uid = 12, gid = 12 }

[[phase]]
title = "b changes"
context = { "b" = { text = "c" } }
[[phase.expect]]
missed = "COPY b /"
causes = ["content"]
why = "its content is in every key"

[[phase]]
title = "b is somebody else's"
context = { "b" = { uid = 13 } }
[[phase.expect]]
builder = "classic"
clients = ["docker_py-*"]
missed = "COPY b /"
causes = ["uid"]
why = "docker-py sends owners as they are"
[[phase.expect]]
why = "the docker CLI sends no owners, and buildah takes no notice"
"""


def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(LAYERFORK), *map(str, words)], capture_output=True, text=True, timeout=200)


def test_a_scenario_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    file = tmp_path / "cells.jsonl"
    clients = ("--client", "docker-build", "--client", "docker_py-build")
    words = ("run", "--scenario", tmp_path, "--engine", "private", "--builder", "classic", *clients)
    done = run(*words, "-o", file, "--format", "json")

    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads(done.stdout)["cells"]
    found = [
        (cell["client"], cell["engine"], [(phase["missed"], phase["causes"]) for phase in cell["phases"]])
        for cell in cells
    ]
    changed = ("COPY b /", ["content"])
    assert found == [
        ("docker-build", "private:26.1", [changed, ("", [])]),
        ("docker_py-build", "private:26.1", [changed, ("COPY b /", ["uid"])]),
    ]
    other = SCENARIO.replace('missed = "COPY b /"\ncauses = ["uid"]\n', "")
    (tmp_path / "scenario.toml").write_text(other)
    kept = run("report", file)
    assert kept.returncode == 0, kept.stderr
    assert "2 cells: 4 results matched\n" in kept.stdout
    surprised = run(*words, "--resume", file, "-o", tmp_path / "other.jsonl")
    assert surprised.returncode == 1, surprised.stdout + surprised.stderr
    assert (
        f"UNEXPECTED {tmp_path.name}, b is somebody else's, docker_py-build on private:26.1 (classic): "
        "COPY b / was built again, but everything was to be reused"
    ) in surprised.stdout
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    again = run(*words, "--resume", file)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "builds in" not in again.stdout


def test_families_on_podman_and_buildkit() -> None:
    words = ("--client", "docker-build", "--engine", "private:28.5", "--engine", "podman")
    names = ("mode-group-writable", "mtime-touched", "restart", "cache-inline")
    done = run("run", *(word for name in names for word in ("--scenario", name)), *words)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "buildah   COPY app /app  missed: PROVEN mode  (docker-build; podman:5.4)\n" in done.stdout
    assert "buildkit  COPY app /app  missed: PROVEN mode  (docker-build; private:28.5)\n" in done.stdout
    assert "buildah   reused  (docker-build; podman:5.4)\n" in done.stdout
    assert "buildkit  reused  (docker-build; private:28.5)\n" in done.stdout
    refusal = "podman takes repositories for caches, and refuses an image with a tag"
    assert f"buildah   cannot build it: {refusal}  (docker-build; podman:5.4)\n" in done.stdout


def test_a_cache_leaves_an_engine_and_comes_back() -> None:
    done = run(
        "run",
        "--scenario",
        "cache-local-min",
        "--client",
        "docker-build",
        "--engine",
        "private:28.5+containerd",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    found = [line for line in done.stdout.splitlines() if line.startswith("    ")]
    assert [line.partition("  (")[0].split(None, 1)[1] for line in found] == [
        "reused",
        "reused",
        "COPY tools /tools  missed: cache-not-imported",
    ]


FETCHED = """\
title = "A context that is fetched"
question = "Is it compared by its files?"
family = "mine"
served = true
dockerfile = '''
FROM alpine
COPY app /app
'''

[context]
"app/main" = { text = "a" }
"README" = { text = "one" }

[[phase]]
title = "another commit, and another tar: what is not copied changed"
context = { "README" = { text = "two" } }
[[phase.expect]]
why = "only what is copied counts"

[[phase]]
title = "the file is group-writable"
context = { "app/main" = { mode = "0664" } }
[[phase.expect]]
clients = ["docker-git-build"]
why = "git keeps of a mode whether the file is executable"
[[phase.expect]]
missed = "COPY app /app"
causes = ["mode"]
why = "a tar has the modes of its files"
"""


def test_contexts_that_are_fetched(tmp_path: Path) -> None:
    (tmp_path / "scenario.toml").write_text(FETCHED)
    words = ("run", "--scenario", tmp_path, "--engine", "private:28.5", "--format", "json")
    done = run(*words, "--client", "docker-url-build", "--client", "docker-git-build")

    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads(done.stdout)["cells"]
    assert [(cell["client"], [phase["missed"] for phase in cell["phases"]]) for cell in cells] == [
        ("docker-url-build", ["", "COPY app /app"]),
        ("docker-git-build", ["", ""]),
    ]
    (tmp_path / "scenario.toml").write_text(FETCHED.replace("served = true\n", ""))
    unasked = json.loads(run(*words, "--client", "docker-git-build").stdout)["cells"]
    assert [cell["reason"] for cell in unasked] == [
        "it takes the context as git only, which is not available here"
    ]
