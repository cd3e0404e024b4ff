"""Which sources a COPY or ADD names."""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import takewhile

from layerfork.diagnose.compare.linked import NO_LINKS, Links, behind
from layerfork.diagnose.matching.alignment import keyword
from layerfork.dockerfile import parse_instruction
from layerfork.errors import UsageError

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
    return tuple(dict.fromkeys((path, *(place for _, place in _below_sources(instruction, path)))))


def _below_sources(instruction: str, path: str) -> Iterator[tuple[str, str]]:
    """Each source, and where the path would lie if it was one of that source."""
    leaves_out = "--exclude=" in instruction
    for source in copied_sources(instruction):
        names = source.split("/")
        fixed = list(takewhile(lambda name: not _WILDCARDS & set(name), names))
        above = fixed if len(fixed) < len(names) else names[:-1]
        yield source, path
        yield source, posixpath.join(*above, path)
        if leaves_out:
            yield source, posixpath.join(source, path).rstrip("/")


def places_among(
    instruction: str, path: str, is_entry: Callable[[str], bool], links: Links = NO_LINKS
) -> tuple[str, ...]:
    """Of `context_paths`, links on the way followed, those that are entries; the context itself is ``.``.

    What its own source does not cover is the path of a link's target, or of another file of that name, so it
    counts only where nothing else is.
    """
    lies = {place: place for place in context_paths(instruction, path)}
    if links:
        sources = copied_sources(instruction)
        lies = {place: behind(place, links, last=place in sources) for place in lies}
    found = {place: there for place, there in lies.items() if is_entry(there or ".")}
    covered = {place for source, place in _below_sources(instruction, path) if is_covered(place, (source,))}
    return tuple(there for place, there in found.items() if place in covered) or tuple(found.values())


@lru_cache(maxsize=1024)
def copied_sources(instruction: str) -> tuple[str, ...]:
    """Source paths of a COPY or ADD, cleaned; empty for any other instruction. Asked for every path."""
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
