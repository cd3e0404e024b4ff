"""What executes builds: each entry of `ENGINES` can be started, and cleans up after itself.

    with open_engine("private:28.5").start(os.environ, say) as engine: ...

To add a generation of Docker Engine or podman, add an entry in `generations`; to add a kind, a file like
`host` and an entry here.
"""

from collections.abc import Mapping
from dataclasses import replace

from layerfork.engines.adapter import Engine, RunningEngine
from layerfork.engines.debian.dockerclis import fetch_toolchain
from layerfork.engines.debian.generations import GENERATIONS, PODMAN_GENERATIONS
from layerfork.engines.kinds.host import HostEngine, host_answers
from layerfork.engines.kinds.podman import PodmanEngine
from layerfork.engines.kinds.private import PrivateEngine
from layerfork.engines.spec import parse_spec
from layerfork.errors import UsageError

__all__ = [
    "ENGINES",
    "Engine",
    "RunningEngine",
    "default_spec",
    "fetch_toolchain",
    "host_answers",
    "open_engine",
]

PRIVATE_ENGINES = tuple(
    PrivateEngine(generation=generation, store=store)
    for generation in GENERATIONS
    for store in generation.image_stores
)
PODMAN_ENGINES = tuple(PodmanEngine(generation=generation) for generation in PODMAN_GENERATIONS)
HOST_ENGINE = HostEngine()
ENGINES: tuple[Engine, ...] = (*PRIVATE_ENGINES, *PODMAN_ENGINES, HOST_ENGINE)


def open_engine(spec: str) -> Engine:
    """The engine that a person named; ``private`` and ``podman`` alone are the first of their kind.

    Raises: UsageError when there is none of that name.
    """
    wanted = parse_spec(spec)
    if wanted.kind == "host":
        return replace(HOST_ENGINE, context=wanted.name)
    same_kind: tuple[PrivateEngine | PodmanEngine, ...] = PRIVATE_ENGINES
    if wanted.kind == "podman":
        same_kind = PODMAN_ENGINES
    name = wanted.name or same_kind[0].generation.name
    plus = "+containerd" if wanted.store == "containerd" else ""
    for engine in same_kind:
        if engine.id == f"{wanted.kind}:{name}{plus}":
            return engine
    names = ", ".join(engine.id for engine in same_kind)
    raise UsageError(f"there is no engine {spec!r}", f"there are: {names}")


def default_spec(environment: Mapping[str, str]) -> str:
    """``host`` when the user has an engine that answers, else ``private``."""
    return "host" if host_answers(environment) else "private"
