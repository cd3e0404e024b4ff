"""What the client of a recorded build would send of a directory and of its named contexts now."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from layerfork.app.predict.nextbuild import NextBuild, PredictOptions, current_umask, with_stand_ins_of
from layerfork.builders.recording.redactionkey import key_id, redaction_key
from layerfork.context.clientrules import ContextRules, find_rules
from layerfork.context.hashing.digestcache import DigestCache, cache_file, load_cache, save_cache
from layerfork.context.ignore.ignorefile import DOCKER_FILES
from layerfork.context.manifest import ReadContext, read_context
from layerfork.context.projectfiles import read_regular
from layerfork.context.senders import Sender, sender_of
from layerfork.context.treememory import note_tree, reading_of
from layerfork.errors import UsageError
from layerfork.keys.recordedbases import full_reference
from layerfork.record.build import Builder
from layerfork.record.context import (
    MAIN_CONTEXT,
    ContentSource,
    ContextEntry,
    ContextManifest,
    Digest,
    EntryType,
    Transport,
)
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord
from layerfork.userdirs import cache_directory
from layerfork.wire.redact import Redactor

# What named contexts of a recorded build hold now.


def rules_of_named() -> ContextRules:
    """How a client of BuildKit sends them: no ignore file of theirs is named after a Dockerfile.

    Source: moby/buildkit frontend/dockerui/namedcontext.go (load) @ v0.32.2.
    """
    return replace(find_rules("buildkit"), ignore_files=DOCKER_FILES)


def places_of_named(record: BuildRecord) -> tuple[Mapping[str, Path], Mapping[str, str]]:
    """The directories of named contexts that a client sent, and why others are unknown."""
    known = dict(record.place.named_contexts)
    places: dict[str, Path] = {}
    unseen: dict[str, str] = {}
    for manifest in record.named_contexts:
        if manifest.transport is not Transport.FILE_SYNC:
            unseen[manifest.name] = f"what the context {manifest.name} holds now is not known"
        elif manifest.name not in known:
            unseen[manifest.name] = f"no record shows the directory of the context {manifest.name}"
        else:
            places[manifest.name] = Path(known[manifest.name])
    return places, unseen


def read_named_contexts(record: BuildRecord) -> tuple[tuple[ContextManifest, ...], Mapping[str, str]]:
    """What would be sent of them, and why some are unknown."""
    places, why_not = places_of_named(record)
    unseen = dict(why_not)
    found: list[ContextManifest] = []
    for name, directory in places.items():
        read = _read_context(directory)
        if isinstance(read, str):
            unseen[name] = f"the context {name} cannot be read: {read}"
        else:
            found.append(replace(read, name=name))
    return tuple(found), unseen


def _read_context(directory: Path) -> ContextManifest | str:
    """The directory as it would be sent, or why it cannot be read."""
    file = cache_file(cache_directory(), directory)
    cache = load_cache(file) if file.exists() else DigestCache()
    try:
        read = read_context(directory, rules_of_named(), cache=cache)
    except UsageError as error:
        return error.message
    if cache.changed:
        save_cache(cache, file)
    if read.problems:
        first = read.problems[0]
        return f"{directory / first.path}: {first.reason}"
    return read.manifest


_MADE_UP = re.compile(r"\.dockerfile\.[0-9a-f]+")
_IMAGE = "docker-image://"
_EDITED = "layerfork: other content of "


def plan(
    record: BuildRecord,
    asked: PredictOptions,
    root: Path | None,
    client: str = "",
    sender: Sender | None = None,
) -> NextBuild:
    """What would be sent of ``root``; None: what the record says was sent.

    ``client`` is another client than the recorded build's, and ``sender`` its way to send a directory.
    Raises: UsageError for a file or directory that cannot be read, or that would not be sent.
    """
    redactor = Redactor(redaction_key())
    arguments = _build_args(record, asked, redactor)
    data, file, assumes = _dockerfile(record, asked, root)
    text = None
    if data is not None:
        text, more = _as_recorded(record, redactor.clean(data.decode("utf-8", "replace")))
        assumes += more
    contexts: tuple[ContextManifest, ...] = ()
    unseen: dict[str, str] = {}
    tree = ""
    if root is not None:
        name = _name_inside(record, asked.dockerfile, root)
        known = sender if client else sender_of(record)
        manifest, why, tree = _context(record, root, name, known, client)
        if why:
            unseen[MAIN_CONTEXT] = why
        if manifest is not None and known is not None and known.guessed:
            assumes += (
                f"the client sends the whole context as {known.rules.id} does, like the recorded one",
            )
        contexts = () if manifest is None else (manifest,)
    if client:
        assumes += (f"{client} asks for the same labels and options as the recorded client",)
    if asked.changed:
        contexts, more = _edited(record, contexts, asked.changed, root)
        assumes += more
    if root is not None and record.named_contexts:
        named, more_unseen = read_named_contexts(record)
        contexts, unseen = (*contexts, *named), {**unseen, **more_unseen}
        tree = ""  # it names the main context alone
    return NextBuild(
        contexts=contexts,
        unseen=unseen,
        tree=tree,
        dockerfile=text,
        dockerfile_file=file,
        build_args=arguments,
        target=asked.target or None,
        assumes=(*assumes, *images_assumed(record), *_cache(record)),
    )


def images_assumed(record: BuildRecord, resolved: Collection[str] = ()) -> tuple[str, ...]:
    """That images of FROM, and those that files are copied from, are what they were; ``resolved`` are those
    that an engine has looked up."""
    ops = record.definition.ops if record.definition is not None else ()
    read = (
        op.source.identifier
        for op in ops
        if op.source is not None and op.source.identifier.startswith(_IMAGE)
    )
    named = {full_reference(reference): reference for reference, _ in record.base_images}
    for identifier in read:
        reference = identifier.removeprefix(_IMAGE).partition("@")[0]
        named.setdefault(full_reference(reference), reference)
    for reference in resolved:
        named.pop(full_reference(reference), None)
    return (f"images are unchanged: {', '.join(named.values())}",) if named else ()


def _cache(record: BuildRecord) -> tuple[str, ...]:
    off = record.request.no_cache or record.request.no_cache_stages
    return ("the cache is used: the recorded build did not use it",) if off else ()


def _build_args(record: BuildRecord, asked: PredictOptions, redactor: Redactor) -> Mapping[str, str] | None:
    if not asked.build_args:
        return None
    return {**dict(record.request.build_args), **dict(redactor.pairs(asked.build_args))}


def _dockerfile(
    record: BuildRecord, asked: PredictOptions, root: Path | None
) -> tuple[bytes | None, tuple[str, str], tuple[str, ...]]:
    """The Dockerfile, `NextBuild.dockerfile_file`, and what is assumed."""
    path = dockerfile_path(record, asked.dockerfile, root)
    if path is None:
        assumed = ("the Dockerfile is unchanged: it was not a file on disk",) if root else ()
        return None, ("", ""), assumed
    try:
        data = read_regular(path)
    except OSError as error:
        raise UsageError(
            f"cannot read the Dockerfile {path}: {error.strerror}", hint="name it with -f"
        ) from error
    return data, (os.path.abspath(path), sha256(data).hexdigest()), ()  # noqa: PTH100 - links stay


def _as_recorded(record: BuildRecord, text: str) -> tuple[str, tuple[str, ...]]:
    """The text with the record's own stand-ins of hidden values, and what that takes for granted."""
    recorded = record.request.dockerfile
    if recorded is None or record.redaction_key_id in ("", key_id(redaction_key())):
        return text, ()
    alike = with_stand_ins_of(recorded, text)
    return alike, () if alike == text else ("hidden values in the Dockerfile are unchanged",)


def dockerfile_path(record: BuildRecord, named: str, root: Path | None) -> Path | None:
    """Where the Dockerfile lies now; None where it came from no file, or nothing on disk is to be read."""
    if named:
        return Path(named)
    if root is None:
        return None
    place, name = record.place, record.request.dockerfile_name or "Dockerfile"
    if _MADE_UP.fullmatch(name):
        return None
    if place.directory and place.dockerfile:
        return root / os.path.relpath(place.dockerfile, place.directory)
    return root / name


def _context(
    record: BuildRecord, root: Path, dockerfile: str, sender: Sender | None, client: str
) -> tuple[ContextManifest | None, str, str]:
    """The main context as it would be sent, or why that is unknown; neither when the build had none.

    Then the name of the tree, where it can be known again.
    """
    recorded = record.context
    if recorded is None:
        return None, "", ""
    if recorded.transport is Transport.REMOTE:
        return None, f"the current content of {recorded.remote or 'the remote context'} is unknown", ""
    if record.builder is not Builder.BUILDKIT and _MADE_UP.fullmatch(record.request.dockerfile_name):
        why = "its Dockerfile came from outside of the context, and the client puts such a one into it"
        return None, why, ""
    if sender is None and client:
        return None, f"how {client} sends a directory is not modelled", ""
    if sender is None:
        return None, "no client is known that sends a tar like the recorded one, so today's is not known", ""
    read, tree = _read(root, dockerfile, sender)
    if read.problems:
        first = read.problems[0]
        raise UsageError(
            f"cannot read {root / first.path}: {first.reason}", hint="the client would refuse it"
        )
    return replace(read.manifest, name=recorded.name), "", tree


def _name_inside(record: BuildRecord, named: str, root: Path) -> str:
    """The Dockerfile's path as seen from the context: an ignore file may be named after it."""
    path = dockerfile_path(record, named, root)
    if path is None:
        return "Dockerfile"
    return os.path.relpath(os.path.abspath(path), os.path.abspath(root))  # noqa: PTH100 - links stay


def _read(root: Path, dockerfile: str, sender: Sender) -> tuple[ReadContext, str]:
    """What would be sent, and the name of the tree where it can be known again."""
    caches, umask = cache_directory(), current_umask()
    file = cache_file(caches, root)
    cache = load_cache(file) if file.exists() else DigestCache()
    reading = reading_of(root, sender.rules, dockerfile, sender.docker_py, umask)
    read = read_context(
        root,
        sender.rules,
        dockerfile=dockerfile,
        docker_py=sender.docker_py,
        umask=umask,
        cache=cache,
    )
    if cache.changed:
        save_cache(cache, file)
    return read, note_tree(caches, read, sender.rules, reading)


def _edited(
    record: BuildRecord, contexts: Sequence[ContextManifest], files: Sequence[str], root: Path | None
) -> tuple[tuple[ContextManifest, ...], tuple[str, ...]]:
    """The context with another content of these files, and those that are not sent.

    Raises: UsageError for one that is not there at all.
    """
    before = contexts[0] if contexts else record.context
    if before is None:
        return tuple(contexts), tuple(f"{each} is not sent, so it changes nothing" for each in files)
    paths = {_inside(each, root): each for each in files}
    known = {context_path(entry.name) for entry in before.entries if entry.type is EntryType.FILE}
    unsent = [each for path, each in paths.items() if path not in known]
    for each in unsent:
        if root is None or not (root / _inside(each, root)).exists():
            raise UsageError(f"there is no file {each} in the context", hint="name files of the context")
    entries = tuple(
        _with_other_content(entry) if context_path(entry.name) in paths else entry for entry in before.entries
    )
    notes = tuple(f"{each} is not sent, so it changes nothing" for each in unsent)
    return (replace(before, entries=entries),), notes


def _inside(file: str, root: Path | None) -> str:
    """The path in the context of a file that a person named: from the working directory, else from the
    context."""
    if root is not None:
        here, top = Path(os.path.abspath(file)), Path(os.path.abspath(root))  # noqa: PTH100 - links stay
        if here.is_relative_to(top) and os.path.lexists(here):
            return str(here.relative_to(top))
    return context_path(file)


def _with_other_content(entry: ContextEntry) -> ContextEntry:
    if entry.type is not EntryType.FILE:
        return entry
    content = Digest("sha256:" + sha256(f"{_EDITED}{entry.content}".encode()).hexdigest())
    return replace(
        entry,
        content=content,
        content_source=ContentSource.DISK,
        tarsum=None,
        mtime_ns=entry.mtime_ns + 10**9,
    )
