"""What executes builds: each entry of `ENGINES` can be started, and cleans up after itself.

    with open_engine("private:28.5").start(os.environ, say) as engine: ...

To add a generation of Docker Engine, add an entry in `generations`; to add a kind, a file like `host` and
an entry here.
"""

from collections.abc import Mapping
from dataclasses import replace

from layerfork.engines.adapter import Engine, RunningEngine
from layerfork.engines.generations import GENERATIONS
from layerfork.engines.host import HostEngine, host_answers
from layerfork.engines.private import PrivateEngine
from layerfork.engines.spec import parse_spec
from layerfork.engines.toolchains import fetch_toolchain
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
HOST_ENGINE = HostEngine()
ENGINES: tuple[Engine, ...] = (*PRIVATE_ENGINES, HOST_ENGINE)


def open_engine(spec: str) -> Engine:
    """The engine that a person named; ``private`` alone is the first private entry.

    Raises: UsageError when there is none of that name.
    """
    wanted = parse_spec(spec)
    if wanted.kind == "host":
        return replace(HOST_ENGINE, context=wanted.name)
    name, store = wanted.name or GENERATIONS[0].name, wanted.store or "graphdriver"
    for engine in PRIVATE_ENGINES:
        if (engine.generation.name, engine.store) == (name, store):
            return engine
    names = ", ".join(engine.id for engine in PRIVATE_ENGINES)
    raise UsageError(f"there is no engine {spec!r}", f"there are: {names}")


def default_spec(environment: Mapping[str, str]) -> str:
    """``host`` when the user has an engine that answers, else ``private``."""
    return "host" if host_answers(environment) else "private"
