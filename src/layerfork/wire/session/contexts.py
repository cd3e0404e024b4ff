"""Which of a session's transfers are the contexts of a build.

The definition's local sources name session, directory, patterns and paths, and so does the call that
transferred them. Source: moby/buildkit client/llb/source.go (Local), source/local/source.go,
frontend/dockerui/{config,context,namedcontext}.go @ 73ed6825c.
"""

import json
import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from layerfork.record.context import MAIN_CONTEXT, ContextManifest, Transport
from layerfork.record.record import Gap
from layerfork.wire.buildkit import ops_pb2 as ops
from layerfork.wire.buildkit.observed import ObservedBuild, ObservedSession, ObservedSync, ObservedUpload
from layerfork.wire.buildkit.plain import pairs, text
from layerfork.wire.session.directoryname import directory_of, named_directory
from layerfork.wire.session.filesync import DOCKERFILE_DIRECTORY
from layerfork.wire.session.manifest import (
    Recall,
    read_stat,
    read_syncs,
    read_upload,
    recall_nothing,
)

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
        yield "the transfer was cut"
