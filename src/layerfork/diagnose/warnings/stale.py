"""Warnings about steps that were reused although what they copy is not what was sent."""

from collections.abc import Iterator

from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.compare.copied import clean_path
from layerfork.diagnose.compare.parts import entry_paths, list_differences
from layerfork.diagnose.compare.steps import StepView
from layerfork.diagnose.warnings.overlooked import Sent, overlooked_change, unequal_entries
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry
from layerfork.record.judgement import Caution
from layerfork.record.record import BuildRecord, StepStatus


def stale_hits(comparison: Comparison) -> dict[int, Caution]:
    """Hits of the reader whose input provably changed, by step.

    Classic: a step whose key does not see what changed (the target of a hard link, the text of a
    link that points nowhere, all but the first of duplicate entries). BuildKit: a step whose key
    differs only in files that the directory transfer took for unchanged.
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
    """Entries of which a reused step may hold what the writer sent; none of contexts not wholly known."""
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
    manifest = comparison.reader.record.context
    entries = manifest.entries if manifest else ()
    links = {clean_path(entry.name): clean_path(entry.linkname) for entry in entries if entry.linkname}
    for path in sorted(entry_paths(view.key)):
        seen = path if path in sent else links.get(path, "")
        if seen not in sent:
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


def _sync(comparison: Comparison, view: StepView, writer: StepView, sent: Sent) -> Caution | None:
    manifest = comparison.reader.record.context
    differences = list_differences(writer.key, view.key)
    if manifest is None or not differences:
        return None
    what, why = overlooked_change(manifest, sent, view.step.instruction, differences)
    if not what:
        return None
    return Caution(
        code="stale-content",
        client=comparison.reader.client,
        step=view.index,
        text=(
            f"{view.step.instruction} was reused although {what} differs from what "
            f"{comparison.writer.client} sent: {why}"
        ),
    )
