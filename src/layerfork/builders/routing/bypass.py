"""Flags and settings by which a command would bypass its recorder, or build differently under it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath

from layerfork.builders.engines.hostcontext import docker_config_directory

DOCKER = ("docker", "docker-compose")
ENGINE_FLAGS = {"-c": "host:{}", "--context": "host:{}", "-H": "", "--host": ""}
"""Flags that win over DOCKER_HOST, and the engine to name instead.
Source: docker/cli cli/flags/options.go (InstallFlags), v20.10 to v29."""
VALUE_FLAGS = (*ENGINE_FLAGS, "--config", "-l", "--log-level", "--tlscacert", "--tlscert", "--tlskey")


def find_ways_past(argv: Sequence[str], docker_host: str, environment: Mapping[str, str]) -> Iterator[str]:
    """Warnings before the command runs; ``docker_host`` is the address of the engine that is recorded."""
    for flag, value in _engine_flags(argv):
        instead = ENGINE_FLAGS[flag].format(value)
        advice = f"drop it and add --engine {instead}" if instead else f"drop it and set DOCKER_HOST={value}"
        yield f"builds of this command will not be recorded: {flag} bypasses the recorder; {advice}"
    config = docker_config_directory(environment) / "config.json"
    if docker_host in _proxied(config):
        yield (
            f"{config} sets proxies for {docker_host}: they are not passed to builds while recording;  "
            'name them under "default"'
        )


def _engine_flags(argv: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Those in front of docker's subcommand."""
    if PurePath(argv[0]).name not in DOCKER:
        return
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        flag, equals, value = words.pop(0).partition("=")
        if not equals and flag in VALUE_FLAGS and words:
            value = words.pop(0)
        if flag in ENGINE_FLAGS:
            yield flag, value


def _proxied(config: Path) -> frozenset[str]:
    """Addresses of engines for which docker's configuration has proxies; every client passes them to builds.

    Source: docker/cli cli/config/configfile/file.go (ParseProxyConfig), v20.10 to v29.
    """
    try:
        proxies = json.loads(config.read_text(encoding="utf-8")).get("proxies")
    except (OSError, ValueError, AttributeError, RecursionError):
        return frozenset()
    return frozenset(proxies) if isinstance(proxies, dict) else frozenset()
