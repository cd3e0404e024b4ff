"""Golden commands of docker-py."""

import json
from pathlib import Path

import pytest

from layerfork.builders.clients import find_client
from layerfork.record.build import BuildRequest, Endpoint, Toolchain

ENDPOINT = Endpoint(
    docker_host="unix:///s/d.sock",
    home=Path("/s/home"),
    toolchain=Toolchain(docker=Path("/t/docker"), cli_plugins=None),
)
REQUEST = BuildRequest(
    context=Path("/p/ctx"),
    context_tar=Path("/p/ctx.tar"),
    dockerfile=Path("/p/ctx/sub/D"),
    tag="t:1",
    scratch=Path("/s/b"),
    target="last",
    build_args=(("A", "1"),),
    labels=(("l", "v"),),
    no_cache=True,
)


@pytest.mark.parametrize(
    ("client_id", "context", "tar"),
    [("docker_py-build", "/p/ctx", False), ("docker_py-context-build@4.4.4", "/p/ctx.tar", True)],
)
def test_command(client_id: str, context: str, tar: bool) -> None:
    command = find_client(client_id).build_command(REQUEST, ENDPOINT, None, Path("/e"))
    *words, argument = command.argv
    assert words[:2] == ["/e/bin/python", "-I"]
    assert Path(words[2]).name == "docker_py.py"
    assert Path(words[2]).is_file()
    assert json.loads(argument) == {
        "context": context,
        "tar": tar,
        "dockerfile": "sub/D",
        "tag": "t:1",
        "target": "last",
        "platform": "",
        "build_args": {"A": "1"},
        "labels": {"l": "v"},
        "no_cache": True,
        "cache_from": "",
        "buildkit": False,
        "options": {},
    }


def test_newest_version_is_found_by_its_number() -> None:
    newest, numbered = find_client("docker_py-build"), find_client("docker_py-build@7.2.0")
    assert newest.environment == numbered.environment
