"""Where a build was asked for, by buildx's notes or by what command lines name."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from layerfork.builders.recording.buildplace import find_place
from layerfork.builders.recording.contextplaces import ClientProcess
from layerfork.builders.recording.projects import ProjectBuild, Projects
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import (
    BuildOutcome,
    BuildPlace,
    BuildRecord,
    BuildResult,
    ClientInfo,
    RecordedRequest,
)

REF = "l3m4d28vttdd1h6ix3wihaq0f"
TEXT = "FROM alpine\nCOPY file /\n"


def record(
    size: int = 4,
    name: str = "",
    dockerfile: str = "Dockerfile",
    builder: Builder = Builder.CLASSIC,
    ref: str = "",
    remote: str = "",
) -> BuildRecord:
    entry = ContextEntry(name="./file", type=EntryType.FILE, mode=0o644, size=size)
    return BuildRecord(
        id="r",
        recorded_at="2026-01-02T03:04:05Z",
        builder=builder,
        ref=ref,
        request=RecordedRequest(dockerfile=TEXT, dockerfile_name=dockerfile),
        context=ContextManifest(
            transport=Transport.TAR, entries=(entry,), directory_name=name, remote=remote
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def project(directory: Path, text: str = TEXT, content: str = "four") -> Path:
    directory.mkdir(parents=True)
    (directory / "Dockerfile").write_text(text)
    (directory / "file").write_text(content)
    return directory


def place(build: BuildRecord, directory: Path, *argv: str, **environment: str) -> BuildPlace:
    process = ClientProcess(directory=directory, argv=argv)
    return find_place(
        build, (process,), Projects({}), environment, lambda text: text.replace("s3cret", "hidden")
    )


def note(config: Path, ref: str, **facts: str) -> None:
    path = config / "refs" / "builder" / "node" / ref
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts))


@pytest.mark.parametrize("word", [".", "../p", "{}"])
def test_a_directory_that_the_command_line_names(tmp_path: Path, word: str) -> None:
    directory = project(tmp_path / "p")
    project(tmp_path / "p" / "copy")
    found = place(record(), directory, "docker", "build", word.format(directory))
    assert found == BuildPlace(directory=str(directory))


def test_one_that_nobody_names_is_found_below(tmp_path: Path) -> None:
    directory = project(tmp_path / "deep" / "p")
    project(tmp_path / "other", content="longer")
    project(tmp_path / "another", text="FROM other\n")
    assert place(record(), tmp_path, "make", "image").directory == str(directory)
    assert place(record(name="q"), tmp_path, "make", "image").directory == ""


def test_of_two_that_would_do_there_is_none(tmp_path: Path) -> None:
    one = project(tmp_path / "one")
    project(tmp_path / "two")
    assert place(record(), tmp_path, "make", "image").directory == ""
    assert place(record(name="one"), tmp_path, "make", "image").directory == str(one)


def test_another_text_or_size_is_another_build(tmp_path: Path) -> None:
    project(tmp_path / "p", content="longer")
    assert place(record(), tmp_path, "docker", "build", "p").directory == ""
    assert place(record(size=6), tmp_path, "docker", "build", "p").directory == str(tmp_path / "p")


def test_a_dockerfile_from_elsewhere_proves_nothing(tmp_path: Path) -> None:
    directory = project(tmp_path / "p", text="FROM another\n")
    made_up = record(dockerfile=".dockerfile.0a1b2c3d4e5f60718293")
    assert place(made_up, tmp_path, "docker", "build", "p").directory == str(directory)
    (directory / "Dockerfile").unlink()
    assert place(record(), tmp_path, "docker", "build", "p").directory == ""
    apart = record(builder=Builder.BUILDKIT)
    assert place(apart, tmp_path, "docker", "build", "p").directory == str(directory)


def test_a_remote_context_lies_nowhere(tmp_path: Path) -> None:
    project(tmp_path / "p")
    assert place(record(remote="https://x/y.git"), tmp_path / "p", "docker", "build", ".").directory == ""


@pytest.mark.parametrize("variable", ["BUILDX_CONFIG", "DOCKER_CONFIG", "HOME"])
def test_buildx_knows_it_wherever_its_configuration_lies(tmp_path: Path, variable: str) -> None:
    inside = {"BUILDX_CONFIG": "", "DOCKER_CONFIG": "buildx", "HOME": ".docker/buildx"}[variable]
    note(
        tmp_path / inside,
        REF,
        Target="web",
        LocalPath=str(tmp_path / "s3cret"),
        DockerfilePath=str(tmp_path / "s3cret" / "d" / "Dockerfile"),
    )
    found = place(record(ref=REF), tmp_path, "docker", "buildx", "bake", **{variable: str(tmp_path)})
    assert found == BuildPlace(
        directory=f"{tmp_path}/hidden", dockerfile=f"{tmp_path}/hidden/d/Dockerfile", name="web"
    )


def test_a_plain_build_has_no_name_and_a_url_is_no_directory(tmp_path: Path) -> None:
    note(tmp_path, REF, Target="default", LocalPath="https://x/y.git", DockerfilePath="Dockerfile")
    assert place(record(ref=REF), tmp_path, BUILDX_CONFIG=str(tmp_path)) == BuildPlace()


@pytest.mark.parametrize("ref", ["../../../../x/y", "*", REF])
def test_what_is_no_note_is_passed_over(tmp_path: Path, ref: str) -> None:
    directory = project(tmp_path / "p")
    (tmp_path / "refs" / "b" / "n").mkdir(parents=True)
    (tmp_path / "refs" / "b" / "n" / REF).write_text("{no json")
    found = place(record(ref=ref), tmp_path, "docker", "build", "p", BUILDX_CONFIG=str(tmp_path))
    assert found.directory == str(directory)


class Told(Projects):
    """What a client would say of its project."""

    def __init__(self, *told: ProjectBuild) -> None:
        super().__init__({})
        self.told = told

    def builds(self, processes: Iterable[ClientProcess]) -> tuple[ProjectBuild, ...]:
        return self.told


@pytest.mark.parametrize(
    ("services", "agent", "name"),
    [
        ([{"name": "web"}], "compose/2.40.3", "web"),
        ([{"name": "web"}], "Docker-Client/28.5.2 (linux)", ""),
        ([{"name": "web", "directory": "/elsewhere"}], "compose/2.40.3", ""),
        ([{"name": "web"}, {"name": "test", "target": "test"}], "compose/2.40.3", "web"),
        ([{"name": "web"}, {"name": "other", "dockerfile": "Other"}], "compose/2.40.3", "web"),
        ([{"name": "web"}, {"name": "twin"}], "compose/2.40.3", ""),
        (
            [{"name": "web", "arguments": (("A", "1"),)}, {"name": "two", "arguments": (("A", "2"),)}],
            "compose/2.40.3",
            "",
        ),
        (
            [{"name": "one", "arguments": (("A", "1"), ("KEY", "x"))}, {"name": "none"}],
            "compose/2.40.3 with A=1 KEY=hidden:7",
            "one",
        ),
        (
            [{"name": "one", "arguments": (("A", "1"),)}, {"name": "two", "arguments": (("A", "2"),)}],
            "compose/2.40.3 with A=2 http_proxy=http://proxy:1",
            "two",
        ),
    ],
)
def test_a_service_that_the_classic_builder_builds(
    tmp_path: Path, services: list[dict[str, Any]], agent: str, name: str
) -> None:
    """No request says its name; where several services would do, there is none."""
    directory = project(tmp_path / "app")
    agent, _, words = agent.partition(" with ")
    told = [
        ProjectBuild(**{"directory": str(directory), "dockerfile": "Dockerfile", **each}) for each in services
    ]
    build = record()
    arguments = tuple((key, value) for key, _, value in (word.partition("=") for word in words.split()))
    build = replace(
        build,
        client=ClientInfo(user_agent=agent),
        request=replace(build.request, build_args=arguments),
    )
    process = ClientProcess(directory=tmp_path, argv=("docker", "compose", "build"))
    found = find_place(build, (process,), Told(*told), {}, str)
    assert (found.directory, found.name) == (str(directory), name)
