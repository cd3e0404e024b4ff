"""A kind of engine: one entry of the table of kinds, made of values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from layerfork.builders.engines.adapter import Engine
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
