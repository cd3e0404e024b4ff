"""A kind of engine: one entry of the table of kinds, made of values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from layerfork.engines.adapter import Engine
from layerfork.errors import UsageError

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
        names = ", ".join(engine.id for engine in engines)
        raise UsageError(f"there is no engine {name + rest!r}", f"there are: {names}")

    return EngineKind(name=name, engines=tuple(engines), find=find)
