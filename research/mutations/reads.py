"""Which paths of a context enter a build at all, written down from how builders behave.

This knows nothing of the product's key models: it says what a mutation's label may expect.
"""

import fnmatch
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from layerfork.record.build import Builder
from layerfork.record.context import EntryType
from research.mutations.scope import resolved
from research.mutations.subject import Arena, Delivery, Line, Node, Place, Stage, Subject

MAX_LINKS = 40
BUILD_FILES = ("Dockerfile", ".dockerignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What the live COPY and ADD lines of a subject read."""

    entries: frozenset[str]
    """Paths whose own header (and content) counts."""
    links: frozenset[str]
    """Symbolic links whose text counts, or where they lead."""


def live_stages(subject: Subject, builder: Builder) -> tuple[Stage, ...]:
    """Stages that run, their variables replaced: those that the last one or the target needs.

    For the classic builder these are all up to it.
    """
    subject = resolved(subject, builder)
    names = [stage.name for stage in subject.stages]
    last = names.index(subject.target) if subject.target else len(names) - 1
    if builder is Builder.CLASSIC:
        return subject.stages[: last + 1]
    needed, pending = set(), [names[last]]
    while pending:
        name = pending.pop()
        if name in needed:
            continue
        needed.add(name)
        stage = subject.stages[names.index(name)]
        wanted = {stage.base, *(line.origin for line in stage.lines)}
        pending.extend(other for other in names if other in wanted)
    return tuple(stage for stage in subject.stages if stage.name in needed)


def places_above(
    subject: Subject, builder: Builder, place: Place, *, copied: bool = True
) -> frozenset[Place]:
    """Every line that a line builds on: in its stage, in those that this one begins with, and, with
    ``copied``, in those that it copies from."""
    stages = resolved(subject, builder).stages
    numbers = {stage.name: number for number, stage in enumerate(stages)}
    pending = [place]
    found: set[Place] = set()
    while pending:
        stage, number = pending.pop()
        lines = stages[stage].lines
        origins = {line.origin for line in lines[: number + 1]} if copied else set()
        names = {stages[stage].base, *origins}
        wanted = [(stage, earlier) for earlier in range(number)]
        wanted += [
            (numbers[name], last)
            for name in names & numbers.keys()
            for last in range(len(stages[numbers[name]].lines))
        ]
        pending += [each for each in wanted if each not in found]
        found.update(wanted)
    return frozenset(found)


def visible(subject: Subject, arena: Arena) -> dict[str, Node]:
    """Nodes that a builder can copy: ignore rules applied by whoever applies them."""
    patterns = subject.ignore or ()
    if arena.delivery is Delivery.TAR and arena.builder is not Builder.BUILDAH:
        if arena.builder is Builder.BUILDKIT:
            patterns = ()
        else:
            patterns = tuple(pattern for pattern in patterns if pattern in BUILD_FILES)
    return {node.path: node for node in subject.all_nodes() if not is_ignored(node.path, patterns)}


def is_ignored(path: str, patterns: tuple[str, ...]) -> bool:
    """Plain paths and root-level wildcards; a directory takes what is below with it."""
    pieces = path.split("/")
    above = ["/".join(pieces[:length]) for length in range(1, len(pieces) + 1)]
    return any(
        fnmatch.fnmatchcase(place, pattern) and place.count("/") == pattern.count("/")
        for place in above
        for pattern in patterns
    )


def resolve(nodes: dict[str, Node], path: str) -> str:
    """Where a path leads when every link is followed; it may name nothing. Loops end at some name."""
    for _ in range(MAX_LINKS):
        pieces = path.split("/")
        for length in range(1, len(pieces) + 1):
            node = nodes.get("/".join(pieces[:length]))
            if node is not None and node.type is EntryType.SYMLINK:
                start = "" if node.target.startswith("/") else posixpath.dirname(node.path)
                whole = posixpath.join("/", start, node.target.lstrip("/"), *pieces[length:])
                path = posixpath.normpath(whole).strip("/")
                break
        else:
            return path
    return path


def matches(nodes: dict[str, Node], source: str) -> list[str]:
    """Paths that a source word names, wildcards not crossing slashes."""
    source = posixpath.normpath(source.lstrip("/") or ".")
    if not any(special in source for special in "*?["):
        return [source]
    return [
        path for path in nodes if path.count("/") == source.count("/") and fnmatch.fnmatchcase(path, source)
    ]


def reads(subject: Subject, arena: Arena) -> Reads:
    """Everything that the live lines read of the context."""
    nodes = visible(subject, arena)
    entries: set[str] = set()
    links: set[str] = set()
    for stage in live_stages(subject, arena.builder):
        for line in stage.lines:
            left = without_excluded(nodes, line)
            for path in line_matches(left, line):
                _read(left, path, arena.builder, entries, links)
    return Reads(entries=frozenset(entries), links=frozenset(links))


def without_excluded(nodes: dict[str, Node], line: Line) -> dict[str, Node]:
    """The nodes without those that a line's ``--exclude`` names, and what lies below them."""
    out = line.excluded
    return {
        path: node
        for path, node in nodes.items()
        if path not in out and not any(path.startswith(f"{each}/") for each in out)
    }


def line_matches(nodes: dict[str, Node], line: Line) -> Iterator[str]:
    for source in line.sources:
        yield from matches(nodes, source)


def in_one_source(subject: Subject, arena: Arena, *paths: str) -> bool:
    """Whether one source of a live line is a directory that holds all of the paths."""
    nodes = visible(subject, arena)
    lines = [line for stage in live_stages(subject, arena.builder) for line in stage.lines]
    return any(
        all(place == "." or path.startswith(f"{place}/") for path in paths)
        for line in lines
        if set(paths) <= without_excluded(nodes, line).keys()
        for place in (resolve(nodes, path) for path in line_matches(nodes, line))
    )


def _read(nodes: dict[str, Node], path: str, builder: Builder, entries: set[str], links: set[str]) -> None:
    node = nodes.get(path)
    if node is not None and node.type is EntryType.SYMLINK:
        links.add(path)
    place = resolve(nodes, path)
    found = nodes.get(place)
    if place != "." and (found is None or found.type is not EntryType.DIRECTORY):
        entries.update(shares(nodes, place, builder))
        return
    if place != "." and builder is not Builder.BUILDAH:
        entries.add(place)
    for member in nodes.values():
        if place != "." and not member.path.startswith(f"{place}/"):
            continue
        if member.type is EntryType.SYMLINK:
            links.add(member.path)
        if member.type is EntryType.SYMLINK and builder is Builder.CLASSIC:
            entries.add(resolve(nodes, member.path))
        else:
            entries.update(shares(nodes, member.path, builder))


def shares(nodes: dict[str, Node], path: str, builder: Builder) -> set[str]:
    """The path; for a hard link also the file it shares, where the builder reads through it."""
    node = nodes.get(path)
    if node is None or node.type is not EntryType.HARDLINK or builder is Builder.CLASSIC:
        return {path}
    return {path, node.target}
