"""What happens to an engine of ours between two builds of a scenario."""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from layerfork.builders.api.client import ApiError, EngineApi
from layerfork.builders.api.images import CLEANING_LIMIT_S, load_archive
from layerfork.builders.engines import RunningEngine
from layerfork.builders.engines.basestore import ensure_base_archive
from layerfork.builders.engines.otherbase import moved_base, rebuilt_base, reconfigured_base
from layerfork.builders.namespace.restarting import restart
from layerfork.record.phase import Event

_BASES: Mapping[Event, Callable[[bytes], bytes]] = {
    Event.BASE_MOVED: moved_base,
    Event.BASE_RECONFIGURED: reconfigured_base,
    Event.BASE_REBUILT: rebuilt_base,
}
_PRUNES: Mapping[Event, tuple[str, dict[str, str]]] = {
    Event.PRUNE: ("/build/prune", {"all": "1"}),
    Event.PRUNE_IMAGES: ("/images/prune", {}),
}
"""Where and how the docker CLI asks for it."""


class EventRefusedError(Exception):
    """The engine cannot do it."""


@dataclass(slots=True, kw_only=True)
class Lifetime:
    """An engine of ours, between two times that it was clean."""

    engine: RunningEngine
    directory: Path
    """For archives of images."""
    base_replaced: bool = field(default=False, init=False)

    def let(self, event: Event, image: str) -> None:
        """Let it happen; ``image`` is what the phase before made.

        Raises: EventRefusedError when the engine refuses, EngineError when it is gone.
        """
        try:
            self._let(event, image)
        except ApiError as error:
            raise EventRefusedError(f"{event.value}: the engine says {error} ({error.status})") from error

    def _let(self, event: Event, image: str) -> None:
        api = EngineApi(self.engine.docker_host)
        if event in _BASES:
            self._replace_base(_BASES[event])
        elif event is Event.BASE_RESTORED:
            self.engine.load(_base())
        elif event in _PRUNES:
            path, query = _PRUNES[event]
            api.request("POST", path, query, timeout_s=CLEANING_LIMIT_S)
        elif event is Event.REMOVE_IMAGE:
            api.request("DELETE", f"/images/{image}")
        elif event is Event.RESTART:
            self._restart()
        elif event is Event.CLEAN:
            self.engine.reset()
        else:
            self._ship(api, image)

    def _restart(self) -> None:
        if self.engine.daemons is None:
            raise EventRefusedError("restart: only an engine that layerfork started can be restarted")
        restart(self.engine.daemons)

    def _ship(self, api: EngineApi, image: str) -> None:
        archive = self.directory / "image.tar"
        archive.write_bytes(api.download(f"/images/{image}/get"))
        self.engine.reset()
        load_archive(api, archive)

    def _replace_base(self, change: Callable[[bytes], bytes]) -> None:
        archive = self.directory / "base.tar"
        archive.write_bytes(change(_base().read_bytes()))
        self.base_replaced = True
        self.engine.load(archive)


@contextlib.contextmanager
def lifetime(engine: RunningEngine, directory: Path) -> Iterator[Lifetime]:
    """For the builds of one client: the base image is the usual one again afterwards.

    Raises: EngineError when it cannot be brought back.
    """
    life = Lifetime(engine=engine, directory=directory)
    try:
        yield life
    finally:
        if life.base_replaced and engine.is_alive():
            engine.load(_base())


def _base() -> Path:
    return ensure_base_archive(os.environ, lambda line: None)
