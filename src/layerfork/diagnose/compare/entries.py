"""The entries of a context by path: the first, the last, or all of each path.

A tar may hold a path more than once. Keys of the classic builder read the first entry, and the last one stays
on disk after unpacking.
"""

from collections.abc import Iterable, Mapping, Sequence

from layerfork.diagnose.compare.copied import clean_path
from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord


def entries_of(record: BuildRecord) -> Sequence[ContextEntry]:
    """The entries of a build's main context; none when it has no context."""
    return record.context.entries if record.context is not None else ()


def first_by_path(record: BuildRecord) -> Mapping[str, ContextEntry]:
    """The first entry of each cleaned path."""
    found: dict[str, ContextEntry] = {}
    for entry in entries_of(record):
        found.setdefault(clean_path(entry.name), entry)
    return found


def last_by_path(entries: Iterable[ContextEntry]) -> dict[str, ContextEntry]:
    """The last entry of each cleaned path."""
    return {clean_path(entry.name): entry for entry in entries}


def all_by_path(entries: Iterable[ContextEntry]) -> dict[str, tuple[ContextEntry, ...]]:
    """All entries of each path as an engine looks it up; the root is ``.``."""
    found: dict[str, list[ContextEntry]] = {}
    for entry in entries:
        found.setdefault(context_path(entry.name), []).append(entry)
    return {path: tuple(own) for path, own in found.items()}


def sent_paths(record: BuildRecord, kind: EntryType | None = None) -> frozenset[str]:
    """Cleaned paths of a build's entries; with ``kind`` only of entries of that kind."""
    own = (entry for entry in entries_of(record) if kind is None or entry.type is kind)
    return frozenset(clean_path(entry.name) for entry in own)
