"""What a client would send, how a recorded build would change by it, and what a prediction was asked."""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from layerfork.record.change import (
    MAIN_CONTEXT,
    BuildArgIs,
    Change,
    DockerfileIs,
    EntriesAre,
    PatternsAre,
    RequestIs,
    TransportIs,
)
from layerfork.record.context import ContextEntry, ContextManifest
from layerfork.record.gopath import context_path, has_wildcard
from layerfork.record.record import BuildOutcome, BuildRecord
from layerfork.wire.redact import STAND_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """What a person says of the build that is to be predicted; empty is what the record says."""

    dockerfile: str = ""
    """Path of a file."""
    target: str = ""
    build_args: tuple[tuple[str, str], ...] = ()
    """In addition to those of the record."""
    changed: tuple[str, ...] = ()
    """Files whose content becomes another one."""
    own_cache: bool = False
    """A builder that imports a cache also has what the recorded builds stored."""


def current_umask() -> int:
    """That of this process."""
    current = os.umask(0o022)
    os.umask(current)
    return current


# What a client would send, and how a recorded build would change by it.

_keyed_fields = attrgetter(
    *("name", "raw_name", "type", "mode", "uid", "gid", "uname", "gname", "size"),
    *("linkname", "raw_linkname", "devmajor", "devminor", "xattrs", "content"),
)
"""What some builder's key may hold of an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextBuild:
    """What a client would send; None for what stays as it was recorded."""

    contexts: tuple[ContextManifest, ...] = ()
    """The main context and named ones, as the client would send them: those that are not as recorded."""
    unseen: Mapping[str, str] = field(default_factory=dict)
    """By name, contexts with unknown contents, and why."""
    tree: str = ""
    """Names the directory as it was read, where it can be known again; else empty."""
    dockerfile: str | None = None
    dockerfile_file: tuple[str, str] = ("", "")
    """Absolute path of the file that it was read from, and SHA-256 of its bytes; both empty for none."""
    build_args: Mapping[str, str] | None = None
    """All that are given."""
    target: str | None = None
    changes: tuple[Change, ...] = ()
    """Whatever else is otherwise in the request."""
    not_defined: str = ""
    """Why an engine's frontend that was to make the definition made none; empty when it did, or none was
    asked."""
    other_cache: str = ""
    """Why nothing that was stored can be found, whatever is sent; empty when it can."""
    assumes: tuple[str, ...] = ()
    """Assumptions, one line each."""


def changes_of(record: BuildRecord, next_build: NextBuild) -> tuple[Change, ...]:
    """Everything that is otherwise than in the record."""
    return (*_request_changes(record, next_build), *_context_changes(record, next_build))


def _request_changes(record: BuildRecord, next_build: NextBuild) -> Iterator[Change]:
    request = record.request
    before = dict(request.build_args)
    after = before if next_build.build_args is None else dict(next_build.build_args)
    changes: list[Change] = [
        BuildArgIs(name=name, value=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]
    if next_build.target is not None and next_build.target != request.target:
        changes.append(RequestIs(field="target", value=next_build.target))
    text = request.dockerfile if next_build.dockerfile is None else next_build.dockerfile
    # The steps that a failed build did not come to are those of its Dockerfile.
    failed = record.result.outcome is not BuildOutcome.SUCCEEDED
    if text is not None and (changes or failed or text != request.dockerfile):
        yield DockerfileIs(text=text)
    yield from (*changes, *next_build.changes)


def _context_changes(record: BuildRecord, next_build: NextBuild) -> Iterator[Change]:
    recorded = {each.name: each for each in (record.context, *record.named_contexts) if each is not None}
    for after in next_build.contexts:
        before = recorded.get(after.name)
        if before is None:
            continue
        if before.transport is not after.transport:
            yield TransportIs(transport=after.transport, context=after.name)
        if after.name == MAIN_CONTEXT and before.excludes != after.excludes:
            yield PatternsAre(patterns=after.excludes)
        same = next_build.dockerfile in (None, record.request.dockerfile) and next_build.build_args is None
        yield from _entry_changes(before, after, same_instructions=same and next_build.target is None)


def _entry_changes(
    before: ContextManifest, after: ContextManifest, *, same_instructions: bool
) -> Iterator[EntriesAre]:
    """``same_instructions``: a builder that asked for some paths only asks for no others."""
    paths = _paths_of_others(before.entries, after.entries)
    if not paths:
        return
    old, new = _by_path(before, paths), _by_path(after, paths)
    asked = _RequestedPaths(before.followed_paths) if same_instructions and not _has_links(after) else None
    for path in sorted(paths):
        if asked is not None and path not in old and not asked.covers(path):
            continue
        mine, theirs = old.get(path, []), new.get(path, [])
        if list(map(_keyed_fields, mine)) != list(map(_keyed_fields, theirs)):
            yield EntriesAre(path=path, entries=tuple(theirs), context=after.name)


def _paths_of_others(before: Sequence[ContextEntry], after: Sequence[ContextEntry]) -> set[str]:
    """Paths of all but the entries that both have alike: mostly those are nearly all of very many."""
    old = {entry.name: entry for entry in before}
    new = {entry.name: entry for entry in after}
    names = {name for name in old.keys() & new.keys() if _keyed_fields(old[name]) != _keyed_fields(new[name])}
    if len(old) < len(before) or len(new) < len(after):
        names.update(old, new)  # some names are there twice
    return set(map(context_path, names | (old.keys() ^ new.keys())))


class _RequestedPaths:
    """Paths that a builder asked a file transfer for; no path at all is every one."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self._paths = tuple(map(context_path, paths))
        self._all = not paths or "." in self._paths or any(map(has_wildcard, paths))

    def covers(self, path: str) -> bool:
        """Whether an entry is one of them, below one, or above one."""
        return self._all or any(
            f"{path}/".startswith(f"{each}/") or f"{each}/".startswith(f"{path}/") for each in self._paths
        )


def _has_links(manifest: ContextManifest) -> bool:
    return any(entry.linkname for entry in manifest.entries)


def _by_path(manifest: ContextManifest, paths: Collection[str]) -> dict[str, list[ContextEntry]]:
    """All entries of each of these paths."""
    found: dict[str, list[ContextEntry]] = {}
    for entry in manifest.entries:
        if (path := context_path(entry.name)) in paths:
            found.setdefault(path, []).append(entry)
    return found


# Values that a record of another machine hides: its stand-ins were made with another key.


def with_stand_ins_of(recorded: str, text: str) -> str:
    """A text with the stand-ins of the recorded one, in those lines that are alike but for them.

    Whether the hidden values are the same is unknown.
    """
    known: dict[str, list[str]] = {}
    for line in recorded.split("\n"):
        known.setdefault(_bare(line), []).append(line)
    return "\n".join(_next(known, line) if STAND_IN.search(line) else line for line in text.split("\n"))


def _next(known: dict[str, list[str]], line: str) -> str:
    """The first recorded line that is alike and not taken yet."""
    alike = known.get(_bare(line))
    return alike.pop(0) if alike else line


def _bare(line: str) -> str:
    return re.sub(STAND_IN, "hidden:", line)
