"""Build clients: each turns a build request into a command. Nothing here starts a process.

`CLIENTS` is the table; a version or a variant of a client is an entry in it.
"""

from collections.abc import Iterable

from layerfork.builders.clients.ansible import ANSIBLE_DOCKER_IMAGE, ANSIBLE_DOCKER_IMAGE_BUILD
from layerfork.builders.clients.client import BuildClient, ContextForm, needed_features
from layerfork.builders.clients.compose import BUILDX_BAKE, DOCKER_COMPOSE_BUILD
from layerfork.builders.clients.compose_v1 import (
    DOCKER_COMPOSE_2015_BUILD,
    DOCKER_COMPOSE_V1_BUILD,
    DOCKER_COMPOSE_V1_PYTHON_BUILD,
)
from layerfork.builders.clients.devcontainers import DEVCONTAINERS_BUILD
from layerfork.builders.clients.docker_cli import (
    BUILDX_BUILD,
    BUILDX_CONTEXT_BUILD,
    DOCKER_BUILD,
    DOCKER_CONTEXT_BUILD,
    DOCKER_FILE_STDIN_BUILD,
    DOCKER_GIT_BUILD,
    DOCKER_URL_BUILD,
)
from layerfork.builders.clients.environment import ClientEnvironment, Interpreter, freeze, install_commands
from layerfork.builders.clients.lookup import find_in
from layerfork.builders.clients.node import (
    DOCKER_CLI_JS_BUILD,
    DOCKER_COMPOSE_NPM_BUILD,
    DOCKER_NODE_SDK_CONTEXT_BUILD,
    DOCKERODE_BUILD,
    DOCKERODE_COMPOSE_BUILD,
    DOCKERODE_CONTEXT_BUILD,
    DOCKERODE_TAR_FS_BUILD,
    DOLPHIN_BUILD,
    NODE_DOCKER_API_BUILD,
    RESIN_DOCKER_BUILD_BUILD,
    TESTCONTAINERS_NODE_10_BUILD,
    TESTCONTAINERS_NODE_BUILD,
)
from layerfork.builders.clients.podman_programs import PODMAN_CLIENTS
from layerfork.builders.clients.python import (
    AIODOCKER_CONTEXT_BUILD,
    DOCKER_PY_BUILD,
    DOCKER_PY_CONTEXT_BUILD,
    DOCKER_PY_VERSIONS,
    PYTEST_DOCKER_TOOLS_BUILD,
    PYTHON_ON_WHALES_BUILD,
    PYTHON_ON_WHALES_BUILDX_BUILD,
    TESTCONTAINERS_PY_BUILD,
)

__all__ = [
    "CLIENTS",
    "SEED_CLIENTS",
    "BuildClient",
    "ClientEnvironment",
    "ContextForm",
    "Interpreter",
    "find_client",
    "freeze",
    "install_commands",
    "needed_features",
]

SEED_CLIENTS: tuple[BuildClient, ...] = (
    DOCKER_PY_CONTEXT_BUILD,
    DOCKER_PY_BUILD,
    DOCKER_COMPOSE_BUILD,
    DOCKER_CONTEXT_BUILD,
    DOCKER_BUILD,
)
"""The five of 2015, in the order of its table, which is the order of its relay."""

CLIENTS: tuple[BuildClient, ...] = (
    *SEED_CLIENTS,
    BUILDX_CONTEXT_BUILD,
    BUILDX_BUILD,
    BUILDX_BAKE,
    DOCKER_FILE_STDIN_BUILD,
    DOCKER_URL_BUILD,
    DOCKER_GIT_BUILD,
    *DOCKER_PY_VERSIONS,
    DOCKER_COMPOSE_2015_BUILD,
    DOCKER_COMPOSE_V1_BUILD,
    DOCKER_COMPOSE_V1_PYTHON_BUILD,
    AIODOCKER_CONTEXT_BUILD,
    PYTHON_ON_WHALES_BUILD,
    PYTHON_ON_WHALES_BUILDX_BUILD,
    TESTCONTAINERS_PY_BUILD,
    PYTEST_DOCKER_TOOLS_BUILD,
    ANSIBLE_DOCKER_IMAGE,
    ANSIBLE_DOCKER_IMAGE_BUILD,
    DOCKERODE_CONTEXT_BUILD,
    DOCKERODE_BUILD,
    DOCKERODE_TAR_FS_BUILD,
    DOCKERODE_COMPOSE_BUILD,
    NODE_DOCKER_API_BUILD,
    RESIN_DOCKER_BUILD_BUILD,
    DOCKER_NODE_SDK_CONTEXT_BUILD,
    TESTCONTAINERS_NODE_BUILD,
    TESTCONTAINERS_NODE_10_BUILD,
    DOCKER_COMPOSE_NPM_BUILD,
    DOCKER_CLI_JS_BUILD,
    DOLPHIN_BUILD,
    DEVCONTAINERS_BUILD,
    *PODMAN_CLIENTS,
)
"""Every client that layerfork knows, by id."""


def find_client(client_id: str, also: Iterable[str] = ()) -> BuildClient:
    """The client of an id: ``docker_py-build@4.4.4``, ``docker-build+classic``. ``also`` as for `find_in`.

    Raises: UsageError, with near matches, when there is none.
    """
    return find_in(CLIENTS, client_id, also)
