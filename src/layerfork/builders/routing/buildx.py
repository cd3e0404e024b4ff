"""Routes buildx's builders through recorders, and says which builders cannot be recorded."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from layerfork.builders.engines import Recordable, RunningEngine
from layerfork.builders.engines.hostcontext import NotPlainError, endpoint_key, resolve_docker_host
from layerfork.builders.routing.buildxcopy import ConfigurationCopy, Substitution
from layerfork.builders.routing.buildxstore import (
    INSTANCES,
    Following,
    Instance,
    compact,
    instances_in,
    locked,
    nodes_of,
    store_directory,
    write_file,
)
from layerfork.builders.routing.nodes import (
    REMOTE,
    TLS_OPTIONS,
    Behind,
    Dialler,
    LeftAlone,
    Node,
    SameEngine,
    find_route,
    is_disguised,
    same_place,
)
from layerfork.errors import EngineError
from layerfork.record.engine import BUILDKIT_DAEMON
from layerfork.record.progress import Say

Listen = Callable[[Path, Recordable], None]
"""Opens a recorder on a socket, in front of something."""


class RoutedBuilders:
    """Builders whose nodes go through recorders."""

    def __init__(self, plan: "_Plan", configuration: Path, say: Say) -> None:
        self._plan = plan
        self._say = say
        self.configuration = configuration
        """What BUILDX_CONFIG must be."""
        self.dialler = plan.dialler

    def listen(self, listen: Listen) -> None:
        """Open the recorders that are needed and not open yet."""
        while self._plan.behind:
            listen(*self._plan.behind.pop(0))

    def followed(self, listen: Listen) -> Following:
        """While open: builders that the command itself makes are routed as well."""

        def changed() -> None:
            with contextlib.suppress(OSError):  # the recording must not end for it
                self._route_new_ones(listen)

        return Following(self.configuration / INSTANCES, changed)

    def _route_new_ones(self, listen: Listen) -> None:
        """buildx holds the lock until a new builder is complete, and takes it again to build there."""
        with locked(self.configuration):
            found = instances_in(self.configuration)
            routed = [name for name, instance in found.items() if self._plan.add_new(name, instance)]
            self.listen(listen)
            for name in routed:
                text = compact(self._plan.instead(name, found[name]))
                write_file(self.configuration / INSTANCES / name, text)
        self._plan.report(self._say)


@contextlib.contextmanager
def route_builders(
    environment: Mapping[str, str],
    engine: RunningEngine,
    recorder: str,
    place: Path,
    say: Say,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[RoutedBuilders]:
    """Give a command a copy of the user's buildx configuration; on leaving, carry back what it changed.

    ``recorder`` is the address of the recorder in front of ``engine``; ``place`` is a private directory whose
    path leaves room for sockets. ``addresses`` are those of other recorders, with what they stand for.
    Raises: OSError.
    """
    store = store_directory(environment)
    with contextlib.ExitStack() as stack:
        plan = _Plan(
            recorder=recorder,
            docker_host=engine.docker_host,
            environment=environment,
            place=place,
            dialler=Dialler(environment, place, stack),
            recorders={recorder, *addresses},
        )
        for name, instance in instances_in(store).items():
            plan.add(name, instance)
        plan.report(say)
        key = "" if engine.info.ours else _key_of(engine, environment)
        if engine.info.kind == BUILDKIT_DAEMON:
            recorder = key  # the command's docker finds its engine as ever
        copy = ConfigurationCopy(
            store,
            place / "buildx",
            Substitution(
                recorder=recorder,
                key=key,
                addresses=addresses,
                nodes=plan.nodes,
                drivers=plan.drivers,
                added=_context_builder(key, recorder),
            ),
        )
        copy.make()
        try:
            yield RoutedBuilders(plan, copy.directory, say)
        finally:
            try:
                copy.carry_back()
            except OSError as error:
                say(f"the command's changes to buildx's configuration are lost: {store}: {error.strerror}")
            for name in copy.kept:
                say(f"the buildx builder {name} and its containers remain: docker buildx rm {name}")


@dataclass(slots=True, kw_only=True)
class _Plan:
    """The route of every node so far."""

    recorder: str
    docker_host: str
    environment: Mapping[str, str]
    place: Path
    dialler: Dialler
    recorders: set[str]
    """Endpoints that are recorders."""
    known: set[tuple[str, str, str]] = field(default_factory=set)
    """Builder, node and endpoint that were examined already."""
    nodes: dict[tuple[str, str], tuple[Node, Node]] = field(default_factory=dict)
    drivers: dict[str, tuple[str, str]] = field(default_factory=dict)
    behind: list[tuple[Path, Recordable]] = field(default_factory=list)
    """Recorders that are needed and not open yet."""
    sockets: int = 0
    routed: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, instance: Instance) -> None:
        """Route one builder's nodes; it keeps all of them as they are when one cannot be routed."""
        if self._route(name, instance, nodes_of(instance)) and is_disguised(instance):
            self.drivers[name] = (str(instance.get("Driver")), REMOTE)

    def add_new(self, name: str, instance: Instance) -> bool:
        """Route what the command added; whether anything was routed.

        A driver cannot be exchanged after the builder exists: the command may want to remove with that driver
        what it created with it.
        """
        new = [
            node
            for node in nodes_of(instance)
            if str(node.get("Endpoint")) not in self.recorders and _place(name, node) not in self.known
        ]
        if new and is_disguised(instance):
            self.known |= {_place(name, node) for node in new}
            self.problems.append(
                (name, f"its driver is {instance['Driver']}, and the command itself created it")
            )
            return False
        return bool(new) and self._route(name, instance, new)

    def instead(self, name: str, instance: Instance) -> Instance:
        """The builder with its nodes routed to recorders."""
        nodes = [
            self.nodes.get((name, str(node.get("Name"))), (node, node))[1]
            if str(node.get("Endpoint")) == self._before(name, node)
            else node
            for node in nodes_of(instance)
        ]
        return {**instance, "Nodes": nodes}

    def _before(self, name: str, node: Node) -> str:
        return str(self.nodes.get((name, str(node.get("Name"))), ({}, {}))[0].get("Endpoint"))

    def _route(self, name: str, instance: Instance, nodes: Sequence[Node]) -> bool:
        self.known |= {_place(name, node) for node in nodes}
        try:
            routes = [
                (node, find_route(instance, node, self.docker_host, self.environment, self.dialler))
                for node in nodes
            ]
        except EngineError as error:
            self.problems.append((name, error.message))
            return False
        for node, route in routes:
            instead = self._instead(node, route)
            if instead is not None:
                self.recorders.add(str(instead["Endpoint"]))
                self.nodes[name, str(node.get("Name"))] = (node, instead)
        if all(route == LeftAlone(is_dead=True) for _, route in routes):
            return False
        self.routed.append(name)
        return True

    def _instead(self, node: Node, route: object) -> Node | None:
        if isinstance(route, SameEngine):
            return {**node, "Endpoint": self.recorder}
        if not isinstance(route, Behind):
            return None
        socket = self.place / f"b{self.sockets}.sock"
        self.sockets += 1
        self.behind.append((socket, route.engine))
        if not route.is_buildkit:
            return {**node, "Endpoint": f"unix://{socket}"}
        options = node.get("DriverOpts") or {}
        kept = {key: value for key, value in options.items() if key not in TLS_OPTIONS}
        return {
            **node,
            "Endpoint": f"unix://{socket}",
            "DriverOpts": kept or None,
            "Flags": None,
            "Files": None,
        }

    def report(self, say: Say) -> None:
        """Say what was not said yet: before the command, or before it builds there."""
        if self.routed:
            say(f"also recording the buildx builders: {', '.join(self.routed)}")
        for name, why in self.problems:
            say(f"builds on the buildx builder {name} will not be recorded: {why}")
        self.routed.clear()
        self.problems.clear()


def _place(name: str, node: Node) -> tuple[str, str, str]:
    return name, str(node.get("Name")), str(node.get("Endpoint"))


def _key_of(engine: RunningEngine, environment: Mapping[str, str]) -> str:
    """What buildx calls the engine in the user's environment: that of docker's choice may have a name."""
    with contextlib.suppress(EngineError):
        if engine.info.kind == BUILDKIT_DAEMON or same_place(_docker_host(environment), engine.docker_host):
            return endpoint_key(environment)
    return "" if engine.info.kind == BUILDKIT_DAEMON else engine.docker_host


def _docker_host(environment: Mapping[str, str]) -> str:
    try:
        return resolve_docker_host(environment)
    except NotPlainError as error:
        return error.host


def _context_builder(key: str, recorder: str) -> dict[str, Instance]:
    """Every docker context is a builder of its name; under DOCKER_HOST, only ``default`` may be named so.

    Source: docker/buildx builder/builder.go (Validate), v0.9 to v0.36.
    """
    if not key or "://" in key or key == recorder:
        return {}
    node = {"Name": key, "Endpoint": recorder, "Platforms": None, "DriverOpts": None, "Flags": None}
    name = key.lower()
    return {name: {"Name": key, "Driver": "docker", "Nodes": [{**node, "Files": None}], "Dynamic": False}}
