"""Leads the builders that a command will find to recorders, and says which of them cannot be recorded."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from layerfork.engines import Recordable, RunningEngine
from layerfork.engines.kinds.hostcontext import endpoint_key, resolve_docker_host
from layerfork.errors import EngineError
from layerfork.harness.recording.buildx.copy import ConfigurationCopy, Substitution
from layerfork.harness.recording.buildx.dialling import Dialler
from layerfork.harness.recording.buildx.leads import (
    REMOTE,
    TLS_OPTIONS,
    Behind,
    Dial,
    Node,
    SameEngine,
    find_lead,
    is_disguised,
    same_place,
)
from layerfork.harness.recording.buildx.store import Instance, instances_in, nodes_of, store_directory
from layerfork.model.engine import BUILDKIT_DAEMON
from layerfork.model.progress import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class LedBuilders:
    """Builders whose nodes lead to recorders."""

    configuration: Path
    """What BUILDX_CONFIG must be."""
    behind: tuple[tuple[Path, Recordable], ...]
    """Sockets that recorders have to listen on, each with what it is in front of."""
    dialler: Dialler


@contextlib.contextmanager
def lead_builders(
    environment: Mapping[str, str],
    engine: RunningEngine,
    recorder: str,
    place: Path,
    say: Say,
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[LedBuilders]:
    """Give a command a copy of the user's buildx configuration; on leaving, carry back what it changed.

    ``recorder`` is the address of the recorder in front of ``engine``; ``place`` is a private directory whose
    path leaves room for sockets. ``addresses`` are those of other recorders, with what they stand for.
    Raises: OSError.
    """
    store = store_directory(environment)
    with contextlib.ExitStack() as stack:
        dialler = Dialler(environment, place, stack)
        plan = _Plan(recorder=recorder, place=place, nodes={}, drivers={}, behind=[], led=[], problems=[])
        for name, instance in instances_in(store).items():
            plan.add(name, instance, engine.docker_host, environment, dialler)
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
            yield LedBuilders(configuration=copy.directory, behind=tuple(plan.behind), dialler=dialler)
        finally:
            copy.carry_back()
            for name in copy.kept:
                say(f"the buildx builder {name} stays, and what runs for it: docker buildx rm {name}")


@dataclass(slots=True, kw_only=True)
class _Plan:
    recorder: str
    place: Path
    nodes: dict[tuple[str, str], tuple[Node, Node]]
    drivers: dict[str, tuple[str, str]]
    behind: list[tuple[Path, Recordable]]
    led: list[str]
    problems: list[tuple[str, str]]

    def add(
        self, name: str, instance: Instance, docker_host: str, environment: Mapping[str, str], dial: Dial
    ) -> None:
        """Lead one builder's nodes; it keeps all of them as they are when one cannot be led."""
        try:
            leads = [
                (node, find_lead(instance, node, docker_host, environment, dial))
                for node in nodes_of(instance)
            ]
        except EngineError as error:
            self.problems.append((name, error.message))
            return
        if is_disguised(instance):
            self.drivers[name] = (str(instance.get("Driver")), REMOTE)
        for node, lead in leads:
            instead = self._instead(node, lead)
            if instead is not None:
                self.nodes[name, str(node.get("Name"))] = (node, instead)
        self.led.append(name)

    def _instead(self, node: Node, lead: object) -> Node | None:
        if isinstance(lead, SameEngine):
            return {**node, "Endpoint": self.recorder}
        if not isinstance(lead, Behind):
            return None
        socket = self.place / f"b{len(self.behind)}.sock"
        self.behind.append((socket, lead.engine))
        if not lead.is_buildkit:
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
        """Before the command, not after."""
        if self.led:
            say(f"buildx builders recorded as well: {', '.join(self.led)}")
        for name, why in self.problems:
            say(f"builds on the buildx builder {name} will not be recorded: {why}")


def _key_of(engine: RunningEngine, environment: Mapping[str, str]) -> str:
    """What buildx calls the engine in the user's environment: that of docker's choice may have a name."""
    with contextlib.suppress(EngineError):
        if engine.info.kind == BUILDKIT_DAEMON or same_place(
            resolve_docker_host(environment), engine.docker_host
        ):
            return endpoint_key(environment)
    return engine.docker_host


def _context_builder(key: str, recorder: str) -> dict[str, Instance]:
    """Every docker context is a builder of its name; under DOCKER_HOST, only ``default`` may be named so.

    Source: docker/buildx builder/builder.go (Validate), v0.9 to v0.36.
    """
    if not key or "://" in key or key == recorder:
        return {}
    node = {"Name": key, "Endpoint": recorder, "Platforms": None, "DriverOpts": None, "Flags": None}
    name = key.lower()
    return {name: {"Name": key, "Driver": "docker", "Nodes": [{**node, "Files": None}], "Dynamic": False}}
