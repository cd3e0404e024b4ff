"""What to do about a fork: which fixes are tried, in what way, and what has to happen once more."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import sha256

from layerfork.record.answer import Answer, Edit, Fix, Point, Treatment, Way
from layerfork.record.cause import CauseCode, Trait, codes_with
from layerfork.record.change import BuildArgIs, Change, EntriesAre
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest, Digest, EntryType
from layerfork.record.fixing import Again, Remedy
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord
from layerfork.record.secrets import HIDDEN

# Causes and patterns say how their fixes are tried; a single fix may show more.

_COPIED = "-copied"
"""End of the patterns of directories that no build should send."""
_PUT_BACK = Treatment(way=Way.RESTORE, edits=True)


def treatment_of(point: Point) -> Treatment | None:
    """How a point's fix is tried; None when it is no remedy."""
    found = point.treatment
    if found is None and _differs_in_blanks(point.fix):
        found = _PUT_BACK
    if found is None:
        return None
    if not found.edits and point.fix.command.startswith("tar "):
        found = replace(found, by_hand=True)
    return found if (point.fix.edits if found.edits else point.fix.command) else None


def _differs_in_blanks(fix: Fix) -> bool:
    """Whether lines are put back that differ in nothing that was meant."""
    return bool(fix.edits) and all(
        edit.before and " ".join(edit.before).split() == " ".join(edit.after).split() for edit in fix.edits
    )


def directory_of(point: Point) -> str:
    """Of a directory that no build should send, where it lies; empty for any other point."""
    if not point.pattern.endswith(_COPIED) or not point.paths:
        return ""
    pieces = point.paths[0].split("/")
    place = next(
        (at for at, name in enumerate(pieces) if name.strip("._") == point.pattern.removesuffix(_COPIED)), 0
    )
    return "/".join(pieces[: place + 1])


# What can be done about one fork: the fixes of its points together, as far as they are tried in one way.

Treated = tuple[Point, Treatment]


def remedy_of(answer: Answer) -> Remedy | None:
    """The remedy for an answer's fork; None when there is nothing to edit or to run."""
    chosen = chosen_points(answer)
    if not chosen:
        return None
    kinds = [kind for _, kind in chosen]
    points = [point for point, _ in chosen]
    warnings = (*(point.fix.warning for point in points), *(kind.warning for kind in kinds))
    return Remedy(
        way=kinds[0].way,
        edits=_edits(chosen),
        command=" && ".join(dict.fromkeys(point.fix.command for point, kind in chosen if not kind.edits)),
        by_hand=kinds[0].by_hand,
        builds=kinds[0].builds,
        warnings=tuple(dict.fromkeys(filter(None, warnings))),
        left=tuple(point.culprit for point in answer.points if point not in points),
    )


def chosen_points(answer: Answer) -> Sequence[Treated]:
    """The points that are treated together: all of a kind with the first that can be.

    What makes another project comes first: it helps against every such change to come.
    """
    treated = [(point, kind) for point in answer.points if (kind := treatment_of(point)) is not None]
    for way in (Way.REBUILD, Way.HOLD, Way.RESTORE, Way.COLD):
        own = [each for each in treated if each[1].way is way]
        if own:
            first = own[0][1]
            return own[:1] if first.builds else [each for each in own if _likewise(each[1], first)]
    return []


def _likewise(kind: Treatment, first: Treatment) -> bool:
    return (kind.builds, kind.by_hand, kind.edits) == (first.builds, first.by_hand, first.edits)


def _edits(chosen: Sequence[Treated]) -> tuple[Edit, ...]:
    """Each once; of two that touch one line the first."""
    found: dict[Edit, None] = {}
    for point, kind in chosen:
        own = point.fix.edits if kind.edits else ()
        taken = {line for edit in found for line in _touched_lines(edit)}
        if set(own) <= found.keys() or not any(
            line in taken for edit in own for line in _touched_lines(edit)
        ):
            found.update(dict.fromkeys(own))
    return tuple(found)


def _touched_lines(edit: Edit) -> set[tuple[str, int]]:
    return {(edit.file, edit.line + at) for at in range(max(1, len(edit.before)))} if edit.line else set()


# What has to happen once more for a build to miss as it did, as changes of the later build.

ANOTHER = "layerfork-again"
"""Name of a file that changes a directory."""
_MOST = 100
"""At most this many entries are changed again: one of them would do."""
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
