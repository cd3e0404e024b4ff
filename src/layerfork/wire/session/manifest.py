"""Context manifests from what a session transferred.

Source: tonistiigi/fsutil stat.go, stat_unix.go @ 6d9dc2e (what a client puts into a stat; modes are
Go's io/fs.FileMode).
"""

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

from google.protobuf.message import DecodeError

from layerfork.record.context import (
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
    display_name,
    entry_of,
)
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.observed import ObservedSync, ObservedUpload
from layerfork.wire.buildkit.plain import text

_DIRECTORY, _SYMLINK, _DEVICE, _PIPE = 1 << 31, 1 << 27, 1 << 26, 1 << 25
_SOCKET, _SETUID, _SETGID, _CHAR, _STICKY = 1 << 24, 1 << 23, 1 << 22, 1 << 21, 1 << 20
_TYPE_BITS = _DIRECTORY | _SYMLINK | _DEVICE | _PIPE | _SOCKET | _CHAR | 1 << 19
_UNSIGNED = (1 << 32) - 1


Recall = Callable[[ContextManifest], Sequence[ContextEntry] | None]
"""Entries of a context that was announced like this before, given all else of it; None where it was not."""


def recall_nothing(manifest: ContextManifest) -> None:
    """Every context is read."""


def read_syncs(
    name: str, syncs: Iterable[ObservedSync], directory_name: str = "", recall: Recall = recall_nothing
) -> ContextManifest:
    """One manifest from the transfers of one directory; of several entries with one name the first counts."""
    syncs = tuple(syncs)
    manifest = ContextManifest(
        name=name,
        transport=Transport.FILE_SYNC,
        entries=(),
        announced=_announced(syncs),
        directory_name=directory_name,
        excludes=_all(sync.excludes for sync in syncs),
        followed_paths=_all((*sync.followed, *sync.includes) for sync in syncs),
        sent_bytes=sum(sync.sent_bytes for sync in syncs),
        complete=_complete(syncs),
    )
    known = recall(manifest) if manifest.complete else None
    if known is not None:
        return replace(manifest, entries=known)
    entries = _entries_of(syncs)
    return replace(manifest, entries=entries, complete=_complete(syncs))


def _complete(syncs: Iterable[ObservedSync]) -> bool:
    return all(sync.listed and sync.ended and not sync.error for sync in syncs)


def _announced(syncs: Iterable[ObservedSync]) -> str:
    """A digest of every entry's announcement, in order, and of the contents that were sent."""
    digest = sha256()
    for sync in syncs:
        digest.update(array("Q", (len(sync.stats), len(sync.digests), *map(len, sync.stats))).tobytes())
        digest.update(b"".join(sync.stats))
        digest.update(array("Q", sync.digests).tobytes())
        digest.update(b"".join(sync.digests.values()))
    return digest.hexdigest()


def _entries_of(syncs: Iterable[ObservedSync]) -> tuple[ContextEntry, ...]:
    entries: dict[bytes, ContextEntry] = {}
    for sync in syncs:
        for entry in _entries(sync):
            known = entries.get(entry.name_bytes)
            if known is None or known.content_source is ContentSource.NOT_SENT:
                entries[entry.name_bytes] = entry
    return tuple(entries.values())


def read_upload(name: str, upload: ObservedUpload) -> ContextManifest:
    """The manifest of an uploaded tar."""
    return ContextManifest(
        name=name,
        transport=Transport.TAR,
        entries=tuple(upload.tar.entries),
        compression=upload.compression,
        sent_bytes=upload.sent_bytes,
        complete=upload.complete and upload.tar.complete and not upload.gaps,
    )


def read_stat(packet: bytes) -> control.Stat | None:
    """The stat in an encoded packet, or None when the bytes are none."""
    try:
        return control.Packet.FromString(packet).stat
    except DecodeError:
        return None


def _all(patterns: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for several in patterns for each in several))


def _entries(sync: ObservedSync) -> Iterable[ContextEntry]:
    for position, raw in enumerate(sync.stats):
        stat = read_stat(raw)
        if stat is None:
            sync.error = sync.error or f"stat {position} was not understood"
            continue
        kind = _kind(stat)
        content, source = None, ContentSource.NONE
        if kind is EntryType.FILE:
            content, source = _content(sync, position)
        name, raw_name = display_name(stat.path)
        linkname, raw_linkname = display_name(stat.linkname)
        mode = stat.mode
        xattrs = tuple(sorted((text(each.key), each.value) for each in stat.xattrs)) if stat.xattrs else ()
        yield entry_of(
            (
                *(name, raw_name, kind, ""),
                mode & 0o777
                | (0o4000 if mode & _SETUID else 0)
                | (0o2000 if mode & _SETGID else 0)
                | (0o1000 if mode & _STICKY else 0),
                *(stat.uid, stat.gid, "", "", stat.size, stat.mod_time),
                *(linkname, raw_linkname, stat.devmajor, stat.devminor),
                *(xattrs, (), content, source, None),
            )
        )


def _content(sync: ObservedSync, position: int) -> tuple[Digest | None, ContentSource]:
    digest = sync.digests.get(position)
    if digest is not None:
        return Digest("sha256:" + digest.hex()), ContentSource.SENT
    return None, ContentSource.TRUNCATED if position in sync.cut else ContentSource.NOT_SENT


def _kind(stat: control.Stat) -> EntryType:
    mode = stat.mode
    if not mode & _TYPE_BITS:
        return EntryType.HARDLINK if stat.linkname else EntryType.FILE
    if mode & _DIRECTORY:
        return EntryType.DIRECTORY
    if mode & _SYMLINK:
        return EntryType.SYMLINK
    if mode & _DEVICE:
        return EntryType.CHAR_DEVICE if mode & _CHAR else EntryType.BLOCK_DEVICE
    if mode & _PIPE:
        return EntryType.FIFO
    return EntryType.SOCKET if mode & _SOCKET else EntryType.OTHER
