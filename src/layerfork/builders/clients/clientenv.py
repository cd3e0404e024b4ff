"""The environment variables and configuration files that every client runs with."""

import json
from collections.abc import Mapping
from pathlib import Path

from layerfork.errors import ClientError
from layerfork.record.build import (
    CHOOSES_A_BUILDER,
    NAMES_A_BUILDER,
    NAMES_AN_ENGINE,
    OF_ONE_ENGINE,
    Builder,
    BuildRequest,
    Endpoint,
    PodmanTools,
    without,
)
from layerfork.record.secrets import looks_secret


def variables(endpoint: Endpoint, builder: Builder | None, **more: str) -> dict[str, str]:
    """A client's whole environment.

    Temporary files go to the private HOME: some clients leave them behind.
    ``DOCKER_BUILDKIT`` is set when a builder is asked for, and absent when the client shall choose.
    With ``endpoint.inherit`` the user's HOME, PATH and docker configuration stay as they are: letting
    them tint the build is what was asked for. Where the engine is, and a builder that was asked for, are not.
    """
    env = {
        "PATH": endpoint.path,
        "HOME": str(endpoint.home),
        "TMPDIR": str(endpoint.home),
        "DOCKER_CONFIG": str(docker_config_dir(endpoint)),
        "LC_ALL": "C.UTF-8",
        **without(endpoint.inherit, NAMES_AN_ENGINE, NAMES_A_BUILDER, OF_ONE_ENGINE),
        "DOCKER_HOST": endpoint.docker_host,
        "NO_COLOR": "1",
        "DOCKER_CLI_HINTS": "false",
        "DOCKER_SCAN_SUGGEST": "false",
    }
    if builder is not None:
        env = without(env, CHOOSES_A_BUILDER)
        env["DOCKER_BUILDKIT"] = "1" if builder is Builder.BUILDKIT else "0"
    return env | more


def docker_config_dir(endpoint: Endpoint) -> Path:
    """Where the client's docker configuration lies."""
    home = Path(endpoint.inherit.get("HOME", endpoint.home))
    return Path(endpoint.inherit.get("DOCKER_CONFIG", home / ".docker"))


def config_files(endpoint: Endpoint) -> tuple[tuple[Path, str], ...]:
    """The docker configuration of a private HOME; nothing is written into a user's own.

    ``cliPluginsExtraDirs`` come before every other plugin directory, the system's included.
    Source: docker/cli cli-plugins/manager/manager.go getPluginDirs, v20.10.5 to v28.5.2.
    """
    if endpoint.inherit:
        return ()
    config: dict[str, object] = {}
    if endpoint.toolchain.cli_plugins is not None:
        config["cliPluginsExtraDirs"] = [str(endpoint.toolchain.cli_plugins)]
    return ((docker_config_dir(endpoint) / "config.json", json.dumps(config) + "\n"),)


def docker_on_path(env: Mapping[str, str], endpoint: Endpoint) -> dict[str, str]:
    """The variables of a client that runs ``docker`` itself: the toolchain's comes first on PATH."""
    return {**env, "PATH": f"{endpoint.toolchain.docker.parent}:{env['PATH']}"}


def podman_tools(endpoint: Endpoint) -> PodmanTools:
    """podman's programs on an endpoint. Raises: ClientError when its engine is not podman."""
    if endpoint.podman is None:
        raise ClientError("this client builds with podman only", "use it with: --engine podman")
    return endpoint.podman


def secret_values(request: BuildRequest) -> tuple[str, ...]:
    """Build argument values to hide, in every spelling that a command line may hold them in."""
    values = [value for name, value in request.build_args if looks_secret(name, value)]
    spellings = [spelling for value in values for spelling in (value, json.dumps(value)[1:-1])]
    return tuple(dict.fromkeys(spellings))
