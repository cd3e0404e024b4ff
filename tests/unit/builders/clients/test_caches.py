"""Caches that clients are asked to import and export, and those that are not asked."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.clients import CLIENTS, find_client
from layerfork.builders.clients.client import Call
from layerfork.record.build import Builder, BuildRequest, Endpoint, PodmanTools, Toolchain

ENDPOINT = Endpoint(
    docker_host="unix:///s/d.sock",
    home=Path("/s/home"),
    toolchain=Toolchain(docker=Path("/t/docker"), cli_plugins=Path("/t/plugins"), version="26.1.5"),
    api_version="1.45",
)
PLAIN = BuildRequest(
    context=Path("/p/ctx"),
    context_tar=Path("/p/ctx.tar"),
    context_url="http://h/c.tar",
    context_git="http://h/c.git",
    dockerfile=Path("/p/ctx/Dockerfile"),
    tag="t:1",
    scratch=Path("/s/b"),
)
IMPORTS = replace(PLAIN, cache_from="type=local,src=/c")
EXPORTS = replace(PLAIN, cache_to="type=local,dest=/c")
BOTH = replace(IMPORTS, cache_to=EXPORTS.cache_to)


@pytest.mark.parametrize("client_id", ["docker-build", "docker-url-build", "buildx-context-build"])
def test_flags(client_id: str) -> None:
    argv = " ".join(find_client(client_id).build_command(BOTH, ENDPOINT).argv)
    assert " --cache-from type=local,src=/c --cache-to type=local,dest=/c " in argv


def test_flags_of_podman() -> None:
    tools = PodmanTools(podman=Path("/t/podman"), buildah=Path("/t/buildah"))
    with_podman = replace(ENDPOINT, podman=tools)
    client = find_client("podman-build")
    argv = " ".join(client.make_command(_call(BOTH, with_podman)).argv)
    assert " --cache-from type=local,src=/c --cache-to type=local,dest=/c " in argv


def _call(request: BuildRequest, endpoint: Endpoint) -> Call:
    return Call(
        request=request, endpoint=endpoint, builder=None, expected=Builder.BUILDAH, environment_dir=None
    )


def test_files_of_bake_and_compose() -> None:
    bake = find_client("buildx-bake").build_command(BOTH, ENDPOINT).files[-1][1]
    compose = find_client("docker-compose-build").build_command(BOTH, ENDPOINT).files[-1][1]
    target, build = (
        json.loads(bake)["target"]["image"],
        json.loads(compose)["services"]["image"]["build"],
    )
    assert (target["cache-from"], target["cache-to"]) == (["type=local,src=/c"], ["type=local,dest=/c"])
    assert (build["cache_from"], build["cache_to"]) == (["type=local,src=/c"], ["type=local,dest=/c"])


def test_docker_py_imports_since_2() -> None:
    client = find_client("docker_py-build")
    argument = client.build_command(IMPORTS, ENDPOINT, None, Path("/e")).argv[-1]
    assert json.loads(argument)["cache_from"] == "type=local,src=/c"
    assert client.why_not(IMPORTS) == ()
    assert client.why_not(EXPORTS) == ("layerfork does not ask it to export a cache",)
    (reason,) = find_client("docker_py-build@1.10.6").why_not(IMPORTS)
    assert reason == "build() of docker-py before 2.0 has no cache_from="


def test_who_is_asked() -> None:
    """The others are untold, never asked without what was wanted."""
    asked = {client.name for client in CLIENTS if not client.why_not(BOTH)}
    assert asked == {
        *("docker-build", "docker-context-build", "docker-file_stdin-build", "docker-url-build"),
        *("docker-git-build", "buildx-build", "buildx-context-build", "buildx-bake", "docker-compose-build"),
        *("podman-build", "podman-context-build", "podman-remote-build", "buildah-bud", "buildah-bud-layers"),
    }
