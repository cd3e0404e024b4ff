"""buildctl, and the BuildKit that BUILDKIT_HOST names: routed through a recorder of its own."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import urlencode

from layerfork.builders.engines import Recordable, RunningEngine, open_engine
from layerfork.builders.engines.buildkit import ADDRESS_VARIABLE, DEFAULT_ADDRESS
from layerfork.errors import EngineError
from layerfork.record.engine import BUILDKIT_DAEMON
from layerfork.record.progress import Say

PROGRAM = "buildctl"
ADDRESS_FLAG = "addr"
TLS_FLAGS = {
    "tlscacert": "cacert",
    "tlscert": "cert",
    "tlskey": "key",
    "tlsservername": "servername",
}
"""buildctl's own names of what may follow an address after ``buildkit:``."""
TLS_DIRECTORY_FLAG = "tlsdir"
TLS_FILES = {"cacert": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
_CONNECTING = {ADDRESS_FLAG, TLS_DIRECTORY_FLAG, *TLS_FLAGS}
VALUE_FLAGS = {*_CONNECTING, "timeout"}
"""Those of the flags in front of the subcommand that take a value.
Source: moby/buildkit cmd/buildctl/main.go and cmd/buildctl/common/common.go, v0.8 to v0.32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildctlCall:
    """A command that is buildctl itself, taken apart."""

    program: str
    spec: str
    """The engine to name: ``buildkit:tcp://there:1234?cacert=…``."""
    others: tuple[str, ...]
    """Every word after the program, without the address and the TLS files."""

    def at(self, address: str) -> tuple[str, ...]:
        """The same call at another address, without TLS."""
        return (self.program, f"--{ADDRESS_FLAG}", address, *self.others)


def read_buildctl(argv: Sequence[str], environment: Mapping[str, str]) -> BuildctlCall | None:
    """The call, if the command is buildctl; None for any other program."""
    if PurePath(argv[0]).name != PROGRAM:
        return None
    flags: dict[str, str] = {}
    others: list[str] = []
    words = list(argv[1:])
    while words and words[0].startswith("-"):
        taken = [words.pop(0)]
        name, equals, value = taken[0].lstrip("-").partition("=")
        if not equals and name in VALUE_FLAGS:
            value = words.pop(0) if words else ""
            taken.append(value)
        if name in _CONNECTING:
            flags[name] = value
        else:
            others += taken
    address = flags.get(ADDRESS_FLAG) or environment.get(ADDRESS_VARIABLE) or DEFAULT_ADDRESS
    return BuildctlCall(program=argv[0], spec=_spec(address, flags), others=(*others, *words))


def _spec(address: str, flags: Mapping[str, str]) -> str:
    directory = flags.get(TLS_DIRECTORY_FLAG)
    tls = {} if not directory else _files_in(Path(directory))
    tls |= {TLS_FLAGS[name]: value for name, value in flags.items() if name in TLS_FLAGS and value}
    return f"buildkit:{address}" + (f"?{urlencode(tls, safe='/')}" if tls else "")


def _files_in(directory: Path) -> dict[str, str]:
    """Certificates by their usual names; those that are not there are left out, as buildctl does."""
    return {key: str(directory / name) for key, name in TLS_FILES.items() if (directory / name).exists()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedBuildKit:
    """What the command uses instead of its BuildKit."""

    argv: tuple[str, ...]
    variables: Mapping[str, str]
    behind: tuple[tuple[Path, Recordable], ...] = ()
    """Sockets that recorders have to listen on, each with what it is in front of."""
    addresses: Mapping[str, str]
    """Recorder's address to the address that BUILDKIT_HOST would have named."""


@contextlib.contextmanager
def route_buildkit(
    argv: Sequence[str],
    call: BuildctlCall | None,
    engine: RunningEngine,
    recorder: str,
    environment: Mapping[str, str],
    place: Path,
    say: Say,
) -> Iterator[RoutedBuildKit]:
    """Route buildctl and BUILDKIT_HOST through a recorder: the engine's, or a new one in ``place``."""
    named = environment.get(ADDRESS_VARIABLE, "")
    if engine.info.kind == BUILDKIT_DAEMON:
        words = call.at(recorder) if call is not None else tuple(argv)
        addresses = {recorder: named} if named else {}
        yield RoutedBuildKit(argv=words, variables={}, addresses=addresses)
        return
    spec = call.spec if call is not None else f"buildkit:{named}" if named else ""
    with contextlib.ExitStack() as stack:
        found = _started(spec, environment, say, stack) if spec else None
        if found is None:
            yield RoutedBuildKit(argv=tuple(argv), variables={}, addresses={})
            return
        socket = place / "buildkit.sock"
        here = f"unix://{socket}"
        yield RoutedBuildKit(
            argv=call.at(here) if call is not None else tuple(argv),
            variables={ADDRESS_VARIABLE: here} if call is None else {},
            behind=((socket, found),),
            addresses={here: named} if named else {},
        )


def _started(
    spec: str, environment: Mapping[str, str], say: Say, stack: contextlib.ExitStack
) -> RunningEngine | None:
    """The BuildKit, if it can be recorded; else the reason is said."""
    try:
        return stack.enter_context(open_engine(spec).start(environment, say))
    except EngineError as error:
        say(f"builds on {spec.removeprefix('buildkit:')} will not be recorded: {error.message}")
        return None
