"""Symbolic links that differ between two contexts, for keys that hold what a link leads to."""

from collections.abc import Iterator
from posixpath import dirname, join, normpath

from layerfork.explain.difference import Difference
from layerfork.explain.entry_rule import ENTRY_CAUSES, EVIDENCE_LIMIT, one_sided_paths, where
from layerfork.explain.finding import Case, Finding
from layerfork.explain.wording import show_name, show_type
from layerfork.model.context import ContextEntry, EntryType
from layerfork.model.record import BuildRecord

_KEYS_OF_LINKS = ("times", "entry")
"""Fields of ``link-target`` parts that count how often a path is reached through links."""


def clean_path(name: str) -> str:
    """An entry's name without ``./``, leading and trailing slashes."""
    return "/".join(piece for piece in name.split("/") if piece not in ("", "."))


def link_findings(
    case: Case, open_: tuple[Difference, ...], *, code: str, noun: str, remedy: str, type_changed: bool
) -> Iterator[Finding]:
    """One finding for all links whose kind (``type_changed``) or text differs and that left traces.

    The classic builder hashes what a link leads to, so a changed link shows as other entries.
    """
    if not _has_traces(case, open_):
        return
    found: list[tuple[str, ContextEntry, ContextEntry]] = []
    claims: dict[Difference, None] = {}
    for path, mine, theirs in _changed_links(case):
        traces = [each for each in _traces(case, open_, (path, mine, theirs)) if each not in claims]
        if (mine.type is not theirs.type) is type_changed and traces:
            found.append((path, mine, theirs))
            claims.update(dict.fromkeys(traces))
    if not found:
        return
    path, mine, theirs = found[0]
    names = [link for link, _, _ in found]
    yield Finding(
        code=code,
        path=path,
        field="linkname",
        writer=_shown(mine),
        reader=_shown(theirs),
        what=(
            f"{case.reader_name} sent {noun} {_shown(theirs)}, {case.writer_name} sent {noun} "
            f"{_shown(mine)}{where(case, names)}"
        ),
        evidence=tuple(
            f"{link}: {case.reader_name} {_shown(right)}, {case.writer_name} {_shown(left)}"
            for link, left, right in found[:EVIDENCE_LIMIT]
        ),
        remedy=remedy,
        more=len(found) - 1,
        claims=tuple(claims),
    )


def _has_traces(case: Case, open_: tuple[Difference, ...]) -> bool:
    if any(_counts_links(each) for each in open_):
        return True
    return any(one_sided_paths(case, open_))


def _counts_links(difference: Difference) -> bool:
    return difference.cause == "link-target" and difference.field.startswith(_KEYS_OF_LINKS)


def _traces(
    case: Case, open_: tuple[Difference, ...], link: tuple[str, ContextEntry, ContextEntry]
) -> Iterator[Difference]:
    """Differences that a changed link explains: at its own path, and at what it leads to."""
    path, mine, theirs = link
    absent = frozenset().union(*one_sided_paths(case, open_))
    places = {path, *_targets(path, mine), *_targets(path, theirs)}
    for each in open_:
        if each.path not in places:
            continue
        if _counts_links(each) or (each.path in absent and each.cause in ENTRY_CAUSES):
            yield each


def _targets(path: str, entry: ContextEntry) -> tuple[str, ...]:
    if entry.type is not EntryType.SYMLINK:
        return ()
    target = entry.linkname
    return (clean_path(normpath(target if target.startswith("/") else join(dirname(path), target))),)


def _changed_links(case: Case) -> Iterator[tuple[str, ContextEntry, ContextEntry]]:
    mine, theirs = _entries(case.writer.record), _entries(case.reader.record)
    for path in sorted(mine.keys() & theirs.keys()):
        left, right = mine[path], theirs[path]
        if EntryType.SYMLINK not in (left.type, right.type):
            continue
        if (left.type, left.linkname) != (right.type, right.linkname):
            yield path, left, right


def _entries(record: BuildRecord) -> dict[str, ContextEntry]:
    entries = record.context.entries if record.context else ()
    return {clean_path(entry.name): entry for entry in entries}


def _shown(entry: ContextEntry) -> str:
    if entry.type is EntryType.SYMLINK:
        return f"a symbolic link to {show_name(entry.linkname)}"
    return show_type(entry.type.value)
