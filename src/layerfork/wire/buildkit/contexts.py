"""Contexts of a BuildKit build: which transfers of its session they are, and their entries."""

import json
import posixpath
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from google.protobuf.message import DecodeError

from layerfork.record.context import (
    MAIN_CONTEXT,
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
    display_name,
    entry_of,
)
from layerfork.record.record import Gap
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.fields import pairs, text
from layerfork.wire.buildkit.observed import ObservedBuild, ObservedSession, ObservedSync, ObservedUpload
from layerfork.wire.buildkit.request import directory_of, named_directory
from layerfork.wire.buildkit.session import DOCKERFILE_DIRECTORY

# Context manifests from what a session transferred.
#
# Source: tonistiigi/fsutil stat.go, stat_unix.go @ 6d9dc2e (what a client puts into a stat; modes are
# Go's io/fs.FileMode).

_DIRECTORY, _SYMLINK, _DEVICE, _PIPE = 1 << 31, 1 << 27, 1 << 26, 1 << 25
_SOCKET, _SETUID, _SETGID, _CHAR, _STICKY = 1 << 24, 1 << 23, 1 << 22, 1 << 21, 1 << 20
_TYPE_BITS = _DIRECTORY | _SYMLINK | _DEVICE | _PIPE | _SOCKET | _CHAR | 1 << 19
_UNSIGNED = (1 << 32) - 1


Recall = Callable[[ContextManifest], Sequence[ContextEntry] | None]
"""Entries of a context that was announced like this before, given all else of it; None where it was not."""


def recall_nothing(manifest: ContextManifest) -> None:
    """Recalls no context, so that every one is read."""


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


# Which of a session's transfers are the contexts of a build.
#
# The definition's local sources name session, directory, patterns and paths, and so does the call that
# transferred them. Source: moby/buildkit client/llb/source.go (Local), source/local/source.go,
# frontend/dockerui/{config,context,namedcontext}.go @ 73ed6825c.

_LOCAL = "local://"
_UPLOAD = "http://buildkit-session/"
_IGNORE_FILE = ".dockerignore"
_REMOTE = ("http://", "https://", "git://", "git@", "ssh://")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildContexts:
    """The contexts of one build and what is wrong with them."""

    main: ContextManifest | None = None
    named: tuple[ContextManifest, ...] = ()
    sessions: tuple[ObservedSession, ...] = ()
    """The sessions that took part."""
    gaps: tuple[Gap, ...] = ()
    uploads: tuple[ObservedUpload, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Local:
    """A ``local://`` source of a definition."""

    name: str
    session: str
    followed: tuple[str, ...]
    excludes: tuple[str, ...]
    includes: tuple[str, ...]


def find_contexts(
    build: ObservedBuild, definitions: Iterable[ops.Definition], recall: Recall = recall_nothing
) -> BuildContexts:
    """The main context, the named ones, and the gaps of either."""
    sources = list(_sources(definitions))
    attrs = build.attrs
    transfers: dict[str, list[ObservedSync]] = {}
    sessions: dict[str, ObservedSession] = {}
    main_local = attrs.get("contextkey", MAIN_CONTEXT)
    main_directory = ""
    for local in _locals(sources, build):
        session = build.sessions.get(local.session)
        if session is None:
            continue
        sessions[session.id] = session
        if local.name == main_local:
            main_directory = directory_of(session.connection.headers)
        known = transfers.setdefault(local.name, [])
        known += [sync for sync in _matching(session, local) if sync not in known]
    own = build.sessions.get(build.session_id)
    if own is not None:
        sessions.setdefault(own.id, own)
        if not sources:
            transfers = _all_transfers(own)
            main_directory = directory_of(own.connection.headers)
    uploads = _uploads(sources, attrs, sessions.values())
    return _assemble(transfers, uploads, attrs, tuple(sessions.values()), main_directory, recall)


def find_dockerfile(build: ObservedBuild, contexts: BuildContexts) -> bytes | None:
    """The Dockerfile as it was transferred, for builds whose definition does not hold it."""
    name = posixpath.basename(build.dockerfile_name)
    for session in contexts.sessions:
        for sync in session.syncs:
            if sync.name != build.attrs.get("dockerfilekey", DOCKERFILE_DIRECTORY):
                continue
            for position, content in sync.kept.items():
                if posixpath.basename(_path(sync, position)) == name:
                    return content
    return next((each.tar.captured for each in contexts.uploads if each.tar.captured is not None), None)


def _path(sync: ObservedSync, position: int) -> str:
    stat = read_stat(sync.stats[position]) if position < len(sync.stats) else None
    return text(stat.path) if stat is not None else ""


def _sources(definitions: Iterable[ops.Definition]) -> Iterable[ops.SourceOp]:
    for definition in definitions:
        for raw in definition.ops:
            try:
                op = ops.Op.FromString(raw)
            except DecodeError:
                continue
            if op.WhichOneof("op") == "source":
                yield op.source


def _locals(sources: Iterable[ops.SourceOp], build: ObservedBuild) -> Iterable[_Local]:
    for source in sources:
        identifier = text(source.identifier)
        if identifier.startswith(_LOCAL):
            attrs = pairs(source.attrs)
            yield _Local(
                name=identifier.removeprefix(_LOCAL),
                session=attrs.get("local.session") or build.session_id,
                followed=_json_list(attrs.get("local.followpaths", "")),
                excludes=_json_list(attrs.get("local.excludepatterns", "")),
                includes=_json_list(attrs.get("local.includepattern", "")),
            )


def _json_list(attribute: str) -> tuple[str, ...]:
    try:
        found = json.loads(attribute) if attribute else []
    except (ValueError, RecursionError):
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _matching(session: ObservedSession, local: _Local) -> list[ObservedSync]:
    """The transfer that this source asked for: the last, should it have been asked for twice."""
    named = [sync for sync in session.syncs if sync.name == local.name]
    found = [
        sync
        for sync in named
        if (sync.followed, sync.excludes, sync.includes) == (local.followed, local.excludes, local.includes)
    ] or [sync for sync in named if sync.followed != (_IGNORE_FILE,)]
    whole = [sync for sync in found if sync.ended]
    return (whole or found)[-1:]


def _all_transfers(session: ObservedSession) -> dict[str, list[ObservedSync]]:
    """Without a definition: everything but the Dockerfile and the ignore file."""
    transfers: dict[str, list[ObservedSync]] = {}
    for sync in session.syncs:
        if sync.name != DOCKERFILE_DIRECTORY and sync.followed != (_IGNORE_FILE,):
            transfers.setdefault(sync.name, []).append(sync)
    return transfers


def _uploads(
    sources: Iterable[ops.SourceOp], attrs: dict[str, str], sessions: Iterable[ObservedSession]
) -> dict[str, ObservedUpload]:
    """Uploads by the name of the context that they are."""
    wanted: dict[str, str] = {}
    for key, value in attrs.items():
        if value.startswith(_UPLOAD) and (key == MAIN_CONTEXT or key.startswith("context:")):
            wanted[posixpath.basename(value)] = key.removeprefix("context:")
    for source in sources:
        identifier = text(source.identifier)
        if identifier.startswith(_UPLOAD):
            wanted.setdefault(posixpath.basename(identifier), MAIN_CONTEXT)
    return {
        wanted[path]: upload
        for session in sessions
        for path, upload in session.uploads.items()
        if path in wanted
    }


def _assemble(
    transfers: dict[str, list[ObservedSync]],
    uploads: dict[str, ObservedUpload],
    attrs: dict[str, str],
    sessions: tuple[ObservedSession, ...],
    main_directory: str,
    recall: Recall,
) -> BuildContexts:
    given = {
        value.removeprefix("local:"): key.removeprefix("context:")
        for key, value in attrs.items()
        if key.startswith("context:") and value.startswith("local:")
    }
    main_local = attrs.get("contextkey", MAIN_CONTEXT)
    manifests: list[ContextManifest] = []
    gaps: list[Gap] = []
    for local, syncs in transfers.items():
        if syncs:
            name = MAIN_CONTEXT if local == main_local else given.get(local, local)
            directory = main_directory if name == MAIN_CONTEXT else named_directory(attrs, name)
            manifests.append(read_syncs(name, syncs, directory, recall))
            gaps += [
                Gap(where=f"file sync of {name}", what=what) for sync in syncs for what in _problems(sync)
            ]
    for name, upload in uploads.items():
        manifests.append(read_upload(name, upload))
        gaps += [*upload.gaps, *upload.tar.gaps]
    main = next((each for each in manifests if each.name == MAIN_CONTEXT), None)
    source = attrs.get(MAIN_CONTEXT, "")
    if main is None and source.startswith(_REMOTE) and not source.startswith(_UPLOAD):
        main = ContextManifest(transport=Transport.REMOTE, entries=(), remote=source)
    named = tuple(each for each in manifests if each.name != MAIN_CONTEXT)
    return BuildContexts(
        main=main, named=named, sessions=sessions, gaps=tuple(gaps), uploads=tuple(uploads.values())
    )


def _problems(sync: ObservedSync) -> Iterable[str]:
    if sync.error:
        yield sync.error
    elif not (sync.listed and sync.ended):
        yield "the transfer was interrupted"
