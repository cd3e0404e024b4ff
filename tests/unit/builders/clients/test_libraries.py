"""Golden commands of libraries other than docker-py, and of compose v1 and ansible."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.clients import find_client
from layerfork.record.build import Builder, BuildRequest, Command, Endpoint, Toolchain

ENDPOINT = Endpoint(
    docker_host="unix:///s/d.sock",
    home=Path("/s/home"),
    toolchain=Toolchain(docker=Path("/t/docker"), cli_plugins=Path("/t/plugins"), version="26.1.5"),
    path="/usr/bin",
    api_version="1.45",
)
REQUEST = BuildRequest(
    context=Path("/p/ctx"),
    context_tar=Path("/p/ctx.tar"),
    dockerfile=Path("/p/ctx/Dockerfile"),
    tag="t:1",
    scratch=Path("/s/b"),
)


def command(client_id: str, request: BuildRequest = REQUEST, builder: Builder | None = None) -> Command:
    return find_client(client_id).build_command(request, ENDPOINT, builder, Path("/e"))


def test_compose_v1_runs_the_toolchains_docker() -> None:
    made = command("docker-compose-build@1.29.2", replace(REQUEST, no_cache=True))
    assert made.argv == (
        *("/e/bin/python", "-I", "-m", "compose", "-p", "layerfork", "-f", "/s/b/compose.yaml"),
        *("build", "--no-cache"),
    )
    assert made.env["PATH"] == "/t:/usr/bin"
    assert "COMPOSE_DOCKER_CLI_BUILD" not in made.env
    assert [path.name for path, _ in made.files] == ["config.json", "compose.yaml"]


def test_compose_v1_can_build_by_itself() -> None:
    assert command("docker-compose-python-build").env["COMPOSE_DOCKER_CLI_BUILD"] == "0"


def test_only_libraries_that_run_docker_get_its_configuration() -> None:
    assert command("aiodocker-context-build").files == ()
    assert command("aiodocker-context-build").env["PATH"] == "/usr/bin"
    assert [path.name for path, _ in command("python_on_whales-build").files] == ["config.json"]
    assert command("python_on_whales-build").env["PATH"] == "/t:/usr/bin"


def test_shim_is_told_which_builder_it_will_be() -> None:
    def buildkit(client_id: str, builder: Builder | None = None) -> bool:
        return bool(json.loads(command(client_id, builder=builder).argv[-1])["buildkit"])

    assert buildkit("python_on_whales-build")
    assert not buildkit("python_on_whales-build", Builder.CLASSIC)
    assert not buildkit("dockerode-build")
    assert buildkit("dockerode-build+buildkit")
    assert buildkit("docker_node_sdk-context-build")


def test_node_shims_find_their_modules() -> None:
    made = command("dockerode-tar_fs-build")
    assert made.argv[0] == "/e/bin/node"
    assert Path(made.argv[1]).is_file()
    assert json.loads(made.argv[2])["options"] == {"call": "tar-fs"}
    assert made.env["NODE_PATH"] == "/e/node_modules"


def test_ansible_gets_its_arguments_untemplated() -> None:
    request = replace(REQUEST, build_args=(("A", "{{ x }}"), ("B", "$y")), no_cache=True)
    made = command("ansible-docker_image", request)
    assert made.argv[-3:-1] == ("community.docker.docker_image", "-a")
    assert json.loads(made.argv[-1]) == {
        "name": "t:1",
        "source": "build",
        "force_source": True,
        "build": {
            "path": "/p/ctx",
            "args": {"A": "{% raw %}{{ x }}{% endraw %}", "B": "$y"},
            "nocache": True,
        },
    }
    made = command("ansible-docker_image_build", replace(REQUEST, platform="linux/amd64"))
    assert json.loads(made.argv[-1]) == {
        "name": "t:1",
        "path": "/p/ctx",
        "platform": ["linux/amd64"],
        "rebuild": "always",
    }


def test_compose_of_2015_names_the_image_itself() -> None:
    client = find_client("docker-compose-build@1.5.2")
    request = replace(REQUEST, tag="layerfork-ab12/docker:7", dockerfile=Path("/p/ctx/sub/D"))
    made = client.build_command(request, ENDPOINT, None, Path("/e"))
    assert client.image_ref(request) == "layerforkab12docker7_image:latest"
    assert made.argv[-5:] == ("-p", "layerforkab12docker7", "-f", "/s/b/compose.yaml", "build")
    assert made.env["COMPOSE_API_VERSION"] == "1.24"
    ((_, text),) = made.files
    assert json.loads(text) == {"image": {"build": "/p/ctx", "dockerfile": "sub/D"}}


def test_podman_names_images_on_localhost() -> None:
    client = find_client("podman-build")
    for tag, name in (
        ("t:1", "localhost/t:1"),
        ("a/t:1", "localhost/a/t:1"),
        ("r.example/t:1", "r.example/t:1"),
    ):
        assert client.image_ref(replace(REQUEST, tag=tag)) == name


@pytest.mark.parametrize("client_id", ["docker_compose_npm-build", "docker_cli_js-build", "dolphin-build"])
def test_node_libraries_that_run_docker_get_the_toolchains(client_id: str) -> None:
    made = command(client_id, builder=Builder.CLASSIC)
    assert made.argv[0] == "/e/bin/node"
    assert made.env["PATH"] == "/t:/usr/bin"
    assert made.env["NODE_PATH"] == "/e/node_modules"
    assert made.env["DOCKER_BUILDKIT"] == "0"
    assert made.files[0][0] == Path("/s/home/.docker/config.json")


def test_docker_compose_of_npm_finds_the_file_that_compose_gets() -> None:
    """Its shim reads ``compose.yaml`` of the working directory."""
    made = command("docker_compose_npm-build")
    compose = command("docker-compose-build")
    assert made.cwd == Path("/s/b")
    assert made.files[-1] == compose.files[-1]
    assert made.files[-1][0] == Path("/s/b/compose.yaml")


@pytest.mark.parametrize(
    ("client_id", "features"),
    [
        ("dockerode_compose-build", "dockerfile-name dockerfile-outside no-cache platform"),
        ("node_docker_api-build", "dockerfile-outside"),
        ("resin_docker_build-build", "dockerfile-outside"),
        ("docker_compose_npm-build", ""),
        ("docker_cli_js-build", ""),
        ("dolphin-build", "dockerfile-name dockerfile-outside no-cache platform target"),
        ("pytest_docker_tools-build", ""),
    ],
)
def test_what_a_library_cannot_pass_on(client_id: str, features: str) -> None:
    """By what its own code does with an option: tried on Engine 26.1.5."""
    assert sorted(str(feature) for feature, _ in find_client(client_id).lacks) == features.split()
