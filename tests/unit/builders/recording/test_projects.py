"""What clients say that compose and bake files hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from layerfork.builders.recording.contextplaces import ClientProcess
from layerfork.builders.recording.projects import ProjectBuild, Projects, question_of


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("docker compose build web", "docker compose config --format json"),
        (
            "docker compose -f a.yaml --profile=x -p name up --build",
            "docker compose -f a.yaml --profile=x -p name config --format json",
        ),
        ("/plugins/docker-compose compose -f a up", "/plugins/docker-compose -f a config --format json"),
        ("docker buildx bake web --no-cache", "docker buildx bake --print web --no-cache"),
        ("docker --log-level warn buildx bake", "docker --log-level warn buildx bake --print"),
        ("/plugins/docker-buildx buildx bake a", "/plugins/docker-buildx bake --print a"),
        ("docker-buildx buildx bake --file - --progress rawjson", None),
        ("docker build context", None),
        ("docker buildx build bake.d", None),
        ("make compose bake", None),
        ("", None),
    ],
)
def test_which_command_is_asked(words: str, question: str | None) -> None:
    assert question_of(words.split()) == (None if question is None else tuple(question.split()))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """With a `docker` that prints what lies in ``answer`` and counts how often it is asked."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho asked >> asked\nexec cat answer\n")
    program.chmod(0o755)
    for name in ("one", "docs"):
        (tmp_path / name).mkdir()
    return tmp_path


def said(project: Path, words: str, answer: Any) -> tuple[ProjectBuild, ...]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    (project / "answer").write_text(text)
    projects = Projects({"PATH": f"{project}/bin:/usr/bin:/bin"})
    process = ClientProcess(directory=project, argv=tuple(words.split()))
    first = projects.builds([process])
    assert projects.builds([process, process]) == first
    assert (project / "asked").read_text() == "asked\n"
    return first


def test_services_of_compose(project: Path) -> None:
    web = {
        "context": str(project / "one"),
        "dockerfile": "Other",
        "target": "test",
        "args": {"WORD": "x", "NUMBER": 3, "UNSET": None},
        "cache_from": ["type=local,src=cache"],
        "additional_contexts": {"docs": str(project / "docs"), "base": "docker-image://alpine"},
    }
    services = {
        "web": {"build": web},
        "db": {"image": "db"},
        "far": {"build": {"context": "https://x/y.git"}},
    }
    assert said(project, "docker compose build", {"services": services}) == (
        ProjectBuild(
            name="web",
            directory=str(project / "one"),
            dockerfile="Other",
            target="test",
            arguments=(("WORD", "x"), ("NUMBER", "3")),
            cache_from=("type=local,src=cache",),
            named_contexts=(("docs", str(project / "docs")),),
        ),
        ProjectBuild(name="far", directory="", dockerfile=""),
    )


def test_targets_of_bake(project: Path) -> None:
    """Imports as words, and in parts as buildx of today prints them."""
    target = {"context": "one", "dockerfile": "Dockerfile", "contexts": {"docs": "docs"}}
    imports = [{"src": "cache", "type": "local"}, "user/app:cache"]
    document = {"group": {}, "target": {"web": {**target, "cache-from": imports}}}
    (web,) = said(project, "docker buildx bake", document)
    assert (web.name, web.directory) == ("web", str(project / "one"))
    assert web.cache_from == ("type=local,src=cache", "user/app:cache")
    assert web.named_contexts == (("docs", str(project / "docs")),)


@pytest.mark.parametrize("answer", ["", "unknown flag: --format", "[]", "null", {"services": []}])
def test_a_client_that_says_nothing_of_use(project: Path, answer: Any) -> None:
    assert said(project, "docker compose build", answer) == ()


def test_a_client_that_is_not_there(tmp_path: Path) -> None:
    process = ClientProcess(directory=tmp_path, argv=("docker", "compose", "build"))
    assert Projects({"PATH": str(tmp_path)}).builds([process]) == ()


def test_another_environment_asks_again_only_what_had_no_answer(project: Path) -> None:
    (project / "answer").write_text(json.dumps({"services": {"web": {"build": {"context": "one"}}}}))
    process = ClientProcess(directory=project, argv=("docker", "compose", "build"))
    with_docker = {"PATH": f"{project}/bin:/usr/bin:/bin"}
    without = Projects({"PATH": str(project)})
    assert without.builds([process]) == ()
    asked = without.within(with_docker)
    assert [build.name for build in asked.builds([process])] == ["web"]
    assert asked.within(with_docker).builds([process]) == asked.builds([process])
    assert (project / "asked").read_text() == "asked\n"
