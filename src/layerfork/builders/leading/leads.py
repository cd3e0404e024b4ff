"""Where each node of a buildx builder leads, and what a recorder in front of it connects to."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from layerfork.builders.engines import Recordable
from layerfork.builders.engines.buildkit import RunningBuildKit
from layerfork.builders.engines.hostcontext import DEFAULT_CONTEXT, NotPlainError, resolve_endpoint
from layerfork.builders.engines.otherengine import OtherEngine
from layerfork.builders.engines.programway import ProgramWay
from layerfork.builders.leading.store import Instance, nodes_of
from layerfork.errors import EngineError
from layerfork.wire.proxy.sockets import Way, open_socket

ON_DOCKER = ("docker-container", "docker", "")
"""Drivers that reach their BuildKit through a Docker Engine's own socket."""
REMOTE, KUBERNETES = "remote", "kubernetes"
TLS_OPTIONS = ("cacert", "cert", "key", "servername")
"""Options of the remote driver that make it speak TLS.
Source: docker/buildx driver/remote/factory.go, v0.8 to v0.36."""

Node = dict[str, Any]


class Dial(Protocol):
    """Opens ways through other programs."""

    def __call__(self, instance: Instance, node: Node) -> Way:
        """To one node, through buildx itself. Raises: EngineError when buildx cannot do that."""

    def engine(self, name: str, endpoint: str) -> ProgramWay:
        """To the Docker Engine of a builder's node, through docker."""


@dataclass(frozen=True, slots=True)
class SameEngine:
    """The node is behind the engine that is recorded anyway."""


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """The node stays as it is: the command's environment leads it to a recorder, or nothing is there."""

    is_dead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The node needs a recorder of its own, in front of this."""

    engine: Recordable
    is_buildkit: bool
    """It is a BuildKit's socket that the recorder stands for, not an engine's."""


Lead = SameEngine | LeftAlone | Behind


def find_lead(
    instance: Instance, node: Node, docker_host: str, environment: Mapping[str, str], dial: Dial
) -> Lead:
    """Where a node leads; ``docker_host`` is the address of the engine that is recorded anyway.

    Raises: EngineError with the reason, when builds on the node cannot be recorded.
    """
    driver, endpoint = str(instance.get("Driver") or ""), str(node.get("Endpoint") or "")
    if driver in ON_DOCKER:
        return _on_docker(str(instance.get("Name")), endpoint, docker_host, environment, dial)
    if driver == REMOTE:
        return _remote(instance, node, endpoint, dial)
    if driver == KUBERNETES:
        return _buildkit(endpoint, dial(instance, node))
    raise EngineError(f"its driver {driver!r} is not known here")


def is_disguised(instance: Instance) -> bool:
    """Whether the driver itself must become another one for its nodes to lead to recorders."""
    return instance.get("Driver") == KUBERNETES and bool(nodes_of(instance))


def _on_docker(
    name: str, endpoint: str, docker_host: str, environment: Mapping[str, str], dial: Dial
) -> Lead:
    if endpoint == DEFAULT_CONTEXT:
        return LeftAlone()
    try:
        address = resolve_endpoint(environment, endpoint)
    except NotPlainError as error:
        if error.host == docker_host:
            return SameEngine()
        return Behind(engine=OtherEngine(error.host, dial.engine(name, endpoint)), is_buildkit=False)
    if same_place(address, docker_host):
        return SameEngine()
    other = OtherEngine(address)
    return LeftAlone(is_dead=True) if _is_dead(other.way) else Behind(engine=other, is_buildkit=False)


def _remote(instance: Instance, node: Node, endpoint: str, dial: Dial) -> Lead:
    parts = urlsplit(endpoint)
    options = node.get("DriverOpts") or {}
    if parts.scheme == "docker-container" and "context" not in parse_qs(parts.query):
        return LeftAlone()  # it runs `docker exec`, which goes where DOCKER_HOST says
    if parts.scheme == "unix" and not any(options.get(name) for name in TLS_OPTIONS):
        socket = Path(parts.path)
        return LeftAlone(is_dead=True) if _is_dead(socket) else _buildkit(endpoint, socket)
    if (
        parts.scheme == "tcp"
        and parts.hostname
        and parts.port
        and not any(options.get(name) for name in TLS_OPTIONS)
    ):
        way: Way = (parts.hostname, parts.port)
    else:
        way = dial(instance, node)
    return _buildkit(endpoint, way)


def _buildkit(endpoint: str, way: Way) -> Behind:
    return Behind(engine=RunningBuildKit(address=endpoint, way=way), is_buildkit=True)


def same_place(one: str, other: str) -> bool:
    """Whether two addresses are one, links to a socket followed."""
    first, second = urlsplit(one), urlsplit(other)
    if (first.scheme, second.scheme) == ("unix", "unix"):
        return os.path.realpath(first.path) == os.path.realpath(second.path)
    return one == other


def _is_dead(way: Way) -> bool:
    """Whether nothing listens at a socket of this machine; others are not tried."""
    if not isinstance(way, Path):
        return False
    try:
        open_socket(way).close()
    except OSError:
        return True
    return False
