"""What executes builds: each entry of `ENGINES` can be started, and cleans up after itself.

    with open_engine("private:28.5").start(os.environ, say) as engine: ...

A kind of engine is a file in `kinds` and a line in `KINDS`; a generation of Docker Engine or podman is a file
in `debian.suites` and a line there.
"""

from collections.abc import Mapping
from itertools import takewhile

from layerfork.builders.debian.roots import fetch_toolchain
from layerfork.builders.engines.adapter import Engine, EngineKind, Recordable, RunningEngine, no_engine
from layerfork.builders.engines.buildkit import ADDRESS_VARIABLE, BUILDKIT
from layerfork.builders.engines.host import HOST, host_is_meant
from layerfork.builders.engines.podman import PODMAN
from layerfork.builders.engines.private import PRIVATE
from layerfork.builders.namespace.rundirs import base_directory, remove_kept

__all__ = [
    "ENGINES",
    "KINDS",
    "Engine",
    "Recordable",
    "RunningEngine",
    "default_spec",
    "default_spec_of_why",
    "fetch_toolchain",
    "host_is_meant",
    "open_engine",
    "stop_kept_engines",
]

KINDS: tuple[EngineKind, ...] = (
    PRIVATE,
    PODMAN,
    HOST,
    BUILDKIT,
)
ENGINES: tuple[Engine, ...] = tuple(engine for kind in KINDS for engine in kind.engines)
"""Every engine that can be listed."""


def open_engine(spec: str) -> Engine:
    """The engine that a person named by its kind, or by a generation of Docker Engine alone (``28.5``).

    Raises: UsageError when there is none of that name.
    """
    name = "".join(takewhile(str.islower, spec))
    if spec and not name:
        return PRIVATE.find(f":{spec}")
    for kind in KINDS:
        if kind.name == name:
            return kind.find(spec.removeprefix(name))
    ids = [engine.id for engine in ENGINES]
    raise no_engine(spec, [*(kind.name for kind in KINDS), *ids], ids)


def default_spec(environment: Mapping[str, str]) -> str:
    """The host's engine when the user has one, answering or not: no other takes its place. Then a BuildKit
    that BUILDKIT_HOST names, else a private engine."""
    if host_is_meant(environment):
        return HOST.name
    return BUILDKIT.name if environment.get(ADDRESS_VARIABLE) else PRIVATE.name


def default_spec_of_why(environment: Mapping[str, str]) -> str:
    """As `default_spec`, but for a private engine that keeps its cache: why compares builds of one cache."""
    spec = default_spec(environment)
    return f"{PRIVATE.name}+kept" if spec == PRIVATE.name else spec


def stop_kept_engines(environment: Mapping[str, str]) -> tuple[tuple[str, bool], ...]:
    """Remove what private engines have kept: each engine, and whether it is gone; one in use stays.

    Raises: EngineError.
    """
    return remove_kept(base_directory(environment))
