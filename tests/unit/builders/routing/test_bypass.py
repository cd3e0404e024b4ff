"""What is said before a command that its recorder will not see, or that would build otherwise."""

import json
from pathlib import Path

import pytest

from layerfork.builders.routing.bypass import find_ways_past

ENGINE = "unix:///var/run/docker.sock"


def said(words: str, config: Path) -> list[str]:
    return list(find_ways_past(words.split(), ENGINE, {"DOCKER_CONFIG": str(config)}))


@pytest.mark.parametrize("words", ["docker --context far build .", "docker --log-level info -c=far build ."])
def test_a_context_on_the_command_line(words: str, tmp_path: Path) -> None:
    [line] = said(words, tmp_path)
    assert line.endswith("bypasses the recorder; drop it and add --engine host:far")


def test_an_address_on_the_command_line(tmp_path: Path) -> None:
    [line] = said("/usr/bin/docker -H tcp://a:1 build .", tmp_path)
    assert "-H bypasses the recorder; drop it and set DOCKER_HOST=tcp://a:1" in line


@pytest.mark.parametrize("words", ["docker build --context far .", "docker run -H x alpine", "make -c far"])
def test_flags_of_other_programs_and_subcommands(words: str, tmp_path: Path) -> None:
    assert said(words, tmp_path) == []


@pytest.mark.parametrize(("address", "count"), [(ENGINE, 1), ("default", 0), ("tcp://a:1", 0)])
def test_proxies_of_this_engine_alone(address: str, count: int, tmp_path: Path) -> None:
    proxies = {"proxies": {address: {"httpProxy": "http://proxy:3128"}}}
    (tmp_path / "config.json").write_text(json.dumps(proxies))
    assert len(said("docker build .", tmp_path)) == count


@pytest.mark.parametrize("text", ["", "[]", '{"proxies": []}', "{"])
def test_a_configuration_that_holds_no_proxies(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    assert said("docker build .", tmp_path) == []
