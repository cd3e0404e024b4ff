"""The user's own engines: looked at and built on, never cleaned, retagged or pulled into."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from layerfork.builders.api.apianswers import Version
from layerfork.builders.api.engineapi import ApiError, EngineApi, address_of, answers, socket_of
from layerfork.builders.api.engineimages import image_ids, load_archive, remove_tags_and_steps
from layerfork.builders.api.inspection import read_engine_info, read_image_facts, read_info_lines
from layerfork.builders.engines.adapter import EngineKind
from layerfork.builders.engines.hostcontext import NotPlainError, named_by, resolve_docker_host
from layerfork.builders.engines.podman import read_podman_info
from layerfork.builders.engines.transport import ProgramWay
from layerfork.errors import EngineError, UsageError
from layerfork.record.build import DOCKER, PODMAN_SERVICE, Command, ServedBuilders, Toolchain
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.machine import EngineRow, Obstacle
from layerfork.record.progress import Say
from layerfork.wire.proxy.sockets import Way

PODMAN_COMPONENT = "Podman Engine"
"""What podman's service calls itself among its components."""
DEFAULT_SOCKET = Path("/var/run/docker.sock")
ANSWER_LIMIT_S = 10.0
"""How long to wait for an engine that was not asked for by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEngine:
    """What DOCKER_HOST, DOCKER_CONTEXT or the current docker context names."""

    context: str = ""
    """A docker context by name; empty means what the user's docker would use."""
    ours: bool = False
    roots: tuple[Path, ...] = ()

    @property
    def id(self) -> str:
        return f"host:{self.context}" if self.context else "host"

    def describe(self, environment: Mapping[str, str]) -> EngineRow:
        """What answers there now, if anything does."""
        try:
            with connected(environment, self.context) as (api, _):
                api.ping(ANSWER_LIMIT_S)
                info, version = read_host_info(api), api.get("/version", Version)
        except ApiError as error:
            return self._missing(str(error))
        except EngineError as error:
            return self._missing(_without_answer(error) or error.message)
        return EngineRow(
            id=self.id,
            title="your own engine",
            origin=api.docker_host,
            version=info.version,
            builders=served_by(info).names,
            image_store=info.image_store,
            oldest_api=version.min_api_version,
            newest_api=info.api_version,
            components=info.components,
        )

    def _with_origin(self, error: EngineError, environment: Mapping[str, str]) -> EngineError:
        origin = named_by(environment, self.context)
        return EngineError(f"{error.message} ({origin} names it)" if origin else error.message, error.hint)

    def _missing(self, why: str) -> EngineRow:
        obstacle = Obstacle(what=why, remedy="start it, or name another one")
        return EngineRow(id=self.id, title="your own engine", obstacles=(obstacle,))

    def address(self, environment: Mapping[str, str]) -> str:
        """What the user's docker would connect to. Raises: EngineError."""
        try:
            return resolve_docker_host(environment, self.context)
        except NotPlainError as error:
            return error.host

    def fetch(self, environment: Mapping[str, str], say: Say) -> None:
        """Nothing: the engine is the user's."""

    @contextlib.contextmanager
    def start(self, environment: Mapping[str, str], say: Say) -> Iterator["RunningHostEngine"]:
        """Connect; there is nothing to end.

        Raises: EngineError when no engine answers there, or it cannot be recorded.
        """
        with connected(environment, self.context) as (api, way):
            try:
                info = read_host_info(api)
                before = image_ids(api)
            except ApiError as error:
                raise EngineError(f"the engine at {api.docker_host} refuses: {error}") from error
            except EngineError as error:
                raise self._with_origin(_complained(error, way), environment) from error
            title = "podman" if is_podman(info) else "Docker Engine"
            say(f"using {title} {info.version} at {api.docker_host}")
            yield RunningHostEngine(
                api=api, way=way, info=info, builders=served_by(info), images_before=before
            )


@contextlib.contextmanager
def connected(environment: Mapping[str, str], context: str) -> Iterator[tuple[EngineApi, Way]]:
    """The user's engine and the way to it, which docker itself opens where ssh or keys are needed.

    Raises: EngineError when nothing names an engine that can be reached.
    """
    try:
        host = resolve_docker_host(environment, context)
    except NotPlainError as error:
        with docker_way(("--context", context) if context else (), environment) as way:
            yield EngineApi(error.host, way), way
    else:
        yield EngineApi(host), address_of(host)


def docker_way(flags: Sequence[str], environment: Mapping[str, str]) -> ProgramWay:
    """A way through ``docker system dial-stdio``, since 18.09; what is missing shows in the connection.

    Source: docker/cli cli/command/system/dial_stdio.go, v18.09 to v29.
    """
    return ProgramWay(Command(argv=("docker", *flags, "system", "dial-stdio"), env=environment))


def _complained(error: EngineError, way: Way) -> EngineError:
    """The error, with what the program on the way said."""
    complaint = way.complaint if isinstance(way, ProgramWay) else ""
    return EngineError(f"{error.message}: {complaint}", error.hint) if complaint else error


def _without_answer(error: EngineError) -> str:
    """The message for an engine that did not answer in time; empty for every other error."""
    return f"no answer in {ANSWER_LIMIT_S:g} s" if isinstance(error.__cause__, TimeoutError) else ""


def is_podman(info: EngineInfo) -> bool:
    """Whether podman's service answered.

    Source: containers/podman pkg/api/handlers/compat/version.go @ v3.0.1 to v5.8.
    """
    return any(name == PODMAN_COMPONENT for name, _ in info.components)


def served_by(info: EngineInfo) -> ServedBuilders:
    """The builders behind a user's socket."""
    return PODMAN_SERVICE if is_podman(info) else DOCKER


def read_host_info(api: EngineApi) -> EngineInfo:
    """The user's engine as it reports itself; a podman service is known by what it says of its components.

    Raises: EngineError.
    """
    info = read_engine_info(api, "host")
    return read_podman_info(api, api.docker_host, "host", ours=False) if is_podman(info) else info


def host_is_meant(environment: Mapping[str, str]) -> bool:
    """Whether the user has an engine, answering or not: one has a name, or docker's own socket is there."""
    try:
        return bool(named_by(environment)) or os.path.lexists(DEFAULT_SOCKET)
    except EngineError:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningHostEngine:
    """A user's engine that answered."""

    api: EngineApi
    way: Way
    info: EngineInfo
    builders: ServedBuilders
    images_before: frozenset[str]
    """Ids of the user's images: never removed."""
    toolchain: Toolchain | None = None
    podman: None = None
    daemons: None = None
    base_images: tuple[str, ...] = ()
    can_reset: bool = False
    network: Path | None = None

    @property
    def docker_host(self) -> str:
        return self.api.docker_host

    @property
    def socket(self) -> Path | None:
        return socket_of(self.api.docker_host)

    def reset(self) -> None:
        """Nothing: the cache is the user's."""

    def how_to_bring(self, reference: str) -> str:
        """The user pulls it: layerfork pulls nothing on its own."""
        return f"layerfork does not pull images on its own: docker pull {reference}"

    def image_facts(self, reference: str) -> ImageFacts:
        """What the engine says about an image. Raises: EngineError."""
        with self._explained():
            return read_image_facts(self.api, reference)

    def load(self, archive: Path) -> None:
        """Load a docker archive; its tags are the caller's to remove. Raises: EngineError."""
        with self._explained():
            load_archive(self.api, archive)

    def remove_images(self, tags: Sequence[str]) -> None:
        """Remove these tags, which must be ours, and what was built for them. Raises: EngineError."""
        with self._explained():
            remove_tags_and_steps(self.api, tags, self.images_before)

    def info_lines(self) -> tuple[tuple[str, str], ...]:
        """What ``docker info`` prints. Raises: EngineError."""
        with self._explained():
            return read_info_lines(self.api)

    def is_alive(self) -> bool:
        """Whether it answers a ping."""
        return answers(self.api)

    def log_tail(self) -> str:
        """Empty: the log is not ours to read."""
        return ""

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            raise EngineError(f"the engine at {self.docker_host} refuses: {error}") from error


def _find(rest: str) -> HostEngine:
    colon, context = rest[:1], rest[1:]
    if rest and (colon != ":" or not context):
        raise UsageError(f"{f'host{rest}'!r} names no docker context", "write host, or host:CONTEXT")
    return HostEngine(context=context)


HOST = EngineKind(name="host", engines=(HostEngine(),), find=_find)


# Another Docker Engine, which the user's buildx builders run on. It gets no request before a build passes.


class OtherEngine:
    """Another Docker Engine of the user's, by its address."""

    def __init__(self, docker_host: str, way: ProgramWay | None = None) -> None:
        """``way`` leads to an address that docker alone can connect to.

        Raises: EngineError for such an address without a way.
        """
        self.docker_host = docker_host
        self.way: Way = way or address_of(docker_host)
        self._api = EngineApi(docker_host, way)

    @cached_property
    def info(self) -> EngineInfo:
        """As it reports itself now; of one that no longer answers only the kind is known."""
        try:
            return read_host_info(self._api)
        except (ApiError, EngineError):
            return EngineInfo(kind="host", version="", api_version="", image_store="")

    def image_facts(self, reference: str) -> ImageFacts:
        """What the engine says about an image. Raises: EngineError."""
        try:
            return read_image_facts(self._api, reference)
        except ApiError as error:
            raise EngineError(f"the engine at {self.docker_host} refuses: {error}") from error
