"""What the reader's client was never asked for.

BuildKit asks a client only for the paths that steps read. A path that no step reads is no input of the build,
and its record does not have it. Where an undone line or argument makes a step read such a path, it is assumed
to be what the writer's client sent, because only that build has read it. Evidence says where this was done.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go (FollowPaths) @ v0.13.2; tonistiigi/fsutil
followlinks.go @ 91a3fc46.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate, takewhile

from layerfork.diagnose.compare.copied import behind, is_covered, links_of, places_among
from layerfork.diagnose.compare.differences import entry_paths
from layerfork.diagnose.compare.judgedbuilds import StepView, ops_of
from layerfork.errors import UsageError
from layerfork.keys.ignoredialect import ignore_matcher
from layerfork.record.context import MAIN_CONTEXT, ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.gopath import context_path, has_wildcard
from layerfork.record.record import BuildRecord

_LOCAL = "local://"
_FOLLOWED = "local.followpaths"
_INCLUDED = "local.includepattern"


@dataclass(frozen=True, slots=True, kw_only=True)
class Informed:
    """The reader's record with the entries that its client was never asked for, as the writer's sent them."""

    record: BuildRecord
    taken: frozenset[str] = field(default_factory=frozenset)
    """Paths of those entries."""

    def taken_for(self, view: StepView) -> tuple[str, ...]:
        """Those that a step of the writer reads."""
        found = (
            place
            for path in entry_paths(view.key)
            for place in places_among(view.step.instruction, path, self.taken.__contains__)
        )
        return tuple(sorted(set(found))) if self.taken else ()


def informed_by(writer: BuildRecord, reader: BuildRecord) -> Informed:
    """The reader's record, with what its client was not asked for.

    Only where both clients sent the main context file by file, and not from two known directories that
    differ. The reader would not have sent what its ignore patterns exclude.
    """
    sent, own = writer.context, reader.context
    if sent is None or own is None or not _are_alike(sent, own) or _lie_apart(writer, reader):
        return Informed(record=reader)
    asked = _asked_for(reader, own)
    if not asked:
        return Informed(record=reader)
    there = {context_path(entry.name): entry.type for entry in own.entries}
    try:
        taken = tuple(_unasked(sent, reader, asked, there))
    except UsageError:
        return Informed(record=reader)  # the builder refuses a pattern that the client accepted
    manifest = replace(own, entries=(*own.entries, *taken))
    return Informed(
        record=replace(reader, context=manifest) if taken else reader,
        taken=frozenset(context_path(entry.name) for entry in taken),
    )


def _are_alike(writer: ContextManifest, reader: ContextManifest) -> bool:
    return writer.transport is reader.transport is Transport.FILE_SYNC


def _lie_apart(writer: BuildRecord, reader: BuildRecord) -> bool:
    directories = writer.place.directory, reader.place.directory
    return all(directories) and directories[0] != directories[1]


def _asked_for(reader: BuildRecord, manifest: ContextManifest) -> frozenset[str]:
    """Paths that the reader's client was asked for, with all below them, and where its links lead; none
    where it was asked for everything, or where no definition shows it."""
    sources = [
        dict(op.source.attrs)
        for op in ops_of(reader)
        if op.source is not None and op.source.identifier == _LOCAL + MAIN_CONTEXT
    ]
    if not all(source.get(_FOLLOWED) and not source.get(_INCLUDED) for source in sources):
        return frozenset()
    links = links_of(manifest.entries)
    paths = {_before_wildcard(context_path(path)) for source in sources for path in _paths(source[_FOLLOWED])}
    return frozenset(paths | {behind(path, links, last=True) or "." for path in paths})


def _paths(attribute: str) -> list[str]:
    try:
        found = json.loads(attribute)
    except (ValueError, RecursionError):
        return ["."]
    return [str(each) for each in found] if isinstance(found, list) else ["."]


def _before_wildcard(path: str) -> str:
    """The directory in which a pattern may match anything."""
    return "/".join(takewhile(lambda name: not has_wildcard(name), path.split("/"))) or "."


def _unasked(
    sent: ContextManifest, reader: BuildRecord, asked: Collection[str], there: Mapping[str, EntryType]
) -> Iterator[ContextEntry]:
    """Entries of the writer's that the reader's client was not asked for, where its context has room."""
    patterns = reader.context.excludes if reader.context is not None else ()
    excluder = ignore_matcher(reader)(patterns)
    blocked = frozenset(path for path, kind in there.items() if kind is not EntryType.DIRECTORY)
    for entry in sent.entries:
        path = context_path(entry.name)
        if path in there or is_covered(path, asked) or excluder.excludes(path):
            continue
        if _above(path).isdisjoint(blocked):
            yield entry


def _above(path: str) -> set[str]:
    return set(accumulate(path.split("/")[:-1], "{}/{}".format))
