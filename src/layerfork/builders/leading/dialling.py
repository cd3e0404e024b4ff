"""The way to a node that only buildx can reach: `docker buildx dial-stdio`, a process for each connection."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from layerfork.builders.engines.host import docker_way
from layerfork.builders.engines.programway import ProgramWay
from layerfork.builders.leading.leads import Node
from layerfork.builders.leading.store import INSTANCES, Instance, compact, write_file
from layerfork.builders.process import ProgramMissingError, run
from layerfork.errors import EngineError
from layerfork.record.build import Command

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
        return "" if DIAL[-1] in shown.stdout else "reaching it takes buildx 0.13 or newer"
