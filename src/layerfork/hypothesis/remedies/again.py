"""What has to happen once more for a build to miss as it did, as changes of the later build."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from layerfork.hypothesis.remedies.remedy import chosen_points
from layerfork.hypothesis.remedies.table import directory_of
from layerfork.record.answer import Answer, Point
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.change import BuildArgIs, Change, EntriesAre
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest, Digest, EntryType
from layerfork.record.fixing import Again
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord
from layerfork.record.secrets import HIDDEN

ANOTHER = "layerfork-again"
"""Name of a file that changes a directory."""
_MOST = 100
"""So many entries change again: one of them would do."""
_ENTRIES = codes_with(Trait.ENTRY) | {CauseCode.DOCKERFILE_IN_CONTEXT}


def again_of(answer: Answer, writer: BuildRecord, reader: BuildRecord) -> Again:
    """For the points of an answer that its remedy treats. The earlier build is ``writer``."""
    points = [point for point, _ in chosen_points(answer)]
    files: dict[str, Change] = {}
    again = Again()
    for point in points:
        if point.code in _ENTRIES:
            files |= {each.path: each for each in _entries(point, writer.context, reader.context)}
        elif point.code == CauseCode.BUILD_ARG:
            again = replace(again, asked=tuple(_arguments(writer, reader)))
        elif point.code == CauseCode.ENV:
            again = replace(again, lines=tuple(_lines(writer, reader)))
        else:
            return Again(unknown=f"how to make this happen again is not known: {point.culprit}")
    hidden = [each for each in again.asked if isinstance(each, BuildArgIs) and HIDDEN in str(each.value)]
    if hidden:
        return Again(unknown=f"the value of {hidden[0].name} is hidden in the record")
    if not (files or again.asked or again.lines):
        return Again(unknown="what happened is not known well enough to make it happen again")
    return replace(again, changes=tuple(files.values()))


def _entries(
    point: Point, writer: ContextManifest | None, reader: ContextManifest | None
) -> Iterator[EntriesAre]:
    """Every entry becomes what it was, with another content where its content changed."""
    directory = directory_of(point)
    if directory:
        path = f"{directory}/{ANOTHER}"
        entry = ContextEntry(name=path, type=EntryType.FILE, mode=0o644)
        yield EntriesAre(path=path, entries=(_with_another_content(entry),))
        return
    before, after = _by_path(writer), _by_path(reader)
    for path in point.paths[:_MOST]:
        was, now = before.get(path), after.get(path)
        if was is None:
            yield EntriesAre(path=path, entries=())
        elif now is None or now.content != was.content:
            yield EntriesAre(path=path, entries=(_with_another_content(was),))
        else:
            yield EntriesAre(path=path, entries=(was,))


def _with_another_content(entry: ContextEntry) -> ContextEntry:
    if entry.type is not EntryType.FILE:
        return entry
    content = Digest("sha256:" + sha256(f"{ANOTHER} {entry.content}".encode()).hexdigest())
    return replace(
        entry,
        content=content,
        content_source=ContentSource.DISK,
        tarsum=None,
        mtime_ns=entry.mtime_ns + 10**9,
    )


def _by_path(manifest: ContextManifest | None) -> dict[str, ContextEntry]:
    found: dict[str, ContextEntry] = {}
    for entry in manifest.entries if manifest is not None else ():
        found.setdefault(context_path(entry.name), entry)
    return found


def _arguments(writer: BuildRecord, reader: BuildRecord) -> Iterator[BuildArgIs]:
    was, now = dict(writer.request.build_args), dict(reader.request.build_args)
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            yield BuildArgIs(name=name, value=was.get(name))


def _lines(writer: BuildRecord, reader: BuildRecord) -> Iterator[tuple[str, str]]:
    """Lines that read otherwise, as the reader and the writer had them; none of another number of lines."""
    was, now = ((each.request.dockerfile or "").splitlines() for each in (writer, reader))
    if len(was) == len(now):
        yield from ((new, old) for old, new in zip(was, now, strict=True) if old != new)
