"""Undoes differences of what was sent: the entries of the reader become those of the writer."""

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from layerfork.diagnose.causes.material import Material, Sent
from layerfork.diagnose.causes.rule import Finding
from layerfork.diagnose.compare.copied import places_among
from layerfork.diagnose.compare.differences import is_name, name_change_of
from layerfork.hypothesis import UnappliableError
from layerfork.record.cause import Trait
from layerfork.record.change import (
    AttributeChange,
    Change,
    EntriesAre,
    EntryIs,
    ModeIs,
    PatternsAre,
    TransportIs,
    XattrIs,
)
from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.gopath import context_path

PERMISSIONS = 0o7777


_OF_KIND = (
    *("type", "typeflag", "mode", "size", "linkname", "raw_linkname", "devmajor", "devminor"),
    *("content", "content_source"),
)
"""Fields that follow from what kind of entry it is."""


_CONTENT = ("content", "content_source", "size")


FIELDS: Mapping[str, tuple[str, ...]] = {
    "uid": ("uid",),
    "gid": ("gid",),
    "owner-name": ("uname", "gname"),
    "content": _CONTENT,
    "link-target": ("linkname", "raw_linkname"),
    "entry-name": ("name", "raw_name"),
    "hardlink": _OF_KIND,
    "entry-type": _OF_KIND,
}
"""Fields of an entry that a cause is about; the others are about whole entries, or part of a field."""


MASKS: Mapping[str, int] = {"mode": PERMISSIONS, "mode-type-bits": ~PERMISSIONS}
"""Bits of the mode that a cause is about."""


def undo_attribute(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The claimed attribute of the claimed entries is the writer's. Raises: UnappliableError."""
    changes: list[Change] = []
    for sent, path in _claimed(material, finding):
        changes.extend(_as_written(sent, path, finding))
    if finding.code.traits & Trait.CLIENT and changes:
        changes.extend(_same_change_elsewhere(material, finding, changes))
    if not changes:
        raise UnappliableError(f"no entry of the contexts is {finding.path or 'the one that differs'}")
    return tuple(dict.fromkeys(changes))


def undo_link(material: Material, finding: Finding) -> tuple[Change, ...]:
    """As `undo_attribute`; what a changed link leads to also shows at other paths."""
    changes = [
        change
        for sent in material.contexts
        for path in sorted(sent.writer.keys() & sent.reader.keys())
        if EntryType.SYMLINK in {entry.type for entry in sent.pair(path) or ()}
        for change in _as_written(sent, path, finding)
    ]
    try:
        changes.extend(undo_attribute(material, finding))
    except UnappliableError:
        if not changes:
            raise
    return tuple(dict.fromkeys(changes))


def undo_presence(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The claimed paths are sent as the writer sent them, or not at all. Raises: UnappliableError."""
    changes = tuple(dict.fromkeys(_present(material, finding)))
    if not changes:
        raise UnappliableError(f"no entry of the contexts is {finding.path or 'the one that differs'}")
    return changes


def undo_root(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The context travels as the writer's did, with the root that it sent."""
    changes: list[Change] = []
    for sent in material.contexts:
        writer, reader = sent.transports
        if writer is not None and reader is not None and writer is not reader:
            changes.append(TransportIs(transport=writer, context=sent.context))
        if sent.writer.get(".") != sent.reader.get("."):
            changes.append(EntriesAre(path=".", entries=sent.writer.get(".", ()), context=sent.context))
    return tuple(changes)


def undo_ignore_rule(material: Material, finding: Finding) -> tuple[Change, ...]:
    """As `undo_presence`, with the writer's patterns: a tar may hold what they exclude."""
    context = material.case.writer.record.context
    patterns = (PatternsAre(patterns=context.excludes),) if context is not None else ()
    return (*dict.fromkeys(_present(material, finding)), *patterns)


def _present(material: Material, finding: Finding) -> Iterator[Change]:
    contents = {each.path for each in finding.claims if each.cause == "content" and not each.one_sided}
    for sent, path in _claimed(material, finding):
        pair = sent.pair(path)
        if pair is not None and contents and finding.code == "dockerfile-in-context":
            values = tuple((name, getattr(pair[0], name)) for name in _CONTENT)
            yield EntryIs(path=path, values=values, context=sent.context)
        else:
            yield EntriesAre(path=path, entries=sent.writer.get(path, ()), context=sent.context)


def _as_written(sent: Sent, path: str, finding: Finding) -> Iterator[Change]:
    """What the finding says of the first entry of a path is the writer's."""
    pair = sent.pair(path)
    if pair is None:
        yield EntriesAre(path=path, entries=sent.writer.get(path, ()), context=sent.context)
        return
    writer, reader = pair
    if finding.code in MASKS:
        mask = MASKS[finding.code]
        if (writer.mode ^ reader.mode) & mask:
            yield ModeIs(path=path, mask=mask, value=writer.mode & mask, context=sent.context)
        return
    found = ((name, getattr(writer, name)) for name in _fields(finding, writer, reader))
    values = tuple((name, value) for name, value in found if getattr(reader, name) != value)
    if values:
        yield EntryIs(path=path, values=values, context=sent.context)
    yield from _xattrs(sent, path, finding)


def _fields(finding: Finding, writer: ContextEntry, reader: ContextEntry) -> Iterator[str]:
    yield from FIELDS.get(finding.code, ())
    if finding.code == "entry-name" and _links_one_file(writer, reader):
        yield from ("linkname", "raw_linkname")
    names_directory = finding.code == "entry-type" and EntryType.DIRECTORY in (writer.type, reader.type)
    if names_directory and writer.name.rstrip("/") == reader.name.rstrip("/"):
        yield from ("name", "raw_name")


def _xattrs(sent: Sent, path: str, finding: Finding) -> Iterator[Change]:
    """The attributes that the finding claims; an entry of another kind may have lost some."""
    writer, reader = (dict(side[path][0].xattrs) for side in (sent.writer, sent.reader))
    for name in sorted({each.field for each in finding.claims if each.cause == "xattr"}):
        if writer.get(name) != reader.get(name):
            yield XattrIs(path=path, name=name, value=writer.get(name), context=sent.context)


def _links_one_file(writer: ContextEntry, reader: ContextEntry) -> bool:
    """Two hard links to one file, whatever its name looks like in them."""
    both = {writer.type, reader.type} == {EntryType.HARDLINK}
    return both and context_path(writer.linkname) == context_path(reader.linkname)


def _same_change_elsewhere(
    material: Material, finding: Finding, changes: Iterable[Change]
) -> Iterator[Change]:
    """The same change of all other entries that differ in the same way."""
    made = {(each.context, each.path) for each in changes if isinstance(each, AttributeChange)}
    for sent in material.contexts:
        wanted = {
            _kind_of_change(finding, sent.pair(path), path)
            for context, path in made
            if context == sent.context and sent.pair(path)
        }
        for path in sent.writer.keys() & sent.reader.keys():
            if (sent.context, path) not in made and _kind_of_change(finding, sent.pair(path), path) in wanted:
                yield from _as_written(sent, path, finding)


def _kind_of_change(finding: Finding, pair: tuple[ContextEntry, ContextEntry] | None, path: str) -> object:
    """In which way a pair of entries differs; equal for those that one decision made."""
    if pair is None:
        return None
    writer, reader = pair
    if finding.code == "entry-name":
        return name_change_of(writer.name, reader.name, path)
    if finding.code == "mode-type-bits":
        return writer.mode & ~PERMISSIONS, reader.mode & ~PERMISSIONS
    return tuple((getattr(writer, name), getattr(reader, name)) for name in FIELDS[finding.code])


def _claimed(material: Material, finding: Finding) -> Iterator[tuple[Sent, str]]:
    """Contexts and paths in them that the claims may speak of and that differ."""
    wanted = dict.fromkeys(each.path for each in finding.claims if each.path or not is_name(each))
    for sent in material.contexts:
        seen: set[str] = set()
        for path in wanted:
            for place in _places(material, sent, path):
                differs = sent.writer.get(place) != sent.reader.get(place)
                if place not in seen and differs:
                    seen.add(place)
                    yield sent, place


def _places(material: Material, sent: Sent, path: str) -> Iterator[str]:
    """Where in a context an entry of a key may lie: below the sources, or where links of that path lead."""
    for view in (material.case.reader_view, material.case.writer_view):
        instruction = view.step.instruction
        written = places_among(instruction, path, sent.has)
        behind = places_among(instruction, path, sent.has, sent.links) if sent.links else ()
        for place in dict.fromkeys((*written, *behind)):
            yield place or "."
            for side in (sent.reader, sent.writer):
                yield from _targets(side, place)


def _targets(side: Mapping[str, tuple[ContextEntry, ...]], place: str) -> Iterator[str]:
    for _ in range(8):
        entry = side[place][0] if place in side else None
        if entry is None or entry.type not in (EntryType.SYMLINK, EntryType.HARDLINK):
            return
        hard = entry.type is EntryType.HARDLINK
        name = entry.linkname if hard else posixpath.join(posixpath.dirname(place), entry.linkname)
        place = context_path(name)
        yield place
