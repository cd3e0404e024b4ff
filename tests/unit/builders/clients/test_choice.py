"""Which builder a client is asked for, and what executes the build, by what an engine serves."""

from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.clients import find_client
from layerfork.record.build import (
    DOCKER,
    PODMAN,
    PODMAN_SERVICE,
    Builder,
    Endpoint,
    ServedBuilders,
    Toolchain,
)

CLASSIC, BUILDKIT, BUILDAH = Builder.CLASSIC, Builder.BUILDKIT, Builder.BUILDAH
ENDPOINT = Endpoint(
    docker_host="unix:///s",
    home=Path("/home"),
    toolchain=Toolchain(docker=Path("/docker"), cli_plugins=None, version="26.1.5"),
    api_version="1.45",
)
ONLY_BUILDKIT = ServedBuilders(executes=((BUILDKIT, BUILDKIT),), refuses=())


@pytest.mark.parametrize(
    ("client", "wanted", "served", "asked", "executing"),
    [
        ("docker-build", None, DOCKER, None, BUILDKIT),
        ("docker-build", CLASSIC, DOCKER, CLASSIC, CLASSIC),
        ("docker-build+classic", BUILDKIT, DOCKER, CLASSIC, CLASSIC),
        ("docker_py-build", None, DOCKER, None, CLASSIC),
        ("docker-build", None, PODMAN, CLASSIC, BUILDAH),
        ("docker-build", None, PODMAN_SERVICE, CLASSIC, BUILDAH),
        ("docker_node_sdk-context-build", None, PODMAN, CLASSIC, BUILDAH),
        ("docker_py-build", None, PODMAN, None, BUILDAH),
        ("podman-build", None, PODMAN, None, BUILDAH),
        ("docker-build", None, ONLY_BUILDKIT, BUILDKIT, BUILDKIT),
        ("buildx-build", None, ONLY_BUILDKIT, None, BUILDKIT),
    ],
)
def test_choice(
    client: str, wanted: Builder | None, served: ServedBuilders, asked: Builder | None, executing: Builder
) -> None:
    choice = find_client(client).choose(wanted, replace(ENDPOINT, builders=served))

    assert (choice.asked, choice.executing, choice.why_not) == (asked, executing, "")


@pytest.mark.parametrize(
    ("client", "wanted", "served", "reason"),
    [
        ("buildx-build", CLASSIC, DOCKER, "buildx builds with BuildKit only"),
        ("buildx-build", None, PODMAN, "podman's service has no BuildKit"),
        ("docker-build", BUILDKIT, PODMAN, "podman's service has no BuildKit"),
        ("podman-build", None, DOCKER, "podman's own programs build with podman only"),
        ("podman-build", None, PODMAN_SERVICE, "podman's own programs need a podman of ours"),
        ("podman-build", CLASSIC, PODMAN, "podman's own clients build with podman's builder only"),
        ("docker_py-build", None, ONLY_BUILDKIT, "it has no classic builder"),
    ],
)
def test_why_there_is_no_choice(
    client: str, wanted: Builder | None, served: ServedBuilders, reason: str
) -> None:
    choice = find_client(client).choose(wanted, replace(ENDPOINT, builders=served))

    assert choice.why_not.startswith(reason)
