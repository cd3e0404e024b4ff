"""By which rules clients send a directory: what a row of the table says, by version and builder.

The rules themselves are in `layerfork.context.clientrules`. Tars that a person makes are expected to be made
as `layerfork run` makes them: ``tar -cf context.tar .``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from layerfork.record.build import Builder


@dataclass(frozen=True, slots=True)
class FollowedRules:
    """The context rules that a client follows."""

    id: str
    """Of `clientrules`."""
    docker_py: tuple[int, int] | None = None
    """Of docker-py the version; None is the newest."""


ContextRulesOf = Callable[[str, Builder], FollowedRules | None]
"""What a version of a client follows with a builder; None where that is not modelled."""
_NEWEST_DOCKER = 28


def follows(rules: str, docker_py: tuple[int, int] | None = None) -> ContextRulesOf:
    """The same rules in every version, with every builder."""
    followed = FollowedRules(rules, docker_py)
    return lambda version, builder: followed


def not_modelled(version: str, builder: Builder) -> None:
    """The client reads no directory, or leaves files out by rules of its own."""


def docker_cli(version: str, builder: Builder) -> FollowedRules:
    """The docker CLI, by its version: BuildKit's transfer, or the tar for the classic builder."""
    found = re.match(r"\d+", version)
    major = int(found.group()) if found else _NEWEST_DOCKER
    if builder is Builder.BUILDKIT:
        return FollowedRules("buildkit" if major >= 23 else "buildkit-20.10")
    return FollowedRules(
        "docker-cli" if major >= 24 else "docker-cli-23" if major == 23 else "docker-cli-20.10"
    )


def newest_docker_cli(version: str, builder: Builder) -> FollowedRules:
    """Programs that are plugins of the docker CLI or run it; their own version is another one."""
    return docker_cli("", builder)


def docker_py(version: str, builder: Builder) -> FollowedRules:
    """docker-py, by its version."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return FollowedRules("docker-py", (int(found[1]), int(found[2])) if found else None)
