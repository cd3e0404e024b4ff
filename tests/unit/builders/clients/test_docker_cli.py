"""Golden commands of the docker CLI, buildx, bake and compose."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.clients import find_client
from layerfork.record.build import Builder, BuildRequest, Endpoint, Toolchain

TOOLCHAIN = Toolchain(docker=Path("/t/docker"), cli_plugins=Path("/t/plugins"), version="26.1.5")
ENDPOINT = Endpoint(
    docker_host="unix:///s/d.sock", home=Path("/s/home"), toolchain=TOOLCHAIN, api_version="1.45"
)
PLAIN = BuildRequest(
    context=Path("/p/ctx"),
    context_tar=Path("/p/ctx.tar"),
    dockerfile=Path("/p/ctx/Dockerfile"),
    tag="t:1",
    scratch=Path("/s/b"),
)
FULL = replace(
    PLAIN,
    dockerfile=Path("/p/ctx/sub/D"),
    target="last",
    platform="linux/amd64",
    build_args=(("A", "1"), ("B", "$x ${y} %{z}")),
    labels=(("l", "v"),),
    no_cache=True,
)
FLAGS = (
    *("--target", "last", "--platform", "linux/amd64", "--build-arg", "A=1", "--build-arg", "B=$x ${y} %{z}"),
    *("--label", "l=v", "--no-cache"),
)


@pytest.mark.parametrize(
    ("client_id", "request_", "argv", "stdin"),
    [
        ("docker-build", PLAIN, ("build", "-t", "t:1", "/p/ctx"), None),
        ("docker-build", FULL, ("build", "-t", "t:1", "-f", "/p/ctx/sub/D", *FLAGS, "/p/ctx"), None),
        ("docker-context-build", PLAIN, ("build", "-t", "t:1", "-"), Path("/p/ctx.tar")),
        (
            "docker-context-build",
            FULL,
            ("build", "-t", "t:1", "-f", "sub/D", *FLAGS, "-"),
            Path("/p/ctx.tar"),
        ),
        ("buildx-build", PLAIN, ("buildx", "build", "-t", "t:1", "/p/ctx"), None),
        ("buildx-context-build", PLAIN, ("buildx", "build", "-t", "t:1", "-"), Path("/p/ctx.tar")),
        ("buildx-bake", PLAIN, ("buildx", "bake", "-f", "/s/b/docker-bake.json", "image"), None),
        (
            "docker-compose-build",
            PLAIN,
            ("compose", "-p", "layerfork", "-f", "/s/b/compose.yaml", "build"),
            None,
        ),
        (
            "docker-compose-build",
            FULL,
            ("compose", "-p", "layerfork", "-f", "/s/b/compose.yaml", "build", "--no-cache"),
            None,
        ),
    ],
)
def test_argv(client_id: str, request_: BuildRequest, argv: tuple[str, ...], stdin: Path | None) -> None:
    command = find_client(client_id).build_command(request_, ENDPOINT)
    assert command.argv == ("/t/docker", *argv)
    assert command.stdin == stdin
    assert command.cwd == Path("/s/b")


def test_whole_environment_of_the_clients_default() -> None:
    assert find_client("docker-build").build_command(PLAIN, ENDPOINT).env == {
        "PATH": ENDPOINT.path,
        "HOME": "/s/home",
        "TMPDIR": "/s/home",
        "DOCKER_CONFIG": "/s/home/.docker",
        "DOCKER_HOST": "unix:///s/d.sock",
        "DOCKER_CLI_HINTS": "false",
        "DOCKER_SCAN_SUGGEST": "false",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
    }


def test_plugins_come_from_the_toolchain() -> None:
    ((path, text),) = find_client("docker-build").build_command(PLAIN, ENDPOINT).files
    assert path == Path("/s/home/.docker/config.json")
    assert json.loads(text) == {"cliPluginsExtraDirs": ["/t/plugins"]}


def test_toolchain_without_plugins_leaves_the_search_to_the_cli() -> None:
    endpoint = replace(ENDPOINT, toolchain=replace(TOOLCHAIN, cli_plugins=None))
    ((_, text),) = find_client("docker-build").build_command(PLAIN, endpoint).files
    assert json.loads(text) == {}


def test_bake_file_escapes_templates() -> None:
    path, text = find_client("buildx-bake").build_command(FULL, ENDPOINT).files[-1]
    assert path == Path("/s/b/docker-bake.json")
    assert json.loads(text) == {
        "target": {
            "image": {
                "context": "/p/ctx",
                "dockerfile": "/p/ctx/sub/D",
                "tags": ["t:1"],
                "target": "last",
                "platforms": ["linux/amd64"],
                "args": {"A": "1", "B": "$x $${y} %%{z}"},
                "labels": {"l": "v"},
                "no-cache": True,
            }
        }
    }


def test_compose_file_escapes_variables() -> None:
    path, text = find_client("docker-compose-build").build_command(FULL, ENDPOINT).files[-1]
    assert path == Path("/s/b/compose.yaml")
    build = {
        "context": "/p/ctx",
        "dockerfile": "/p/ctx/sub/D",
        "target": "last",
        "args": ["A=1", "B=$$x $${y} %{z}"],
        "labels": ["l=v"],
    }
    assert json.loads(text) == {
        "services": {"image": {"image": "t:1", "build": build, "platform": "linux/amd64"}}
    }


@pytest.mark.parametrize(
    ("cli", "api", "builder"),
    [
        ("20.10.5", "1.41", Builder.CLASSIC),
        ("20.10.24", "1.45", Builder.BUILDKIT),
        ("26.1.5", "1.41", Builder.BUILDKIT),
        ("26.1.5", "1.45", Builder.BUILDKIT),
        ("", "1.51", Builder.BUILDKIT),
    ],
)
def test_default_builder(cli: str, api: str, builder: Builder) -> None:
    endpoint = replace(ENDPOINT, api_version=api, toolchain=replace(TOOLCHAIN, version=cli))
    assert find_client("docker-build").choose(None, endpoint).expected is builder
    assert find_client("buildx-build").choose(None, endpoint).expected is Builder.BUILDKIT


def test_new_cli_without_buildx_falls_back() -> None:
    endpoint = replace(ENDPOINT, toolchain=replace(TOOLCHAIN, plugins=("compose",)))
    assert find_client("docker-build").choose(None, endpoint).expected is Builder.CLASSIC
