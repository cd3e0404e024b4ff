"""Which sources a COPY or ADD names."""

import posixpath
from collections.abc import Container, Iterable
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
    leaves_out = "--exclude=" in instruction
    found = {path: None}
    for source in copied_sources(instruction):
        names = source.split("/")
        fixed = list(takewhile(lambda name: not _WILDCARDS & set(name), names))
        above = fixed if len(fixed) < len(names) else names[:-1]
        found[posixpath.join(*above, path)] = None
        if leaves_out:
            found[posixpath.join(source, path).rstrip("/")] = None
    return tuple(found)


def places_among(instruction: str, path: str, entries: Container[str]) -> tuple[str, ...]:
    """Of `context_paths` those that are entries. What no source covers is the path of a link's target, or of
    another file of that name, so it counts only where nothing else is."""
    found = tuple(place for place in context_paths(instruction, path) if (place or ".") in entries)
    covered = tuple(place for place in found if is_covered(place, copied_sources(instruction)))
    return covered or found


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
