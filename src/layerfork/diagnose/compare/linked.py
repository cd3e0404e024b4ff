"""Where paths lie that lead through symbolic links of a context."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.gopath import context_path

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
    """Links that are the same in both: what differs about them is no matter of where files lie."""
    return {path: target for path, target in reader.items() if writer.get(path) == target}


def behind(place: str, links: Links, *, last: bool = False) -> str:
    """A path with the links among its directories followed, and with ``last`` one at its end as well.

    Links stay inside the context, as builders take them: one to an absolute path begins at its root. A path
    that leads through too many is left as it is.
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
