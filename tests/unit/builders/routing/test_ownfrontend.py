"""Which builds are led to the engine's own frontend, and what is recorded of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from fakes.engines import Obliging
from golden.recorded import recorded

from layerfork.builders.routing.ownfrontend import OwnFrontend, use_own_frontend
from layerfork.record.build import PODMAN, ServedBuilders
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.record import BuildPlace

BELOW = "FROM alpine\nRUN true\n"


def engine(version: str = "26.1.5", *, ours: bool = True, builders: ServedBuilders | None = None) -> Obliging:
    info = EngineInfo(
        kind="private", ours=ours, version=version, api_version="1.45", image_store="graphdriver"
    )
    return Obliging(info=info) if builders is None else Obliging(info=info, builders=builders)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def led(
    project: Path, first: str, *words: str, by: Obliging | None = None, **environment: str
) -> OwnFrontend | None:
    (project / "Dockerfile").write_text(f"{first}\n{BELOW}")
    private = project.parent / "private"
    private.mkdir(exist_ok=True)
    argv = words or ("docker", "build", ".")
    return use_own_frontend(argv, by or engine(), environment, private, lambda line: None)


@pytest.mark.parametrize(
    "first",
    [
        "# syntax=docker/dockerfile:1",
        "#syntax = docker/dockerfile",
        "# syntax=docker.io/docker/dockerfile:1.4",
        "# SYNTAX=docker/dockerfile:1.2.1",
        "# syntax=docker/dockerfile:latest",
    ],
)
def test_the_copy_has_every_line_and_no_syntax(project: Path, first: str) -> None:
    own = led(project, first)
    assert own is not None
    assert own.argv == ("docker", "build", ".", "--file", str(own.copy))
    assert own.copy.name == "Dockerfile"
    head, _, rest = own.copy.read_text().partition("\n")
    assert (head.startswith("#"), "no syntax=" in head, rest) == (True, True, BELOW)
    assert (project / "Dockerfile").read_text() == f"{first}\n{BELOW}"


@pytest.mark.parametrize(
    "first",
    [
        "FROM alpine",
        "# syntax=docker/dockerfile:1-labs",
        "# syntax=docker/dockerfile:1.7",
        "# syntax=docker/dockerfile@sha256:" + "1" * 64,
        "# syntax=example.org/frontend:1",
        "# a comment\n# syntax=docker/dockerfile:1",
        "# syntax=docker/dockerfile:1\n# escape=`",
    ],
)
def test_other_frontends_and_other_directives_build_as_they_stand(project: Path, first: str) -> None:
    assert led(project, first) is None


def test_other_engines_builders_and_commands_build_as_they_stand(project: Path) -> None:
    first = "# syntax=docker/dockerfile:1"
    has_it = engine()
    has_it.images["docker/dockerfile:1"] = ImageFacts(image_id="sha256:" + "1" * 64, history=(), diff_ids=())
    assert led(project, first, by=has_it) is None
    assert led(project, first, by=engine(ours=False)) is None
    assert led(project, first, by=engine("20.10.24")) is None
    assert led(project, first, by=engine("5.4.2", builders=PODMAN)) is None
    assert led(project, first, DOCKER_BUILDKIT="0") is None
    for words in (
        ("make",),
        ("docker", "compose", "build"),
        ("docker", "build", "-"),
        ("docker", "build", "https://example.org/r.git"),
        ("docker", "build", "-f", "-", "."),
        ("docker", "buildx", "bake"),
    ):
        assert led(project, first, *words) is None


def test_another_file_and_its_ignore_file_come_along(project: Path) -> None:
    (project / "ci.Dockerfile").write_text(f"# syntax=docker/dockerfile:1\n{BELOW}")
    (project / "ci.Dockerfile.dockerignore").write_text("*.log\n")
    own = led(project, "FROM scratch", "docker", "buildx", "build", "-t", "x", "-f", "ci.Dockerfile", ".")
    assert own is not None
    assert own.argv[-3:] == (".", "--file", str(own.copy))
    assert (own.copy.parent / "ci.Dockerfile.dockerignore").read_text() == "*.log\n"
    assert own.original == project / "ci.Dockerfile"


def test_its_records_have_the_file_that_a_person_knows(project: Path) -> None:
    own = led(project, "# syntax=docker/dockerfile:1")
    assert own is not None
    record = recorded("seed-buildkit")[0]
    sent = replace(
        record,
        place=BuildPlace(directory=str(project), dockerfile=str(own.copy)),
        request=replace(record.request, dockerfile=own.copy.read_text()),
    )
    told = own.as_asked(sent)
    assert told.place.dockerfile == str(project / "Dockerfile")
    assert told.request.dockerfile == f"# syntax=docker/dockerfile:1\n{BELOW}"
    assert told.request.syntax == ""
    assert own.as_asked(record) == record
