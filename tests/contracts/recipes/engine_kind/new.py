"""The user's rootless Docker Engine, at its usual socket."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.builders.engines.adapter import EngineKind, listed_kind
from layerfork.builders.engines.host import HostEngine, RunningHostEngine
from layerfork.record.machine import EngineRow
from layerfork.record.progress import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class RootlessEngine:
    """What listens in the user's runtime directory."""

    id: str = "rootless"
    ours: bool = False
    roots: tuple[Path, ...] = ()

    def address(self, environment: Mapping[str, str]) -> str:
        return f"unix://{environment.get('XDG_RUNTIME_DIR', '/run/user')}/docker.sock"

    def describe(self, environment: Mapping[str, str]) -> EngineRow:
        row = HostEngine().describe({"DOCKER_HOST": self.address(environment)})
        return replace(row, id=self.id, title="your rootless engine")

    def fetch(self, environment: Mapping[str, str], say: Say) -> None:
        """Nothing: the engine is the user's."""

    def start(self, environment: Mapping[str, str], say: Say) -> AbstractContextManager[RunningHostEngine]:
        return HostEngine().start({"DOCKER_HOST": self.address(environment)}, say)


ROOTLESS: EngineKind = listed_kind("rootless", (RootlessEngine(),))
