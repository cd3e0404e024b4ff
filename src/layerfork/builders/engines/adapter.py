"""What every engine offers: an `Engine` starts, a `RunningEngine` answers, an `EngineKind` is a row."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from layerfork.builders.namespace.launch import Daemons
from layerfork.errors import UsageError
from layerfork.record.build import PodmanTools, ServedBuilders, Toolchain
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.machine import EngineRow
from layerfork.record.progress import Say
from layerfork.wire.proxy.sockets import Way


class Recordable(Protocol):
    """What a recorder needs to know of what is behind it."""

    @property
    def way(self) -> Way:
        """Where the recorder connects, or how."""

    @property
    def info(self) -> EngineInfo:
        """As the engine reported itself."""

    def image_facts(self, reference: str) -> ImageFacts:
        """What the engine says about an image, history oldest first. Raises: EngineError."""


class RunningEngine(Recordable, Protocol):
    """An engine that answers. Every method raises EngineError when it no longer does."""

    @property
    def docker_host(self) -> str:
        """``unix:///path`` or ``tcp://host:port``: what a client's DOCKER_HOST would be."""

    @property
    def socket(self) -> Path | None:
        """The unix socket; None when the engine listens on TCP."""

    @property
    def network(self) -> Path | None:
        """The network namespace that it fetches from; None when that is ours."""

    @property
    def daemons(self) -> Daemons | None:
        """Its processes; None when they are not ours."""

    @property
    def builders(self) -> ServedBuilders:
        """What clients may ask it for."""

    @property
    def toolchain(self) -> Toolchain | None:
        """CLI and plugins of the engine's own generation; None when it brings none."""

    @property
    def podman(self) -> PodmanTools | None:
        """podman's own programs on this engine's storage; None when it is not podman."""

    @property
    def base_images(self) -> tuple[str, ...]:
        """References that a clean cache still has; empty when the engine is not ours to clean."""

    @property
    def can_reset(self) -> bool:
        """Whether `reset` gives a clean cache. If not, a scenario has to bring its own cache busting."""

    def reset(self) -> None:
        """Clean the cache, and check that only the base images are left; nothing if not `can_reset`."""

    def how_to_bring(self, reference: str) -> str:
        """What a person can do about an image that it does not have."""

    def load(self, archive: Path) -> None:
        """Load a docker archive. On an engine that can reset, its tagged images become base images."""

    def remove_images(self, tags: Sequence[str]) -> None:
        """Remove these tags, and images that had no other; a tag that is not there is no error."""

    def info_lines(self) -> tuple[tuple[str, str], ...]:
        """What ``docker info`` prints, as names and values in its order."""

    def is_alive(self) -> bool:
        """Whether it still answers. Never raises."""

    def log_tail(self) -> str:
        """The last lines of the daemons' own log; empty when it is not ours to read."""


class Engine(Protocol):
    """One entry of the table: a kind, generation and image store of engine."""

    @property
    def id(self) -> str:
        """What a person writes after ``--engine``: ``private:26.1+containerd``."""

    @property
    def ours(self) -> bool:
        """Whether layerfork brings it itself; otherwise it is the user's."""

    @property
    def roots(self) -> tuple[Path, ...]:
        """Directories of unpacked packages that it is made of, fetched or not; none when it is the user's."""

    def address(self, environment: Mapping[str, str]) -> str:
        """Where it runs already; empty for one that is yet to start. Raises: EngineError."""

    def describe(self, environment: Mapping[str, str]) -> EngineRow:
        """What it is, and what keeps it from running here. Starts nothing and fetches nothing."""

    def fetch(self, environment: Mapping[str, str], say: Say) -> None:
        """Bring everything that a start needs and this machine lacks. Raises: EngineError."""

    def start(self, environment: Mapping[str, str], say: Say) -> AbstractContextManager[RunningEngine]:
        """Start, or connect. Leaving the context ends what was started, and only that.

        ``environment`` is the user's (caches, mirrors, DOCKER_HOST); ``say`` takes progress lines.
        Raises: EngineError.
        """


# A kind of engine: one entry of the table of kinds, made of values.

DEFAULT_STORE = "+graphdriver"
"""What may be written for the image store that an engine has anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """What a person may write after ``--engine`` for one kind of engine."""

    name: str
    """The small letters that begin it: ``private``."""
    engines: tuple[Engine, ...]
    """Those that are listed, the default one first; none when each has to be named."""
    find: Callable[[str], Engine]
    """The engine for the rest of what was written: ``""``, ``:28.5+containerd``. Raises: UsageError."""


def listed_kind(name: str, engines: Sequence[Engine]) -> EngineKind:
    """A kind whose engines are all known: ``NAME`` is the first, ``NAME:…`` and ``NAME+…`` go by id."""

    def find(rest: str) -> Engine:
        wanted = rest.removesuffix(DEFAULT_STORE)
        start = name if wanted.startswith(":") else engines[0].id
        for engine in engines:
            if engine.id == f"{start}{wanted}":
                return engine
        ids = [engine.id for engine in engines]
        raise no_engine(name + rest, ids, ids)

    return EngineKind(name=name, engines=tuple(engines), find=find)


def no_engine(spec: str, names: Sequence[str], ids: Sequence[str]) -> UsageError:
    """The error for a name that no engine has, with the nearest of the names that one may write."""
    near = get_close_matches(spec, names, n=1)
    there_are = f"there are: {', '.join(ids)}"
    return UsageError(
        f"there is no engine {spec!r}", f"did you mean {near[0]}? {there_are}" if near else there_are
    )
