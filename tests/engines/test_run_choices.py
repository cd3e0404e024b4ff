"""`layerfork run` end to end: what a person can choose."""

import json
from pathlib import Path

import pytest
from engines.running import layerfork, report

pytestmark = pytest.mark.engine


def test_a_directory_with_arguments_labels_and_a_target(context: Path) -> None:
    (context / "Dockerfile").write_text(
        "FROM alpine AS base\nARG WORD=none\nRUN echo $WORD\nCOPY data.txt /\n"
        "FROM base AS extra\nRUN exit 1\n"
    )
    words = ["--target", "base", "--build-arg", "WORD=given", "--label", "who=me", "--no-controls"]
    document = report(context, "--builder", "classic", *words, code=1)
    assert [build["outcome"] for build in document["builds"]] == ["succeeded"] * 5
    steps = [step["instruction"] for step in document["builds"][0]["steps"]]
    assert any("LABEL" in step and "who" in step for step in steps)
    assert not any("exit 1" in step for step in steps)


def test_a_client_that_cannot_is_listed_with_the_reason(context: Path) -> None:
    document = report(
        context, "--builder", "buildkit", "--client", "docker-build", "--client", "docker_py-build", code=0
    )
    rows = {build["client"]: build for build in document["builds"]}
    assert rows["docker_py-build"]["outcome"] == "unsupported"
    assert "BuildKit" in rows["docker_py-build"]["reason"]
    assert rows["docker-build"]["outcome"] == "succeeded"


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_contexts_from_a_url_and_from_git_are_served(builder: str) -> None:
    clients = ["--client=docker-build", "--client=docker-url-build", "--client=docker-git-build"]
    document = report("--builder", builder, *clients, code=int(builder == "classic"))
    assert [build["outcome"] for build in document["builds"]] == ["succeeded"] * len(clients)
    assert [build["control"] for build in document["builds"]] == ["hit"] * len(clients)
    expected = [["docker-build", "docker-git-build"], ["docker-url-build"]]
    assert document["classes"] == (
        expected if builder == "classic" else [["docker-build", "docker-url-build", "docker-git-build"]]
    )


@pytest.mark.parametrize("generation", ["20.10.5", "20.10", "26.1", "26.1+containerd", "28.5"])
def test_buildkit_clones_in_the_engine(context: Path, generation: str) -> None:
    """It fetches with a depth, and looks for submodules: git's HTTP helper and its scripts work there."""
    (context / "run.sh").write_text("#!/bin/sh\n")
    (context / "run.sh").chmod(0o700)
    (context / ".gitattributes").write_text("data.txt export-ignore\n")
    (context / "Dockerfile").write_text("FROM alpine\nCOPY data.txt /\nCOPY run.sh /\n")
    clients = ["--client=docker-build", "--client=docker-git-build"]
    words = ["--builder=buildkit", f"--engine=private:{generation}", "--format=json", *clients]
    done = layerfork("run", context, *words)
    document = json.loads(done.stdout)
    assert [build["outcome"] for build in document["builds"]] == ["succeeded"] * 2, done.stderr
    assert [build["control"] for build in document["builds"]] == ["hit"] * 2
    statuses = [step["status"] for step in document["builds"][1]["steps"]]
    assert statuses == ["hit", "hit", "miss"], "git knows no 0700"
    assert not [each for each in document["warnings"] if each["code"] == "contradiction"]
    if not generation.startswith("20.10"):
        ((cause,),) = (fork["causes"] for fork in document["forks"])
        assert (cause["code"], cause["status"]) == ("mode", "PROVEN")


def test_a_client_of_ones_own_is_a_full_citizen(context: Path) -> None:
    own = "mine=docker build -q -t {tag} {context}"
    document = report(context, "--builder", "classic", "--client", own, "--client", "docker-build", code=0)
    assert document["classes"] == [["mine", "docker-build"]]


def test_a_docker_cli_of_another_generation_forks_by_its_mode(context: Path) -> None:
    clients = ["--client", "docker-build@20.10.24", "--client", "docker-build"]
    document = report(context, "--builder", "classic", *clients, code=1)
    (fork,) = document["forks"]
    cause, hint = fork["causes"]
    assert (cause["code"], cause["status"]) == ("mode-type-bits", "PROVEN")
    assert (hint["code"], hint["status"]) == ("client-version", "SUSPECTED")
    assert (hint["writer"], hint["reader"][:3]) == ("20.10.24", "26.")
    assert [build["version"] for build in document["builds"]] == [hint["writer"], hint["reader"]]


def test_engines_side_by_side_and_resumed(context: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    words = ["--engine=private:20.10", "--engine=private", "--builder=classic", "--format=json"]
    clients = ["--client=docker-build", "--client=docker_py-build", "--no-controls"]
    first = layerfork("run", context, *words, *clients, "-o", file)
    assert first.returncode == 1, first.stderr
    document = json.loads(first.stdout)
    assert document["schema"] == "layerfork/matrix/1"
    verdicts = {run["engine"]["version"][:5]: run["verdict"] for run in document["runs"]}
    assert verdicts == {"20.10": "forked", "26.1.": "reused"}
    again = layerfork("run", context, *words, *clients, "--resume", file)
    assert again.stderr.count("taken from the earlier run") == 2
    assert json.loads(again.stdout)["runs"] == document["runs"]


def test_a_plan_builds_nothing(context: Path) -> None:
    done = layerfork(
        "run", context, "--engine=private", "--plan", "--client=docker-build", "--client=podman-build"
    )
    assert done.returncode == 0, done.stderr
    assert ": 1 build\n" in done.stdout
    assert "podman-build: podman's own programs build with podman only" in done.stdout


def test_a_client_that_misses_its_own_build_is_explained(
    context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Another value for every build: its control cannot hit, and the reason is named; also after a resume."""
    (context / "Dockerfile").write_text("FROM alpine\nARG STAMP\nRUN echo $STAMP\n")
    stamp = "$(cat /proc/sys/kernel/random/uuid)"
    client = f'stamp=sh -c "docker build -t {{tag}} --build-arg STAMP={stamp} {{context}}"'
    file = tmp_path_factory.mktemp("out") / "records.jsonl"
    words = ("run", context, "--engine=private", "--format=json", "--client", client)
    first = layerfork(*words, "-o", file)
    document = json.loads(first.stdout)
    assert first.returncode == 1, first.stderr
    assert [build["control"] for build in document["builds"]] == ["miss"]
    (fork,) = document["forks"]
    assert (fork["writer"], fork["reader"]) == ("stamp", "stamp again")
    assert [(cause["code"], cause["status"]) for cause in fork["causes"]] == [("build-arg", "PROVEN")]
    again = layerfork(*words, "--resume", file)
    assert "nothing is built again" in again.stderr
    assert json.loads(again.stdout)["forks"] == document["forks"]
