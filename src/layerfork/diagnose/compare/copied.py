"""Which sources a COPY or ADD names, and where their paths lie in the context."""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType

from layerfork.diagnose.compare.alignment import keyword
from layerfork.dockerfile import parse_instruction
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.errors import UsageError
from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.gopath import context_path
from layerfork.record.record import StepRecord

Links = Mapping[str, str]
"""Symbolic links by path in the context, and their targets as written."""
NO_LINKS: Links = MappingProxyType({})
MOST_LINKS = 40


def links_of(entries: Iterable[ContextEntry]) -> Links:
    """The links among entries; of several entries of one path the first counts."""
    kinds: dict[str, ContextEntry] = {}
    for entry in entries:
        if entry.type is EntryType.SYMLINK:
            kinds.setdefault(context_path(entry.name), entry)
    return {path: entry.linkname for path, entry in kinds.items()}


def common_links(writer: Links, reader: Links) -> Links:
    """Links that are the same in both: links that differ do not say where files lie."""
    return {path: target for path, target in reader.items() if writer.get(path) == target}


def behind(place: str, links: Links, *, last: bool = False) -> str:
    """A path with the links among its directories followed, and with ``last`` one at its end as well.

    Links stay inside the context, as in builders: an absolute target begins at the context's root. A path
    through too many links stays as it is.
    """
    if not links:
        return place
    pending = place.split("/")[::-1]
    names: list[str] = []
    followed = 0
    while pending:
        name = pending.pop()
        if name in ("", "."):
            continue
        if name == "..":
            del names[-1:]
            continue
        target = links.get("/".join((*names, name))) if pending or last else None
        if target is None:
            names.append(name)
            continue
        followed += 1
        if followed > MOST_LINKS:
            return place
        if target.startswith("/"):
            names.clear()
        pending.extend(target.split("/")[::-1])
    return "/".join(names)


# Which sources a COPY or ADD names.

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

    A place that its own source does not cover is a link's target, or another file of that name. It counts
    only where there is no other.
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


# Whether what one step writes can be among what another one reads of its stage.


def writes_beside(step: StepRecord, reader: StepRecord) -> bool:
    """The step puts files at one place, and a later ``COPY --from`` reads others; False when in doubt.

    Only places that both texts name whole count. A link that leads from one to the other is not seen.
    """
    written = printed_instruction(step.instruction)
    if written is None or written.keyword not in ("COPY", "ADD", "WORKDIR") or not written.arguments:
        return False
    place, sources = written.arguments[-1].strip("[]"), copied_sources(reader.instruction)
    if not place.startswith("/") or "$" in place or not sources:
        return False
    return not any(_meet(clean_path(place), source) for source in sources)


def _meet(place: str, source: str) -> bool:
    if source == "." or not place or set("*?[$") & set(source):
        return True
    return f"{place}/".startswith(f"{source}/") or f"{source}/".startswith(f"{place}/")
