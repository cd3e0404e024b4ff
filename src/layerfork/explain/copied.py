"""Which sources a COPY or ADD names."""

from collections.abc import Iterable

from layerfork.dockerfile import parse_instruction
from layerfork.errors import UsageError
from layerfork.explain.align import keyword
from layerfork.explain.links import clean_path

_WILDCARDS = frozenset("*?[")


def copied_sources(instruction: str) -> tuple[str, ...]:
    """Source paths of a COPY or ADD, cleaned; empty for any other instruction."""
    if keyword(instruction) not in ("COPY", "ADD"):
        return ()
    try:
        sources = parse_instruction(instruction).sources
    except UsageError:
        return ()
    return tuple(clean_path(word) or "." for word in sources)


def is_covered(path: str, sources: Iterable[str]) -> bool:
    """Whether a context path is one of the sources, or lies below one; a wildcard may cover any."""
    return any(
        source == "." or bool(_WILDCARDS & set(source)) or path == source or path.startswith(source + "/")
        for source in sources
    )
