"""`layerfork check` as a person types it, on a real engine, on both builders."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.running import as_host, user_of

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine
BUILDERS = pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "buildkit"])


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture
def user(
    engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A user of their own, who works in no repository."""
    assert engine.toolchain is not None
    home = tmp_path_factory.mktemp("user")
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    monkeypatch.chdir(home)
    return {"DOCKER_CONFIG": str(home), "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8"}


def check(
    engine: RunningEngine, user: dict[str, str], *words: str | Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return as_host(engine, "check", "--engine", "host", *words, **{**user, **environment})


def last_line(done: "subprocess.CompletedProcess[str]") -> str:
    """The verdict; what `lint` finds in the files stands below it."""
    return [line for line in done.stdout.splitlines() if not line.startswith("lint finds ")][-1]


def generated(context: Path) -> tuple[str, ...]:
    """A command that writes another file each time before it builds."""
    return ("--", "sh", "-c", f"date +%N > {context}/data.txt; exec docker build {context}")


@BUILDERS
def test_a_project_that_stays_as_it_is_passes(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    done = check(engine, user, context, DOCKER_BUILDKIT=buildkit)

    assert done.returncode == 0, done.stdout + done.stderr
    assert last_line(done) == "check: all 3 steps of the second build were reused"


@BUILDERS
def test_a_generated_file_fails_at_the_line_that_copies_it(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    failed = check(engine, user, *generated(context), DOCKER_BUILDKIT=buildkit)

    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "\nDockerfile:3  COPY data.txt /  missed: data.txt changed\n" in f"\n{failed.stdout}"
    assert (
        "  fix: write the same data.txt in every build; if no step needs it, exclude it in" in failed.stdout
    )
    assert last_line(failed).startswith("check: 2 of 3 steps were built again: ")
    if buildkit == "0":  # said by a file, and typed
        Path("layerfork.toml").write_text('[check]\nallow = ["content"]\nclient = ["docker-build"]\n')
        done = check(engine, user, *generated(context), DOCKER_BUILDKIT=buildkit)
    else:
        done = check(engine, user, "--allow", "Dockerfile:3", *generated(context), DOCKER_BUILDKIT=buildkit)
    assert done.returncode == 0, done.stdout + done.stderr
    assert last_line(done) == "check: 2 of 3 steps were built again, which is allowed"


@BUILDERS
def test_a_date_as_argument_fails_at_the_first_step_that_sees_it(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo one\nARG DATE\nRUN echo $DATE\n")
    script = f"docker build --build-arg DATE=$(date +%N) {context}"
    done = check(engine, user, "--format", "json", "--", "sh", "-c", script, DOCKER_BUILDKIT=buildkit)
    document: dict[str, Any] = json.loads(done.stdout)

    assert done.returncode == 1
    (answer,) = document["builds"][0]["answers"]
    assert (answer["place"], answer["points"][0]["code"]) == ("Dockerfile:4", "build-arg")
    assert (document["passed"], document["rebuilt"]) == (False, 1)


def test_what_shows_no_build_does_not_pass(
    engine: RunningEngine, user: dict[str, str], context: Path
) -> None:
    nothing = check(engine, user, "--", "true")
    assert (nothing.returncode, nothing.stdout[:25]) == (3, "check: no build passed th")
    own = check(engine, user, "--", "sh", "-c", "exit 5")
    assert own.returncode == 5
    assert last_line(own) == "check: the command failed with exit code 5, so nothing was checked"
    script = f"[ -e {context}/done ] || docker build {context}; touch {context}/done"
    once = check(engine, user, "--", "sh", "-c", script)
    assert once.returncode == 3
    assert last_line(once).startswith("check: the command built nothing the second time")
    (context / "Dockerfile").write_text("FROM alpine\n")
    empty = check(engine, user, context)
    assert empty.returncode == 3
    assert "nothing was checked" in last_line(empty)


@BUILDERS
def test_a_baseline_is_judged_by_keys_whatever_the_engine_has(
    engine: RunningEngine,
    user: dict[str, str],
    context: Path,
    tmp_path_factory: pytest.TempPathFactory,
    buildkit: str,
) -> None:
    file = tmp_path_factory.mktemp("files") / "main.jsonl"
    user |= {"DOCKER_BUILDKIT": buildkit}
    engine.reset()
    assert check(engine, user, "-o", file, context).returncode == 0
    engine.reset()
    cold = check(engine, user, "--baseline", file, context)
    assert cold.returncode == 0, cold.stdout + cold.stderr
    assert last_line(cold) == f"check: all 3 steps have a key of {file}"
    (context / "data.txt").write_text("changed\n")
    build = ["docker", "build", "-q", str(context)]
    subprocess.run(build, env=user_of(engine, **user), check=True, capture_output=True)
    changed = check(engine, user, "--baseline", file, "--max-lost", "0", context)
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "Dockerfile:3  COPY data.txt /  missed: data.txt changed\n" in changed.stdout
    assert last_line(changed).startswith(f"check: 2 of 3 steps have no key of {file}: ")
    assert last_line(changed).endswith("; the limit is 0 s")


def test_clients_must_share_one_cache(engine: RunningEngine, user: dict[str, str], context: Path) -> None:
    own = "own=env DOCKER_BUILDKIT=0 docker build -t {tag} {context}"
    other = "other=env DOCKER_BUILDKIT=0 docker build -t {tag} {context}"
    tar = "tar=sh -c 'tar -C {context} -c . | DOCKER_BUILDKIT=0 docker build -t {tag} -'"
    shared = check(engine, user, context, "--client", own, "--client", other)
    assert shared.returncode == 0, shared.stdout + shared.stderr
    assert last_line(shared) == "check: 2 clients share one cache"
    apart = check(engine, user, context, "--client", own, "--client", tar)
    assert apart.returncode == 1, apart.stdout + apart.stderr
    assert "Dockerfile:3  COPY data.txt /  missed: " in apart.stdout
    assert "PROVEN entry-name" in apart.stdout
    assert last_line(apart).startswith("check: 2 clients, 2 caches, 1 fork: ")
