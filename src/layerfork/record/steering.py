"""Variables of a user's environment that steer a build client: past the recorder, or to another builder."""

from collections.abc import Mapping

NAMES_AN_ENGINE = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "CONTAINER_HOST",
    "CONTAINER_CONNECTION",
)
"""Where docker's and podman's programs find their engine. A recorder stands in its place, so none may stay.
Source: docker/cli cli/command/cli.go and cli/flags/options.go, v20.10 to v28; containers/podman
docs/source/markdown/podman-remote.1.md, v3.0 to v5.8."""
NAMES_A_BUILDER = ("BUILDX_BUILDER", "BUILDKIT_HOST")
"""A BuildKit besides the engine's, by the name of its buildx builder or by its address.
Source: docker/buildx commands/root.go (rootFlags), v0.8 to v0.29; moby/buildkit cmd/buildctl/main.go, v0.8
to v0.26."""
CHOOSES_A_BUILDER = ("DOCKER_BUILDKIT", "COMPOSE_DOCKER_CLI_BUILD", "COMPOSE_BAKE")
"""Which of the engine's own builders a client takes."""
OF_ONE_ENGINE = ("DOCKER_API_VERSION",)
"""Right for a user's engine, and perhaps wrong for the one that is tried."""


def without(environment: Mapping[str, str], *groups: tuple[str, ...]) -> dict[str, str]:
    """The variables that are in none of the groups."""
    named = {name for group in groups for name in group}
    return {name: value for name, value in environment.items() if name not in named}


def named_builders(environment: Mapping[str, str]) -> tuple[str, ...]:
    """``NAME=value`` of every variable that names a builder besides the engine's."""
    return tuple(f"{name}={environment[name]}" for name in NAMES_A_BUILDER if environment.get(name))
