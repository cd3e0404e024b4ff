"""Hits that should have been misses: steps that were reused, or would be, although their inputs changed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from layerfork.diagnose.compare.copied import Links, behind, clean_path, context_paths, links_of
from layerfork.diagnose.compare.differences import Difference, entry_paths, list_differences
from layerfork.diagnose.compare.entries import entries_of, last_by_path
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView, ops_of, views_of
from layerfork.diagnose.compare.stepwalk import Comparison
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.keys.buildah.imagehistory import bind_targets
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.keys.recordedbases import find_facts
from layerfork.record.answer import Caution
from layerfork.record.build import Builder
from layerfork.record.context import MAIN_CONTEXT, ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import BuildRecord, StepRecord, StepStatus

# Changes that BuildKit's directory transfer overlooks although the client sent something else.
#
# Measured with Engine 20.10.24, 26.1.5, 28.5.2 (both image stores), with equal results. The transfer reads a
# file again, its content and its extended attributes, only if the type, size, modification time, mode, owner,
# device or link differs. It passes no change of a directory that existed before on to the content digest.
# Source: tonistiigi/fsutil diff_containerd.go:sameFile, diskwriter.go:HandleChange @ 91a3fc46 and 6d9dc2eb.

_OVERLOOKED = {
    EntryType.FILE: frozenset({"content", "xattr"}),
    EntryType.DIRECTORY: frozenset({"mode", "xattr"}),
}
_NOUNS = {"content": "the content", "xattr": "an extended attribute", "mode": "the mode"}
Sent = Mapping[str, tuple[ContextEntry, ContextEntry]]
"""Paths that two builds sent, with the writer's entry and the reader's: the last of each path."""


def unequal_entries(writer: ContextManifest, reader: ContextManifest) -> Sent:
    """Entries, as they end up on disk, of the paths that both contexts have, where anything differs."""
    writers, readers = last_by_path(writer.entries), last_by_path(reader.entries)
    return {
        path: (writers[path], entry)
        for path, entry in readers.items()
        if path in writers and writers[path] != entry
    }


def overlooked_change(
    manifest: ContextManifest, sent: Sent, instruction: str, differences: Iterable[Difference]
) -> tuple[str, str]:
    """What the builder overlooked, and why; empty unless it overlooked all the differences."""
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
        return "BuildKit ignores changes to a directory that it already has"
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


# Warnings about steps that were reused although what they copy is not what was sent.


def stale_hits(comparison: Comparison) -> dict[int, Caution]:
    """Hits of the reader whose input provably changed, by step.

    Classic: a step whose key does not see what changed (the target of a hard link, the text of a
    link that points nowhere, all but the first of duplicate entries). BuildKit: a step whose key
    differs only in changes that the directory transfer overlooks.
    """
    reader, writer = comparison.reader.record, comparison.writer.record
    sent = sent_unlike(writer, reader) if comparison.scope is None else {}
    if not sent:
        return {}
    judge = _classic if reader.builder is Builder.CLASSIC else _sync
    found = (
        (view.index, judge(comparison, view, writers, sent)) for view, writers in _reused_steps(comparison)
    )
    return {index: caution for index, caution in found if caution is not None}


def sent_unlike(writer: BuildRecord, reader: BuildRecord) -> Sent:
    """Entries that a reused step may hold as the writer sent them; none where a context is not wholly
    known."""
    if reader.context is None or writer.context is None or reader.context is writer.context:
        return {}
    if not (reader.context.complete and writer.context.complete):
        return {}
    sent = unequal_entries(writer.context, reader.context)
    if reader.builder is Builder.CLASSIC:
        return {path: pair for path, pair in sent.items() if _is_changed(*pair)}
    return sent


def _reused_steps(comparison: Comparison) -> Iterator[tuple[StepView, StepView]]:
    for index, view in comparison.reader_views.items():
        writer_index = comparison.alignment.writer_of.get(index)
        if writer_index is not None and view.step.status is StepStatus.HIT and view.key.parts:
            yield view, comparison.writer_views[writer_index]


def _is_changed(writer: ContextEntry, reader: ContextEntry) -> bool:
    """Whether kind, content or link text differ."""
    if (writer.type, writer.linkname) != (reader.type, reader.linkname):
        return True
    return bool(writer.content and reader.content and writer.content != reader.content)


def _classic(comparison: Comparison, view: StepView, writer: StepView, sent: Sent) -> Caution | None:
    """Only a step of the writer's class (equal image ids) that copies a changed path counts."""
    if view.index in comparison.unshared:
        return None
    entries = entries_of(comparison.reader.record)
    links = {clean_path(entry.name): clean_path(entry.linkname) for entry in entries if entry.linkname}
    for path in sorted(entry_paths(view.key)):
        seen = path if path in sent else links.get(path, "")
        if seen not in sent:
            continue
        if sum(clean_path(entry.name) == seen for entry in entries) > 1:
            why = "the tar holds it more than once, and only its first entry is part of the key"
            return _stale(comparison, view, seen, why, code="duplicate-entry")
        return _stale(comparison, view, seen, "the key holds the link, not what it points to")
    return None


def _sync(comparison: Comparison, view: StepView, writer: StepView, sent: Sent) -> Caution | None:
    manifest = comparison.reader.record.context
    differences = list_differences(writer.key, view.key)
    if manifest is None or not differences:
        return None
    what, why = overlooked_change(manifest, sent, view.step.instruction, differences)
    return _stale(comparison, view, what, why) if what else None


def _stale(
    comparison: Comparison, view: StepView, what: str, why: str, code: str = "stale-content"
) -> Caution:
    sent = f"{what} differs from what {comparison.writer.client} sent"
    return Caution(
        code=code,
        client=comparison.reader.client,
        step=view.index,
        text=f"{view.step.instruction} was reused although {sent}: {why}",
    )


# What is unknown of a build before it runs, although its keys can be computed.
#
# The content of a URL or a repository, the image that a name refers to now, files that the engine reads and
# no record shows, and changes that BuildKit's directory transfer overlooks.

_IMAGE = "docker-image://"
_REMOTE = re.compile(r"[a-z]+://|git@|github\.com/")
_COMMIT = re.compile(r"#[0-9a-f]{40}(?::|$)")


def doubts_about(
    recorded: JudgedBuild, planned: JudgedBuild, real: Mapping[int, int], unseen: Mapping[str, str]
) -> dict[int, str]:
    """Steps of a planned build whose result is unknown, by index, and why.

    ``real`` says which step of the recorded build each of its steps is; ``unseen`` names the contexts whose
    files are unknown, and why.
    """
    before, after = views_of(recorded), views_of(planned)
    sent = dict(_sent_unlike(recorded.record, planned.record))
    changed = recorded.record.context != planned.record.context
    found: dict[int, str] = {}
    for view in after.values():
        writer = before.get(real.get(view.index, 0))
        why = (
            _remote(view.step)
            or _unseen(planned.record, view.step, unseen)
            or _other_image(recorded.record, planned.record, view.step)
            or _read_elsewhere(planned.record, view.step, changed=changed)
        )
        if not why and writer is not None and sent:
            why = _overlooked_changes(planned.record, sent, writer, view)
        if why:
            found[view.index] = why
    return found


def _sent_unlike(recorded: BuildRecord, planned: BuildRecord) -> Iterator[tuple[str, Sent]]:
    """By context, the entries that the recorded build sent differently. Only a context that is transferred
    file by file counts: there the builder may overlook them."""
    before = {each.name: each for each in _contexts(recorded)}
    for manifest in _contexts(planned):
        if manifest.transport is Transport.FILE_SYNC and manifest.name in before:
            pair = replace(recorded, context=before[manifest.name]), replace(planned, context=manifest)
            sent = sent_unlike(*pair)
            if sent:
                yield manifest.name, sent


def _contexts(record: BuildRecord) -> tuple[ContextManifest, ...]:
    return tuple(each for each in (record.context, *record.named_contexts) if each is not None)


def _overlooked_changes(
    record: BuildRecord, sent: Mapping[str, Sent], writer: StepView, view: StepView
) -> str:
    """What a step reads that changed, where the builder does not notice it."""
    differences = list_differences(writer.key, view.key)
    if not differences:
        return ""
    read = _contexts_of(record, view.step)
    for manifest in _contexts(record):
        if manifest.name in sent and manifest.name in read:
            what, reason = overlooked_change(
                manifest, sent[manifest.name], view.step.instruction, differences
            )
            return f"{what} changed, but {reason}" if what else ""
    return ""


def _remote(step: StepRecord) -> str:
    """An ADD that the engine fetches: it may get something else today."""
    instruction = printed_instruction(step.instruction)
    if instruction is None or instruction.keyword != "ADD" or instruction.flag("checksum"):
        return ""
    remote = [word for word in instruction.sources if _REMOTE.match(word) and not _COMMIT.search(word)]
    return f"the current content of {remote[0]} is unknown" if remote else ""


def _unseen(record: BuildRecord, step: StepRecord, unseen: Mapping[str, str]) -> str:
    """Why the files that a step reads of contexts are unknown."""
    if MAIN_CONTEXT in unseen and _reads_context(step):
        return unseen[MAIN_CONTEXT]
    named = [each for each in unseen if each != MAIN_CONTEXT]
    read = _contexts_of(record, step) if named else set()
    return next((unseen[each] for each in named if each in read), "")


def _contexts_of(record: BuildRecord, step: StepRecord) -> set[str]:
    """The contexts that a step reads, by the definition."""
    ops = {op.digest: op for op in ops_of(record)}
    parts = SourceParts(record=record, ops=ops)
    own = [ops[each] for each in step.vertices if each in ops]
    read = (*(op.digest for op in own), *(each.digest for op in own for each in op.inputs))
    found = map(parts.context_of, read)
    return {each.name for each in found if each is not None}


def _reads_context(step: StepRecord) -> bool:
    instruction = printed_instruction(step.instruction)
    if instruction is None:
        return False
    if instruction.keyword in ("COPY", "ADD"):
        return bool(instruction.sources) and not instruction.flag("from")
    return instruction.keyword == "RUN" and bool(bind_targets(instruction))


def _other_image(recorded: BuildRecord, planned: BuildRecord, step: StepRecord) -> str:
    """A FROM of an image that the recorded build did not use: the engine would look it up."""
    known = set(_images(recorded))
    for digest, identifier in _images(planned):
        is_pinned = "@sha256:" in identifier
        is_known = is_pinned or find_facts(planned, identifier.removeprefix(_IMAGE)) is not None
        if digest in step.vertices and (digest, identifier) not in known and not is_known:
            return f"the image that {identifier.removeprefix(_IMAGE)} refers to now is unknown"
    return ""


def _images(record: BuildRecord) -> Iterator[tuple[str, str]]:
    for op in ops_of(record):
        if op.source is not None and op.source.identifier.startswith(_IMAGE):
            yield op.digest, op.source.identifier


def _read_elsewhere(record: BuildRecord, step: StepRecord, *, changed: bool) -> str:
    """The classic builder and buildah digest files that no client sends; only history shows these digests."""
    instruction = printed_instruction(step.instruction)
    if record.builder is Builder.BUILDKIT or instruction is None:
        return ""
    if instruction.keyword == "RUN" and bind_targets(instruction):
        anew = changed or not step.created_by
        return "buildah digests the mounted files itself, and they changed" if anew else ""
    copies = instruction.keyword in ("COPY", "ADD") and instruction.flag("from")
    if copies and not step.created_by:
        return f"it reads files of {instruction.flag('from')}, and no record shows their digest"
    return ""
