"""Which sources a COPY or ADD names."""

import posixpath
from collections.abc import Iterable
from itertools import takewhile

from layerfork.dockerfile import parse_instruction
from layerfork.errors import UsageError
from layerfork.explain.compare.alignment import keyword

_WILDCARDS = frozenset("*?[")
_OPEN = _WILDCARDS | {"$"}


def clean_path(name: str) -> str:
    """An entry's name without ``./``, leading and trailing slashes."""
    if name and name[0] not in "./" and "//" not in name and "/." not in name:
        return name.rstrip("/")  # nearly all of very many
    return "/".join(piece for piece in name.split("/") if piece not in ("", "."))


def context_paths(instruction: str, path: str) -> tuple[str, ...]:
    """Where in the context a path of a key may lie.

    BuildKit's keys hold paths from the last name of a source on, or below what precedes a wildcard;
    with ``--exclude`` those below a source.
    """
    sources = copied_sources(instruction)
    leaves_out = "--exclude=" in instruction
    found = {path: None} if not sources or is_covered(path, sources) else {}
    for source in sources:
        names = source.split("/")
        fixed = list(takewhile(lambda name: not _WILDCARDS & set(name), names))
        above = fixed if len(fixed) < len(names) else names[:-1]
        found[posixpath.join(*above, path)] = None
        if leaves_out:
            found[posixpath.join(source, path).rstrip("/")] = None
    return tuple(found)


def copied_sources(instruction: str) -> tuple[str, ...]:
    """Source paths of a COPY or ADD, cleaned; empty for any other instruction."""
    if keyword(instruction) not in ("COPY", "ADD"):
        return ()
    try:
        sources = parse_instruction(instruction).sources
    except UsageError:
        return ()
    if sources and sources[0].startswith("["):
        # BuildKit shows the JSON form without its quotes.
        sources = tuple(word.removeprefix("[").removesuffix(",") for word in sources)
    return tuple(clean_path(word) or "." for word in sources)


def is_covered(path: str, sources: Iterable[str]) -> bool:
    """Whether a context path is a source, or lies below one; a wildcard or variable may cover any."""
    return any(
        source == "." or bool(_OPEN & set(source)) or path == source or path.startswith(source + "/")
        for source in sources
    )
