"""The user's own buildkitd, by its address. Its builds are recorded; it has no images and no Docker API."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from layerfork.builders.engines.adapter import EngineKind
from layerfork.builders.engines.transport import ProgramWay, TlsSettings, TlsWay
from layerfork.errors import EngineError, UsageError
from layerfork.record.build import BUILDKIT_ALONE, Command, ServedBuilders
from layerfork.record.engine import BUILDKIT_DAEMON, EngineInfo, ImageFacts
from layerfork.record.machine import EngineRow, Obstacle
from layerfork.record.progress import Say
from layerfork.wire.http.http2 import PREFACE
from layerfork.wire.proxy.sockets import Way, open_socket

ADDRESS_VARIABLE = "BUILDKIT_HOST"
DEFAULT_ADDRESS = "unix:///run/buildkit/buildkitd.sock"
"""Where buildctl looks. Source: moby/buildkit util/appdefaults/appdefaults_unix.go, v0.8 to v0.32."""
TLS_PARTS = {"cacert": "ca", "cert": "cert", "key": "key", "servername": "server_name"}
"""What may follow an address after a question mark, as in options of buildx's remote driver."""
ANSWER_LIMIT_S = 10.0
NO_SETTINGS = b"\0\0\0\4\0\0\0\0\0"
SETTINGS = 4
"""Type of the first frame of either side, at byte 3. Source: RFC 9113, sections 3.4 and 6.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildKitEngine:
    """One buildkitd."""

    named: str = ""
    """Its address as it was written; empty is what BUILDKIT_HOST names, or buildctl's own default."""
    ours: bool = False
    roots: tuple[Path, ...] = ()

    @property
    def id(self) -> str:
        return f"buildkit:{self.named}" if self.named else "buildkit"

    def address(self, environment: Mapping[str, str]) -> str:
        """Where it listens."""
        return self.named or environment.get(ADDRESS_VARIABLE) or DEFAULT_ADDRESS

    def describe(self, environment: Mapping[str, str]) -> EngineRow:
        """Whether it answers."""
        row = EngineRow(id=self.id, title="your own BuildKit", origin=self.address(environment))
        try:
            with _way_to(self.address(environment), environment) as way:
                _check(self.address(environment), way)
        except EngineError as error:
            obstacle = Obstacle(what=error.message, remedy="start it, or name another one")
            return EngineRow(id=row.id, title=row.title, obstacles=(obstacle,))
        return EngineRow(id=row.id, title=row.title, origin=row.origin, builders=("buildkit",))

    def fetch(self, environment: Mapping[str, str], say: Say) -> None:
        """Nothing: it is the user's."""

    @contextlib.contextmanager
    def start(self, environment: Mapping[str, str], say: Say) -> Iterator["RunningBuildKit"]:
        """Check that it answers; there is nothing to end. Raises: EngineError."""
        address = self.address(environment)
        with _way_to(address, environment) as way:
            _check(address, way)
            say(f"using the BuildKit at {address}")
            yield RunningBuildKit(address=address, way=way)


@contextlib.contextmanager
def _way_to(address: str, environment: Mapping[str, str]) -> Iterator[Way]:
    """The way to an address: direct, or through a program that is ended on leaving. Raises: EngineError."""
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "unix":
        yield Path(parts.path)
    elif parts.scheme == "tcp" and parts.hostname and parts.port:
        yield _over_tcp((parts.hostname, parts.port), options)
    elif parts.scheme and parts.netloc:
        with ProgramWay(Command(argv=_dialling(address), env=dict(environment))) as way:
            yield way
    else:
        raise EngineError(
            f"{address!r} is not an address of a BuildKit daemon",
            "write unix:///path, tcp://host:port, tcp://host:port?cacert=FILE or docker-container://NAME",
        )


def _over_tcp(address: tuple[str, int], options: Mapping[str, str]) -> Way:
    if unknown := sorted(options.keys() - TLS_PARTS.keys()):
        raise EngineError(
            f"unknown after the address: {', '.join(unknown)}", f"known: {', '.join(TLS_PARTS)}"
        )
    if not options:
        return address
    try:
        return TlsWay(address, TlsSettings(**{TLS_PARTS[name]: value for name, value in options.items()}))
    except OSError as error:
        raise EngineError(
            f"the certificates for {address[0]} cannot be used: {error}", "check the files"
        ) from error


def _dialling(address: str) -> tuple[str, ...]:
    """The program that BuildKit's own clients start for such an address.

    Source: moby/buildkit client/connhelper/dockercontainer/dockercontainer.go and cmd/buildctl/dialstdio.go,
    v0.8 to v0.32.
    """
    parts = urlsplit(address)
    if parts.scheme != "docker-container":
        return ("buildctl", "--addr", address, "dial-stdio")
    context = dict(parse_qsl(parts.query)).get("context", "")
    named = (f"--context={context}",) if context else ()
    return ("docker", *named, "exec", "-i", parts.netloc, "buildctl", "dial-stdio")


def _check(address: str, way: Way) -> None:
    """Whether something that speaks HTTP/2 answers. Raises: EngineError with the reason."""
    hint = f"start buildkitd there, or name another address: --engine buildkit:ADDRESS, {ADDRESS_VARIABLE}"
    try:
        connection = way() if callable(way) else open_socket(way)
        with connection:
            connection.settimeout(ANSWER_LIMIT_S)
            connection.sendall(PREFACE + NO_SETTINGS)
            answer = b""
            while len(answer) < len(NO_SETTINGS) and (data := connection.recv(len(NO_SETTINGS))):
                answer += data
    except TimeoutError as error:
        raise EngineError(f"the BuildKit at {address}: no answer in {ANSWER_LIMIT_S:g} s", hint) from error
    except FileNotFoundError as error:
        raise EngineError(f"there is no socket {address}", hint) from error
    except OSError as error:
        raise EngineError(f"the BuildKit at {address} does not answer: {error}", hint) from error
    if len(answer) == len(NO_SETTINGS) and answer[3] == SETTINGS:
        return
    if complaint := way.complaint if isinstance(way, ProgramWay) else "":
        raise EngineError(f"the BuildKit at {address} does not answer: {complaint}", hint)
    if isinstance(way, tuple):
        hint = f"if it uses TLS, name its certificates: {address}?cacert=FILE&cert=FILE&key=FILE"
    raise EngineError(f"the server at {address} is not BuildKit", hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningBuildKit:
    """A buildkitd that answered."""

    address: str
    way: Way
    builders: ServedBuilders = BUILDKIT_ALONE
    toolchain: None = None
    podman: None = None
    daemons: None = None
    base_images: tuple[str, ...] = ()
    can_reset: bool = False
    network: Path | None = None

    @property
    def docker_host(self) -> str:
        """Its address, for what buildctl and not docker reads."""
        return self.address

    @property
    def socket(self) -> Path | None:
        return self.way if isinstance(self.way, Path) else None

    @property
    def info(self) -> EngineInfo:
        """Nothing yet: clients ask it for its version and platform in front of each build."""
        return EngineInfo(
            kind=BUILDKIT_DAEMON, version="", api_version="", image_store="", default_builder="buildkit"
        )

    def reset(self) -> None:
        """Nothing: the cache is the user's."""

    def how_to_bring(self, reference: str) -> str:
        """By a registry alone."""
        return f"BuildKit pulls {reference} from a registry"

    def image_facts(self, reference: str) -> ImageFacts:
        """Raises: EngineError, always."""
        raise EngineError(f"a BuildKit daemon keeps no images, so there is no image {reference}")

    def load(self, archive: Path) -> None:
        """Raises: EngineError, always."""
        raise EngineError(f"a BuildKit daemon keeps no images, so {archive} cannot be loaded")

    def remove_images(self, tags: Sequence[str]) -> None:
        """Nothing: there are none."""

    def info_lines(self) -> tuple[tuple[str, str], ...]:
        """Its address."""
        return (("BuildKit", self.address),)

    def is_alive(self) -> bool:
        """Whether it answers."""
        try:
            _check(self.address, self.way)
        except EngineError:
            return False
        return True

    def log_tail(self) -> str:
        """Empty: the log is not ours to read."""
        return ""


def _find(rest: str) -> BuildKitEngine:
    if rest and (not rest.startswith(":") or not urlsplit(rest[1:]).scheme):
        raise UsageError(
            f"{f'buildkit{rest}'!r} does not name a BuildKit daemon",
            "write buildkit:ADDRESS, or buildkit for BUILDKIT_HOST",
        )
    return BuildKitEngine(named=rest[1:])


BUILDKIT = EngineKind(name="buildkit", engines=(BuildKitEngine(),), find=_find)
