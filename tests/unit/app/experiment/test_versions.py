"""Versions that clients are, say, or do not say."""

from dataclasses import replace
from pathlib import Path

from fakes.engines import Obliging
from fakes.programs import program

from layerfork.app.experiment.clientchoice import (
    Plan,
    PlannedBuild,
    ask_versions,
    client_version,
    versions_used,
)
from layerfork.builders.clients import BuildClient, find_client
from layerfork.builders.clients.client import Choice
from layerfork.builders.clients.own import OwnCommand, own_client
from layerfork.record.build import Builder, Endpoint, Toolchain
from layerfork.record.record import BuildOutcome
from layerfork.record.run import TrialBuild


def endpoint(tmp_path: Path, docker: Path) -> Endpoint:
    toolchain = Toolchain(docker=docker, cli_plugins=None)
    return Endpoint(docker_host="unix:///nowhere", home=tmp_path / "home", toolchain=toolchain)


CLASSIC = Choice(asked=Builder.CLASSIC, expected=Builder.CLASSIC, executing=Builder.CLASSIC)


def planned(word: str, client: BuildClient | None = None) -> PlannedBuild:
    return PlannedBuild(label=word, client=client or find_client(word), choice=CLASSIC, environment=None)


def test_a_library_is_what_its_environment_was_pinned_to(tmp_path: Path) -> None:
    build = planned("docker_py-build@4.4.4")
    assert client_version(build, endpoint(tmp_path, tmp_path / "no-docker")) == "4.4.4"


def test_a_program_is_asked_and_another_toolchain_has_another(tmp_path: Path) -> None:
    says_two = program(tmp_path / "two", "docker", "echo 'Docker version 2.0.0, build x'")
    says_three = program(tmp_path / "three", "docker", "echo 'Docker version 3.0.0, build x'")
    build = planned("docker-build")
    assert client_version(build, endpoint(tmp_path, says_two)) == "2.0.0"
    other = replace(build, toolchain=Toolchain(docker=says_three, cli_plugins=None))
    assert client_version(other, endpoint(tmp_path, says_two)) == "3.0.0"


def test_one_that_says_nothing_or_is_not_there_has_none(tmp_path: Path) -> None:
    says_nothing = program(tmp_path, "docker", "exit 1")
    assert client_version(planned("docker-build"), endpoint(tmp_path, says_nothing)) == ""
    assert client_version(planned("docker-build"), endpoint(tmp_path, tmp_path / "missing")) == ""


def test_every_planned_client_gets_its_version_and_the_others_stay(tmp_path: Path) -> None:
    docker = program(tmp_path, "docker", "echo 'Docker version 2.0.0, build x'")
    own = own_client("mine", OwnCommand(command="make {tag}", version="echo 7.1"), tmp_path)
    silent = own_client("silent", OwnCommand(command="make {tag}"), tmp_path)
    left_out = TrialBuild(client="out", builder="classic", outcome=BuildOutcome.UNSUPPORTED)
    rows = (
        planned("docker-build"),
        left_out,
        planned("mine", own),
        planned("silent", silent),
    )
    plan = ask_versions(Plan(rows=rows), endpoint(tmp_path, docker))
    assert plan.rows[1] is left_out
    assert [(build.label, build.version) for build in plan.builds] == [
        ("docker-build", "2.0.0"),
        ("mine", "7.1"),
        ("silent", ""),
    ]
    used = versions_used(Obliging(), plan)
    assert used.clients == (("docker-build", "2.0.0"), ("mine", "7.1"), ("silent", "unknown"))
    assert dict(used.engine)["Server Version"] == "26.1.5"


def test_what_is_known_is_not_asked_again(tmp_path: Path) -> None:
    docker = program(tmp_path, "docker", "echo 'Docker version 2.0.0, build x'")
    own = own_client("mine", OwnCommand(command="make {tag}", version="echo 7.1"), tmp_path)
    plan, known = Plan(rows=(planned("docker-build"), planned("mine", own))), {"mine": "6"}
    found = ask_versions(plan, endpoint(tmp_path, docker), known)
    assert [build.version for build in found.builds] == ["2.0.0", "6"]
    assert known == {"docker-build": "2.0.0", "mine": "6"}


def test_what_lies_in_an_environment_is_listed(tmp_path: Path) -> None:
    metadata = tmp_path / "lib" / "python3.11" / "site-packages" / "docker-7.2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: docker\nVersion: 7.2.0\n")
    build = replace(planned("docker_py-build"), environment=tmp_path, version="7.2.0")
    ((name, packages),) = versions_used(Obliging(), Plan(rows=(build,))).packages
    assert name.startswith("docker_py-")
    assert packages == ("docker==7.2.0",)
