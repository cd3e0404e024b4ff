"""How clients send a directory, as far as it is modelled; each with the builder that it uses.

Tars that a person makes are taken to be made as `layerfork run` makes them: ``tar -cf context.tar .``.
"""

import re

from layerfork.builders.clients.client import BuildClient, ContextForm
from layerfork.context.clientrules import find_rules
from layerfork.context.manifest import NEWEST_DOCKER_PY
from layerfork.context.senders import Sender, docker_cli_rules
from layerfork.record.build import Builder

_DOCKER_CLI = frozenset(
    {
        "docker-build",
        "docker-compose-build",
        "buildx-build",
        "buildx-bake",
        "python_on_whales-build",
        "python_on_whales-buildx-build",
        "ansible-docker_image_build",
        "docker_compose_npm-build",
        "docker_cli_js-build",
        "dolphin-build",
    }
)
"""They are the docker CLI or its plugins, or run them, with a Dockerfile from the context."""
_DOCKER_PY = frozenset(
    {
        "docker_py-build",
        "docker-compose-python-build",
        "testcontainers_py-build",
        "pytest_docker_tools-build",
        "ansible-docker_image",
    }
)
_OWN = {
    "dockerode-build": "dockerode",
    "dockerode-tar_fs-build": "tar-fs",
    "dockerode_compose-build": "tar-fs",
    "node_docker_api-build": "tar-fs",
    "podman-build": "buildah",
    "buildah-bud": "buildah",
    "buildah-bud-layers": "buildah",
    "podman_compose-build": "buildah",
    "podman-remote-build": "podman-remote",
    "podman_py-build": "podman-py",
}
_NEWEST_DOCKER = 28


def sender_of_client(client: BuildClient, builder: Builder) -> Sender | None:
    """How a client sends a directory to a builder; None where that is not modelled."""
    if client.context_form is ContextForm.TAR:
        return Sender(rules=find_rules("tar"))
    if client.context_form is not ContextForm.DIRECTORY:
        return None
    if client.name == "docker-compose-build" and client.version.startswith("1.5"):
        return Sender(rules=find_rules("docker-py"), docker_py=(1, 6))
    if client.name in _DOCKER_CLI:
        return _docker_cli(client.version if client.name == "docker-build" else "", builder)
    if client.name in _DOCKER_PY:
        found = re.match(r"(\d+)\.(\d+)", client.version)
        own = (
            (int(found[1]), int(found[2])) if found and client.name == "docker_py-build" else NEWEST_DOCKER_PY
        )
        return Sender(rules=find_rules("docker-py"), docker_py=own)
    if client.name in _OWN and client.builders[0] is not Builder.BUILDKIT:
        return Sender(rules=find_rules(_OWN[client.name]))
    return None


def _docker_cli(version: str, builder: Builder) -> Sender:
    found = re.match(r"\d+", version)
    major = int(found.group()) if found else _NEWEST_DOCKER
    if builder is Builder.BUILDKIT:
        return Sender(rules=find_rules("buildkit" if major >= 23 else "buildkit-20.10"))
    return Sender(rules=docker_cli_rules(major))
