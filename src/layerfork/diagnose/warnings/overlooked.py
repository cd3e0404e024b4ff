"""What BuildKit's directory transfer takes for unchanged although the client sent something else.

Measured with Engine 20.10.24, 26.1.5, 28.5.2 (both image stores), all alike. For another file the transfer
needs another type, size, time of modification, mode, owner, device or link; its content and its extended
attributes are then read anew, else neither is. Of a directory that was there before it tells the content
digest nothing at all.
Source: tonistiigi/fsutil diff_containerd.go:sameFile, diskwriter.go:HandleChange @ 91a3fc46 and 6d9dc2eb.
"""

from collections.abc import Iterable, Iterator, Mapping

from layerfork.diagnose.compare.copied import clean_path, context_paths
from layerfork.diagnose.compare.linked import Links, behind, links_of
from layerfork.diagnose.compare.parts import Difference
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport

_OVERLOOKED = {
    EntryType.FILE: frozenset({"content", "xattr"}),
    EntryType.DIRECTORY: frozenset({"mode", "xattr"}),
}
_NOUNS = {"content": "the content", "xattr": "an extended attribute", "mode": "the mode"}
Sent = Mapping[str, tuple[ContextEntry, ContextEntry]]
"""Paths that two builds sent, with the writer's entry and the reader's: the last of each path."""


def unequal_entries(writer: ContextManifest, reader: ContextManifest) -> Sent:
    """Entries, as they end up on disk, of the paths that both contexts have, where anything differs."""
    writers, readers = _on_disk(writer), _on_disk(reader)
    return {
        path: (writers[path], entry)
        for path, entry in readers.items()
        if path in writers and writers[path] != entry
    }


def _on_disk(manifest: ContextManifest) -> dict[str, ContextEntry]:
    """The last entry of each path: the one that stays after unpacking."""
    return {clean_path(entry.name): entry for entry in manifest.entries}


def overlooked_change(
    manifest: ContextManifest, sent: Sent, instruction: str, differences: Iterable[Difference]
) -> tuple[str, str]:
    """What of the reader's differs and was overlooked, and why; empty unless all the differences are such."""
    links = links_of(manifest.entries)
    found = [_overlooked(sent, instruction, links, each) for each in differences]
    if manifest.transport is not Transport.FILE_SYNC or not all(what for what, _ in found):
        return "", ""
    return found[0] if found else ("", "")


def _overlooked(sent: Sent, instruction: str, links: Links, difference: Difference) -> tuple[str, str]:
    for path, (writer, reader) in _places(sent, instruction, links, difference.path):
        own = _OVERLOOKED.get(reader.type, frozenset())
        known = difference.cause != "content" or not difference.one_sided
        if known and difference.cause in own and _looks_unchanged(writer, reader):
            return f"{_NOUNS[difference.cause]} of {path}", _why(reader)
    return "", ""


def _places(
    sent: Sent, instruction: str, links: Links, path: str
) -> Iterator[tuple[str, tuple[ContextEntry, ContextEntry]]]:
    places = dict.fromkeys(behind(place, links) for place in context_paths(instruction, path))
    return ((place, sent[place]) for place in places if place in sent)


def _why(entry: ContextEntry) -> str:
    if entry.type is EntryType.DIRECTORY:
        return "BuildKit takes no notice of a directory that it has already"
    return "size, mode and modification time are the same, so BuildKit did not read it again"


def _looks_unchanged(writer: ContextEntry, reader: ContextEntry) -> bool:
    if reader.type is EntryType.DIRECTORY:
        return writer.type is EntryType.DIRECTORY
    return _compared(writer) == _compared(reader)


def _compared(entry: ContextEntry) -> tuple[object, ...]:
    return (
        *(entry.type, entry.size, entry.mtime_ns, entry.mode, entry.uid, entry.gid),
        *(entry.linkname, entry.devmajor, entry.devminor),
    )
