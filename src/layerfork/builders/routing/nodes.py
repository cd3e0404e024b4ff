"""The route of each node of a buildx builder, and the way to a node that only buildx can reach."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from layerfork.builders.engines import Recordable
from layerfork.builders.engines.buildkit import RunningBuildKit
from layerfork.builders.engines.host import OtherEngine, docker_way
from layerfork.builders.engines.hostcontext import DEFAULT_CONTEXT, NotPlainError, resolve_endpoint
from layerfork.builders.engines.transport import ProgramWay
from layerfork.builders.process import ProgramMissingError, run
from layerfork.builders.routing.buildxstore import INSTANCES, Instance, compact, nodes_of, write_file
from layerfork.errors import EngineError
from layerfork.record.build import Command
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


Route = SameEngine | LeftAlone | Behind


def find_route(
    instance: Instance, node: Node, docker_host: str, environment: Mapping[str, str], dial: Dial
) -> Route:
    """The route of a node; ``docker_host`` is the address of the engine that is recorded anyway.

    Raises: EngineError with the reason, when builds on the node cannot be recorded.
    """
    driver, endpoint = str(instance.get("Driver") or ""), str(node.get("Endpoint") or "")
    if driver in ON_DOCKER:
        return _on_docker(str(instance.get("Name")), endpoint, docker_host, environment, dial)
    if driver == REMOTE:
        return _remote(instance, node, endpoint, dial)
    if driver == KUBERNETES:
        return _buildkit(endpoint, dial(instance, node))
    raise EngineError(f"its driver {driver!r} is not supported")


def is_disguised(instance: Instance) -> bool:
    """Whether the driver itself must become another one for its nodes to lead to recorders."""
    return instance.get("Driver") == KUBERNETES and bool(nodes_of(instance))


def _on_docker(
    name: str, endpoint: str, docker_host: str, environment: Mapping[str, str], dial: Dial
) -> Route:
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


def _remote(instance: Instance, node: Node, endpoint: str, dial: Dial) -> Route:
    parts = urlsplit(endpoint)
    options = node.get("DriverOpts") or {}
    if parts.scheme == "docker-container" and "context" not in parse_qs(parts.query):
        return LeftAlone()  # it runs `docker exec`, which goes where DOCKER_HOST says
    if any(options.get(name) for name in TLS_OPTIONS):
        return _buildkit(endpoint, dial(instance, node))
    if parts.scheme == "unix":
        socket = Path(parts.path)
        return LeftAlone(is_dead=True) if _is_dead(socket) else _buildkit(endpoint, socket)
    if parts.scheme == "tcp" and parts.hostname and parts.port:
        return _buildkit(endpoint, (parts.hostname, parts.port))
    return _buildkit(endpoint, dial(instance, node))


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


# The way to a node that only buildx can reach: `docker buildx dial-stdio`, a process for each connection.

DIAL = ("docker", "buildx", "dial-stdio")
"""Since buildx 0.13. Source: docker/buildx commands/dial_stdio.go @ v0.13.0."""
ANSWER_LIMIT_S = 10.0


class Dialler:
    """Makes ways for the nodes of one user."""

    def __init__(self, environment: Mapping[str, str], place: Path, stack: ExitStack) -> None:
        """``place`` is a directory for configurations; ``stack`` ends what is started."""
        self._environment = {name: each for name, each in environment.items() if name != "BUILDX_BUILDER"}
        self._place = place
        self._stack = stack
        self._problem: str | None = None
        self.ways: list[tuple[str, ProgramWay]] = []
        """Builder and way, of every node that was dialled."""

    def __call__(self, instance: Instance, node: Node) -> ProgramWay:
        """A way to one node. buildx gets a configuration that holds this node alone: a builder's command
        holds the lock of its own while it waits for the answer. Raises: EngineError.
        """
        if self._problem is None:
            self._problem = self._why_not()
        if self._problem:
            raise EngineError(self._problem)
        name = str(instance.get("Name"))
        directory = self._place / f"dial-{len(self.ways)}"
        write_file(directory / INSTANCES / name, compact({**instance, "Nodes": [node]}))
        env = {**self._environment, "BUILDX_CONFIG": str(directory)}
        way = self._stack.enter_context(ProgramWay(Command(argv=(*DIAL, "--builder", name), env=env)))
        self.ways.append((name, way))
        return way

    def engine(self, name: str, endpoint: str) -> ProgramWay:
        """A way to a Docker Engine by an address or a context, as docker alone can open it."""
        flag = "--host" if "://" in endpoint else "--context"
        way = self._stack.enter_context(docker_way((flag, endpoint), self._environment))
        self.ways.append((name, way))
        return way

    def _why_not(self) -> str:
        """Why this docker cannot dial; empty when it can."""
        try:
            shown = run(Command(argv=(*DIAL, "--help"), env=self._environment), timeout_s=ANSWER_LIMIT_S)
        except ProgramMissingError as error:
            return f"there is no docker to reach it with ({error})"
        return "" if DIAL[-1] in shown.stdout else "reaching it needs buildx 0.13 or newer"
