"""`layerfork why` as a person types it, on real engines."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines.running import FROM_A_TERMINAL, LAYERFORK, as_host, user_of

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture
def user(engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A user of their own: a docker configuration that finds the engine's plugins, and a record store."""
    assert engine.toolchain is not None
    home = tmp_path_factory.mktemp("user")
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    return {"DOCKER_CONFIG": str(home), "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8"}


BUILDERS = pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "buildkit"])


def why(
    engine: RunningEngine, user: dict[str, str], *words: str | Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return as_host(engine, "why", *words, **{**user, **environment})


@BUILDERS
def test_what_docker_build_takes_is_taken(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    (context / "Other").write_text("FROM alpine AS first\nARG WORD\nRUN echo $WORD\nFROM alpine\nRUN false\n")
    words = (context, "-f", context / "Other", "--target", "first", "--build-arg", "WORD", "-t", "why:1")
    user |= {"DOCKER_BUILDKIT": buildkit}
    assert why(engine, user, *words, "--engine", "host", WORD="one").returncode == 0
    assert why(engine, user, *words, "--engine", "host", WORD="one").returncode == 0
    changed = why(engine, user, *words, "--engine", "host", WORD="two")
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "PROVEN build-arg" in changed.stdout
    assert "build argument WORD is two, was one" in changed.stdout


@BUILDERS
def test_a_document_is_alone_on_standard_output(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    script = f"echo said; docker build {context}"
    words = ("--engine", "host", "--format", "json", "--", "sh", "-c", script)
    done = why(engine, user, *words, DOCKER_BUILDKIT=buildkit)
    assert json.loads(done.stdout)["schema"].startswith("layerfork/")
    assert "said\n" in done.stderr


def test_a_command_that_builds_nothing_could_not_be_explained(
    engine: RunningEngine, user: dict[str, str]
) -> None:
    done = why(engine, user, "--engine", "host", "--", "true")
    assert done.returncode == 3
    assert "no build passed through the recorder" in done.stderr
    own = why(engine, user, "--engine", "host", "--", "sh", "-c", "exit 5")
    assert own.returncode == 5


@BUILDERS
def test_ctrl_c_is_130_whatever_the_command_makes_of_it(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo began; sleep 60\n")
    words = ("why", "--engine", "host", "--", "docker", "build", "--no-cache", context)
    env = user_of(engine, **user, DOCKER_BUILDKIT=buildkit, BUILDKIT_PROGRESS="plain")
    with subprocess.Popen(
        [*FROM_A_TERMINAL, LAYERFORK, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=env,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert any("Running in" in line or line.endswith(" began\n") for line in process.stdout)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
        assert process.wait(30) == 130


COMPOSE = """\
services:
  one: {build: one}
  two: {build: {context: ., dockerfile: two/Other}}
  three: {build: {context: ., dockerfile: two/Other, args: {WORD: three}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Three services: one in a directory of its own, two that share their directory and Dockerfile."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data").write_text(f"{name}\n")
    (tmp_path / "one" / "Dockerfile").write_text("FROM alpine\nRUN echo one\nCOPY data /\n")
    (tmp_path / "two" / "Other").write_text("FROM alpine\nARG WORD=two\nRUN echo $WORD\nCOPY two/data /\n")
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    return tmp_path


def document_of(done: "subprocess.CompletedProcess[str]", code: int) -> dict[str, Any]:
    assert done.returncode == code, done.stderr + done.stdout
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_each_service_is_compared_with_itself(
    engine: RunningEngine, user: dict[str, str], project: Path
) -> None:
    script = f"cd {project} && docker compose build"
    words = ("--engine", "host", "--format", "json", "--", "sh", "-c", script)
    first = document_of(why(engine, user, *words), 0)
    assert (first["schema"], first["verdict"]) == ("layerfork/diffs/1", None)
    assert [build["baseline_saved"] for build in first["builds"]] == [True] * 3
    again = document_of(why(engine, user, *words), 0)
    assert again["verdict"] == "reused"
    assert [build["warnings"] for build in again["builds"]] == [[]] * 3
    (project / "two" / "data").write_text("changed\n")
    changed = document_of(why(engine, user, *words), 1)
    assert changed["verdict"] == "forked"
    found = {
        build["build"]: [
            [(cause["code"], cause["status"]) for cause in fork["causes"]] for fork in build["forks"]
        ]
        for build in changed["builds"]
    }
    assert found == {
        "one": [],
        "two": [[("content", "PROVEN")]],
        "three": [[("content", "PROVEN")]],
    }
    text = why(engine, user, *words[:2], *words[4:])
    assert "3 builds: " in text.stdout
    assert "\none:\n" in f"\n{text.stdout}"


@BUILDERS
def test_a_build_is_the_same_from_wherever_it_is_asked_for(
    engine: RunningEngine, user: dict[str, str], project: Path, buildkit: str
) -> None:
    user |= {"DOCKER_BUILDKIT": buildkit}
    scripts = (
        f"cd {project} && docker build one",
        f"cd {project}/one && docker build .",
        f"cd / && docker build -f {project}/one/Dockerfile {project}/one",
    )
    for number, script in enumerate(scripts):
        done = why(engine, user, "--engine", "host", "--", "sh", "-c", script)
        assert done.returncode == 0, done.stderr
        assert ("saved as baseline" in done.stdout) == (number == 0), done.stdout
    other = why(engine, user, "--engine", "host", project, "-f", project / "two" / "Other")
    assert "saved as baseline" in other.stdout


@BUILDERS
def test_the_baseline_is_the_build_that_shares_most_steps(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    """Not the last one: data.txt goes back to what it was two builds ago, and then a later line changes."""
    user |= {"DOCKER_BUILDKIT": buildkit}
    words = (context, "--engine", "host", "--format", "json")
    for text in ("first\n", "second\n", "first\n"):
        (context / "data.txt").write_text(text)
        document = document_of(why(engine, user, *words), 1 if text == "second\n" else 0)
    assert (document["verdict"], document["warnings"]) == ("reused", [])
    assert document["baseline"]["shared_steps"] == 4
    (context / "data.txt").write_text("second\n")
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo one\nCOPY data.txt /\nRUN echo three\n")
    changed = document_of(why(engine, user, *words), 1)
    assert [(fork["step"], [cause["code"] for cause in fork["causes"]]) for fork in changed["forks"]] == [
        (4, ["instruction"])
    ]
    assert (changed["baseline"]["shared_steps"], changed["baseline"]["known"]) == (3, 3)
    text = why(engine, user, context, "--engine", "host").stdout
    assert f"`docker build {context}` in " in text
    assert "shares the keys of 4 of 4 steps, chosen from 4 earlier builds" in text


def test_a_person_may_say_what_to_compare_with(
    engine: RunningEngine, user: dict[str, str], context: Path, project: Path
) -> None:
    words = (context, "--engine", "host", "--format", "json")
    why(engine, user, *words)
    (context / "data.txt").write_text("other\n")
    forked = document_of(why(engine, user, *words), 1)
    known = forked["baseline"]["id"]
    same = document_of(why(engine, user, *words, "--against", known), 0)
    assert (same["baseline"]["id"], same["baseline"]["known"]) == (known, 0)
    assert [warning["code"] for warning in same["warnings"]] == ["reused-elsewhere"]
    file = project / "ci.jsonl"
    script = f"cd {project} && docker compose build && docker build -q one"
    recorded = as_host(engine, "record", "--engine", "host", "-o", file, "--", "sh", "-c", script, **user)
    assert recorded.returncode == 0, recorded.stderr
    (project / "one" / "data").write_text("other\n")
    found = document_of(why(engine, user, project / "one", *words[1:], "--against", file), 1)
    assert [cause["code"] for fork in found["forks"] for cause in fork["causes"]] == ["content"]
    unknown = why(engine, user, context, "--engine", "host", "--against", "no-such")
    assert unknown.returncode == 2
    assert "no file and no known build is no-such" in unknown.stderr


def test_without_a_command_the_newest_builds_of_the_directory_are_explained_again(
    engine: RunningEngine, user: dict[str, str], project: Path
) -> None:
    env = user_of(engine, **user)
    for number in range(2):
        (project / "two" / "data").write_text(f"{number}\n")
        script = f"cd {project} && {LAYERFORK} why --engine host -- docker compose build"
        done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, check=False)
        assert done.returncode == number, done.stderr
    again = subprocess.run(
        [LAYERFORK, "why", "--format", "json"], env=env, cwd=project, capture_output=True, check=False
    )
    assert again.returncode == 1, again.stderr
    builds = json.loads(again.stdout)["builds"]
    assert {build["build"]: build["verdict"] for build in builds} == {
        "one": "reused",
        "two": "forked",
        "three": "forked",
    }
    elsewhere = subprocess.run([LAYERFORK, "why"], env=env, cwd="/", capture_output=True, check=False)
    assert elsewhere.returncode == 2
    assert b"no build in / was recorded yet" in elsewhere.stderr


def test_two_files_are_compared_build_by_build(
    engine: RunningEngine, user: dict[str, str], project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = tmp_path_factory.mktemp("files")
    ci, laptop = files / "ci.jsonl", files / "laptop.jsonl"
    record = ("record", "--engine", "host", "-o")
    script = f"cd {project} && docker compose build"
    assert as_host(engine, *record, ci, "--", "sh", "-c", script, **user).returncode == 0
    moved = project.rename(project.parent / f"{project.name}-laptop")
    (moved / "one" / "data").write_text("laptop\n")
    (moved / "compose.yaml").write_text(COMPOSE.replace("  three:", "  four:"))
    assert (
        as_host(
            engine, *record, laptop, "--", "sh", "-c", script.replace(str(project), str(moved)), **user
        ).returncode
        == 0
    )
    document = document_of(as_host(engine, "diff", ci, laptop, "--format", "json"), 1)
    found = {
        build["build"]: (build["verdict"], build["writer"], build["reader"]) for build in document["builds"]
    }
    assert {name: verdict for name, (verdict, _, _) in found.items()} == {
        "one": "forked",
        "two": "reused",
        "three": None,
        "four": None,
    }
    assert found["three"][2] is None
    assert found["four"][1] is None
    text = as_host(engine, "diff", ci, laptop).stdout
    assert "4 builds: " in text
    assert f"three: only in {ci}#" in text
    number = found["two"][1].rpartition("#")[2]
    single = document_of(as_host(engine, "diff", f"{ci}#{number}", laptop, "--format", "json"), 0)
    assert (single["schema"], single["reader"]) == ("layerfork/diff/1", found["two"][2])


@BUILDERS
def test_a_build_that_fails_is_told_as_that(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str
) -> None:
    user |= {"DOCKER_BUILDKIT": buildkit}
    words = (context, "--engine", "host")
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo one\nRUN exit 9\nRUN echo two\n")
    first = why(engine, user, *words)
    assert first.returncode == (1 if buildkit == "1" else 9), first.stderr
    assert "there is no earlier build to compare it with" in first.stdout
    assert "the build failed at step 3, RUN exit 9: " in first.stdout
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo one\nRUN exit 0\nRUN echo two\n")
    assert "saved as baseline" in why(engine, user, *words).stdout
    (context / "Dockerfile").write_text("FROM alpine\nRUN echo one\nRUN exit 9\nRUN echo two\n")
    again = why(engine, user, *words)
    assert "the build failed at step 3, RUN exit 9: " in again.stdout
    assert "RUN exit 9  missed: " in again.stdout
    (context / "Dockerfile").write_text("FROM no-such.invalid/image:1\nRUN echo one\n")
    pull = json.loads(why(engine, user, *words, "--format", "json").stdout)
    assert pull["verdict"] == "error"
    assert "the base image no-such.invalid/image:1 is not available: " in pull["failure"]
    assert pull["forks"] == []
    text = why(engine, user, *words).stdout
    assert "no fork before that: it reached no step" in text
    assert "nothing differs" not in text


PROJECTS = {
    "compose": (
        "compose.yaml",
        'services: {web: {build: {context: ., cache_from: ["CACHE"]}}}\n',
        "compose build",
    ),
    "bake": ("docker-bake.hcl", 'target "web" {\n  cache-from = ["CACHE"]\n}\n', "buildx bake web"),
    "bake-default": (
        "docker-bake.json",
        '{"target": {"default": {"cache-from": ["CACHE"]}}}',
        "buildx bake",
    ),
}


@pytest.mark.parametrize("kind", PROJECTS)
def test_so_is_one_that_a_compose_or_bake_file_names(
    engine: RunningEngine, user: dict[str, str], context: Path, kind: str
) -> None:
    """buildx drops an import that it does not find, and neither request nor command line names it."""
    name, text, command = PROJECTS[kind]
    missing = f"type=local,src={context / 'none'}"
    (context / "Dockerfile").write_text(f"FROM alpine\nRUN echo {kind}\n")
    (context / ".dockerignore").write_text("*\n")
    (context / name).write_text(text.replace("CACHE", missing))
    words = ("--engine", "host", "--format", "json", "--", "sh", "-c", f"cd {context} && docker {command}")
    assert why(engine, user, *words).returncode == 0
    hit = document_of(why(engine, user, *words), 0)
    assert [warning["code"] for warning in hit["warnings"]] == ["cache-import-failed"]
    env = user_of(engine, **user)
    subprocess.run(["docker", "builder", "prune", "-af"], env=env, check=True, capture_output=True)
    (fork,) = document_of(why(engine, user, *words), 1)["forks"]
    assert [cause["code"] for cause in fork["causes"]] == ["cache-not-imported"]
    sources = fork["causes"][0]["text"]
    assert "type=local" in sources
    assert str(context / "none") in sources


def test_services_that_the_classic_builder_builds_have_their_names(
    engine: RunningEngine, user: dict[str, str], project: Path
) -> None:
    """No request says them; two of these differ in an argument alone, one names its image otherwise."""
    user |= {"DOCKER_BUILDKIT": "0"}
    own = project / "three"
    own.mkdir()
    (own / "Dockerfile").write_text("FROM alpine\nRUN echo three\n")
    (project / "compose.yaml").write_text(f"{COMPOSE}  four: {{build: three, image: other/name}}\n")
    words = (
        "--engine",
        "host",
        "--format",
        "json",
        "--",
        "sh",
        "-c",
        f"cd {project} && docker compose build",
    )
    document = document_of(why(engine, user, *words), 0)
    assert sorted(build["build"] for build in document["builds"]) == ["four", "one", "three", "two"]
    (project / "two" / "data").write_text("changed\n")
    changed = document_of(why(engine, user, *words), 1)
    forked = [build["build"] for build in changed["builds"] if build["verdict"] == "forked"]
    assert sorted(forked) == ["three", "two"]


@BUILDERS
def test_diff_ends_with_3_when_the_later_build_failed(
    engine: RunningEngine,
    user: dict[str, str],
    context: Path,
    tmp_path_factory: pytest.TempPathFactory,
    buildkit: str,
) -> None:
    """Unless it forked before that: then with 1, as after any fork."""
    user |= {"DOCKER_BUILDKIT": buildkit}
    files = tmp_path_factory.mktemp("files")

    def record(name: str, dockerfile: str) -> Path:
        (context / "Dockerfile").write_text(dockerfile)
        file = files / f"{name}.jsonl"
        command = ("--", "docker", "build", context)
        as_host(engine, "record", "--engine", "host", "-o", file, *command, **user)
        return file

    good = record("good", "FROM alpine\nRUN echo a\nCOPY data.txt /\n")
    missing = record("missing", "FROM alpine\nRUN echo a\nCOPY missing.txt /\n")
    failed = document_of(as_host(engine, "diff", good, missing, "--format", "json"), 1)
    assert (failed["verdict"], failed["outcome"]) == ("forked", "failed")
    (context / "data.txt").unlink()
    gone = record("gone", "FROM alpine\nRUN echo a\nCOPY data.txt /\n")
    ended = document_of(as_host(engine, "diff", good, gone, "--format", "json"), 3)
    assert (ended["verdict"], ended["forks"]) == ("error", [])
    assert "data.txt" in ended["failure"]


def test_a_cache_that_could_not_be_imported_is_told_as_that(
    engine: RunningEngine, user: dict[str, str], context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    missing = f"type=local,src={tmp_path_factory.mktemp('cache') / 'none'}"
    refused = "type=registry,ref=127.0.0.1:1/none:1"
    build = ("--engine", "host", "--format", "json", "--", "docker", "buildx", "build")
    assert why(engine, user, *build, context).returncode == 0
    for source in (missing, refused):
        hit = document_of(why(engine, user, *build, "--cache-from", source, context), 0)
        assert [warning["code"] for warning in hit["warnings"]] == ["cache-import-failed"]
        assert source.rpartition("=")[2] in hit["warnings"][0]["text"]
        env = user_of(engine, **user)
        subprocess.run(["docker", "builder", "prune", "-af"], env=env, check=True, capture_output=True)
        missed = document_of(why(engine, user, *build, "--cache-from", source, context), 1)
        (fork,) = missed["forks"]
        assert [cause["code"] for cause in fork["causes"]] == ["cache-not-imported"]
        assert source in fork["causes"][0]["text"]


@pytest.mark.parametrize(
    ("buildkit", "reaches"), [("0", [3, 4, 5, 7, 8]), ("1", [2, 3, 4])], ids=["classic", "buildkit"]
)
def test_a_changed_variable_names_every_step_that_it_reaches(
    engine: RunningEngine, user: dict[str, str], context: Path, buildkit: str, reaches: list[int]
) -> None:
    """One edit heals all: without it, moving the line below the first step shows the next one."""
    user |= {"DOCKER_BUILDKIT": buildkit}
    before = (
        "FROM alpine\nARG WORD=1\nRUN echo one\nRUN echo two\nENV OF=x$WORD\nRUN echo $OF\n"
        "LABEL of=$WORD\nRUN echo last\n"
    )
    (context / "Dockerfile").write_text(before)
    words = (context, "--engine", "host", "--format", "json", "--build-arg")
    assert why(engine, user, *words, "WORD=1").returncode == 0
    changed = document_of(why(engine, user, *words, "WORD=2"), 1)
    (fork,) = changed["forks"]
    (cause,) = fork["causes"]
    assert (cause["code"], cause["status"]) == ("build-arg", "PROVEN")
    assert set(cause["reaches"]) >= set(reaches)
    assert "the first that names it" in cause["remedy"]
    spared = "the key of step 3 RUN, 4 RUN" if buildkit == "0" else "the key of step 2 RUN, 3 RUN"
    assert cause["remedy"].endswith(spared)
    moved = before.replace("ARG WORD=1\n", "").replace("ENV OF", "ARG WORD=1\nENV OF")
    (context / "Dockerfile").write_text(moved)
    why(engine, user, *words, "WORD=1")
    healed = document_of(why(engine, user, *words, "WORD=2"), 1)
    assert [fork["instruction"].split()[0] for fork in healed["forks"]][:1] in (["ENV"], ["RUN"])
    assert all("echo one" not in fork["instruction"] for fork in healed["forks"])
    assert all("echo two" not in fork["instruction"] for fork in healed["forks"])


def test_a_proxy_setting_names_every_step_that_it_marks(
    engine: RunningEngine, user: dict[str, str], context: Path
) -> None:
    user |= {"DOCKER_BUILDKIT": "0"}
    words = (context, "--engine", "host", "--format", "json")
    assert why(engine, user, *words).returncode == 0
    changed = why(engine, user, *words, "--build-arg", "http_proxy=http://proxy:1")
    (fork,) = document_of(changed, 1)["forks"]
    (cause,) = fork["causes"]
    assert (cause["code"], cause["status"], cause["reaches"]) == ("proxy", "PROVEN", [2, 4])
    assert "a proxy setting marks step 2 RUN, 4 RUN" in cause["evidence"]


def test_a_declared_proxy_names_every_step_that_it_reaches(
    engine: RunningEngine, user: dict[str, str], context: Path
) -> None:
    (context / "Dockerfile").write_text(
        "FROM alpine\nARG http_proxy\nRUN echo one\nCOPY data.txt /\nRUN echo $http_proxy\n"
    )
    user |= {"DOCKER_BUILDKIT": "0"}
    words = (context, "--engine", "host", "--format", "json", "--build-arg")
    assert why(engine, user, *words, "http_proxy=http://proxy:1").returncode == 0
    (fork,) = document_of(why(engine, user, *words, "http_proxy=http://proxy:2"), 1)["forks"]
    (cause,) = fork["causes"]
    assert (cause["code"], cause["status"], cause["reaches"]) == ("proxy", "PROVEN", [3, 5])
    assert cause["remedy"].endswith("the first that names it, it no longer enters the key of step 3 RUN")
