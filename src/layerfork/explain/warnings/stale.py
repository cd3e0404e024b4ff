"""Warnings about steps that were reused although what they copy is not what was sent."""

from collections.abc import Iterator, Mapping

from layerfork.explain.compare.comparison import Comparison
from layerfork.explain.compare.copied import clean_path
from layerfork.explain.compare.differences import entry_paths, list_differences
from layerfork.explain.compare.steps import StepView
from layerfork.model.build import Builder
from layerfork.model.context import ContextEntry, ContextManifest, Transport
from layerfork.model.judgement import Caution
from layerfork.model.record import StepStatus

FILE_SYNC_BLIND = frozenset({"content", "xattr", "mode"})
"""Attributes whose change BuildKit's directory transfer can overlook when size and time are equal.
Source: tonistiigi/fsutil diff_containerd.go, diskwriter.go @ 91a3fc46 (Engine 26.1.5)."""


def stale_hits(comparison: Comparison) -> dict[int, Caution]:
    """Hits of the reader whose input provably changed, by step.

    Classic: a step whose key does not see what changed (the target of a hard link, the text of a
    link that points nowhere, all but the first of duplicate entries). BuildKit: a step whose key
    differs only in files that the directory transfer took for unchanged.
    """
    reader, writer = comparison.reader.record, comparison.writer.record
    if reader.context is None or writer.context is None or comparison.scope is not None:
        return {}
    if not (reader.context.complete and writer.context.complete):
        return {}
    found: dict[int, Caution] = {}
    changed: Mapping[str, tuple[ContextEntry, ContextEntry]] | None = None
    for view, mine in _reused_steps(comparison):
        changed = _changed_entries(writer.context, reader.context) if changed is None else changed
        if not changed:
            break
        classic = reader.builder is Builder.CLASSIC
        caution = _classic(comparison, view, changed) if classic else _sync(comparison, view, mine, changed)
        if caution:
            found[view.index] = caution
    return found


def _reused_steps(comparison: Comparison) -> Iterator[tuple[StepView, StepView]]:
    for index, view in comparison.reader_views.items():
        writer_index = comparison.alignment.writer_of.get(index)
        if writer_index is not None and view.step.status is StepStatus.HIT and view.key.parts:
            yield view, comparison.writer_views[writer_index]


def _changed_entries(
    writer: ContextManifest, reader: ContextManifest
) -> dict[str, tuple[ContextEntry, ContextEntry]]:
    """Entries, as they end up on disk, whose kind, content or link text differs."""
    mine, theirs = _on_disk(writer), _on_disk(reader)
    return {
        path: (mine[path], entry)
        for path, entry in theirs.items()
        if path in mine
        and mine[path] is not entry
        and (
            (mine[path].type, mine[path].linkname) != (entry.type, entry.linkname)
            or (mine[path].content and entry.content and mine[path].content != entry.content)
        )
    }


def _on_disk(manifest: ContextManifest) -> dict[str, ContextEntry]:
    """The last entry of each path: the one that stays after unpacking."""
    return {clean_path(entry.name): entry for entry in manifest.entries}


def _classic(
    comparison: Comparison, view: StepView, changed: Mapping[str, tuple[ContextEntry, ContextEntry]]
) -> Caution | None:
    """Only a step of the writer's class (equal image ids) that copies a changed path counts."""
    if view.index in comparison.unshared:
        return None
    manifest = comparison.reader.record.context
    entries = manifest.entries if manifest else ()
    links = {clean_path(entry.name): clean_path(entry.linkname) for entry in entries if entry.linkname}
    for path in sorted(entry_paths(view.key)):
        seen = path if path in changed else links.get(path, "")
        if seen not in changed:
            continue
        duplicate = sum(clean_path(entry.name) == seen for entry in entries) > 1
        why = "the tar holds it more than once, and only its first entry is part of the key"
        return Caution(
            code="duplicate-entry" if duplicate else "stale-content",
            client=comparison.reader.client,
            step=view.index,
            text=(
                f"{view.step.instruction} was reused although {seen} differs from what "
                f"{comparison.writer.client} sent: "
                + (why if duplicate else "the key holds the link, not what it points to")
            ),
        )
    return None


def _sync(
    comparison: Comparison,
    view: StepView,
    mine: StepView,
    changed: Mapping[str, tuple[ContextEntry, ContextEntry]],
) -> Caution | None:
    manifest = comparison.reader.record.context
    if manifest is None or manifest.transport is not Transport.FILE_SYNC:
        return None
    differences = list_differences(mine.key, view.key)
    paths = sorted({each.path for each in differences})
    if not differences or any(each.cause not in FILE_SYNC_BLIND for each in differences):
        return None
    if not all(path in changed and _looks_unchanged(*changed[path]) for path in paths):
        return None
    return Caution(
        code="stale-content",
        client=comparison.reader.client,
        step=view.index,
        text=(
            f"{view.step.instruction} was reused although {paths[0]} differs from what "
            f"{comparison.writer.client} sent: size and modification time are the same, "
            "so BuildKit did not read it again"
        ),
    )


def _looks_unchanged(writer: ContextEntry, reader: ContextEntry) -> bool:
    """What BuildKit's transfer compares is equal.
    Source: tonistiigi/fsutil diff_containerd.go:sameFile @ 91a3fc46."""
    return (writer.type, writer.size, writer.mtime_ns, writer.uid, writer.gid, writer.linkname) == (
        reader.type,
        reader.size,
        reader.mtime_ns,
        reader.uid,
        reader.gid,
        reader.linkname,
    )
