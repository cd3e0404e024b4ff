"""Clients that people describe by their command."""

from pathlib import Path

import pytest

from layerfork.builders.clients import needed_features
from layerfork.builders.clients.own import OwnCommand, is_own_client, own_client
from layerfork.errors import UsageError
from layerfork.record.build import Builder, BuildRequest, Endpoint, Toolchain

ENDPOINT = Endpoint(
    docker_host="unix:///s.sock",
    home=Path("/home"),
    toolchain=Toolchain(docker=Path("/tools/docker"), cli_plugins=Path("/tools/plugins")),
)


def request(**more: object) -> BuildRequest:
    facts: dict[str, object] = {
        "context": Path("/con text"),
        "context_tar": Path("/context.tar"),
        "dockerfile": Path("/con text/Dockerfile"),
        "tag": "name:1",
        "scratch": Path("/scratch"),
    }
    return BuildRequest(**{**facts, **more})  # type: ignore[arg-type]


def script(command: str, **more: object) -> str:
    client = own_client("mine", OwnCommand(command=command), Path("/here"))
    return client.build_command(request(**more), ENDPOINT, Builder.CLASSIC).argv[2]


def test_words_are_replaced_and_quoted() -> None:
    assert script("make image TAG={tag} DIR={context}") == "make image TAG=name:1 DIR='/con text'"
    assert script("x {tag} {tar}") == "x name:1 /context.tar"
    arguments = script("x {tag} {build_args}", build_args=(("A", "b c"), ("D", "$e")))
    assert arguments == "x name:1 --build-arg 'A=b c' --build-arg 'D=$e'"


def test_other_braces_stay_as_they_are() -> None:
    assert script("x {tag} ${VAR} {a,b} {{.ID}} { print } {}") == "x name:1 ${VAR} {a,b} {{.ID}} { print } {}"


def test_it_runs_where_the_user_is_with_the_engines_docker_first() -> None:
    command = own_client("mine", OwnCommand(command="make {tag}"), Path("/here")).build_command(
        request(build_args=(("API_TOKEN", "planted"),)), ENDPOINT, Builder.CLASSIC
    )
    assert command.cwd == Path("/here")
    assert command.env["PATH"].startswith("/tools:")
    assert command.env["DOCKER_HOST"] == "unix:///s.sock"
    assert command.env["DOCKER_BUILDKIT"] == "0"
    assert "planted" in command.secrets


def test_what_a_command_cannot_pass_on_is_declared() -> None:
    client = own_client("mine", OwnCommand(command="make {tag} {build_args}"), Path("/here"))
    assert client.why_not(request(build_args=(("A", "b"),))) == ()
    (reason,) = client.why_not(request(target="stage"))
    assert "{target}" in reason
    wanted = needed_features(request(target="stage", labels=(("a", "b"),)))
    assert wanted <= set(dict(client.lacks))


@pytest.mark.parametrize(
    ("name", "command", "message"),
    [
        ("mine", "make image", "does not name the image"),
        ("a b", "make {tag}", "is not a valid name of a client"),
    ],
)
def test_a_description_that_cannot_work_is_named(name: str, command: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        own_client(name, OwnCommand(command=command), Path("/here"))


def test_words_of_the_command_line_are_told_apart() -> None:
    assert is_own_client("mine=make image TAG={tag}")
    assert not is_own_client("docker-build@20.10+classic")
    assert not is_own_client("a b=make")


@pytest.mark.parametrize("command", ["make TAG={tag} X={typo}", "make TAG={tag} {build-args}"])
def test_an_unknown_placeholder_is_named_with_those_that_there_are(command: str) -> None:
    with pytest.raises(UsageError, match="unknown placeholder") as caught:
        own_client("mine", OwnCommand(command=command), Path("/here"))
    assert "{tag}" in caught.value.hint
    assert "{build_args}" in caught.value.hint


def test_a_version_command_takes_no_placeholder() -> None:
    with pytest.raises(UsageError, match=r"\{tag\}"):
        own_client("mine", OwnCommand(command="make {tag}", version="make {tag}"), Path("/here"))
