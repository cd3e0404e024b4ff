"""Changes of what is sent: applied to the entries of contexts."""

from collections.abc import Iterable
from dataclasses import replace

from layerfork.hypothesis.unappliable import UnappliableError
from layerfork.record.change import (
    MAIN_CONTEXT,
    AttributeChange,
    EntriesAre,
    EntryIs,
    ModeIs,
    PatternsAre,
    TransportIs,
)
from layerfork.record.context import ContextEntry, ContextManifest
from layerfork.record.gopath import context_path
from layerfork.record.record import BuildRecord

EntryChange = AttributeChange | EntriesAre


def with_entries(record: BuildRecord, changes: Iterable[EntryChange]) -> BuildRecord:
    """The record with other entries in its contexts. Raises: UnappliableError."""
    by_context: dict[str, list[EntryChange]] = {}
    for change in changes:
        by_context.setdefault(change.context, []).append(change)
    for name, own in by_context.items():
        if name == MAIN_CONTEXT:
            record = replace(record, context=_changed(record.context, name, own))
            continue
        named = {each.name: each for each in record.named_contexts}
        named[name] = _changed(named.get(name), name, own)
        record = replace(record, named_contexts=tuple(named.values()))
    return record


def with_transport(record: BuildRecord, change: TransportIs) -> BuildRecord:
    """The record with a context that travelled in another way. Raises: UnappliableError."""
    if change.context == MAIN_CONTEXT and record.context is not None:
        return replace(record, context=replace(record.context, transport=change.transport))
    if all(each.name != change.context for each in record.named_contexts):
        raise UnappliableError(f"{change.context} was not recorded")
    named = tuple(
        replace(each, transport=change.transport) if each.name == change.context else each
        for each in record.named_contexts
    )
    return replace(record, named_contexts=named)


def with_patterns(record: BuildRecord, change: PatternsAre) -> BuildRecord:
    """The record with other ignore patterns. Raises: UnappliableError."""
    if record.context is None:
        raise UnappliableError("the context was not recorded")
    return replace(record, context=replace(record.context, excludes=change.patterns))


def _changed(manifest: ContextManifest | None, name: str, changes: list[EntryChange]) -> ContextManifest:
    """Entries in their order; those of a path that was not sent come last."""
    if manifest is None:
        raise UnappliableError(f"{name} was not recorded")
    attributes: dict[str, list[AttributeChange]] = {}
    wholes: dict[str, tuple[ContextEntry, ...]] = {}
    for change in changes:
        if isinstance(change, EntriesAre):
            wholes[change.path] = change.entries
        else:
            attributes.setdefault(change.path, []).append(change)
    entries: list[ContextEntry] = []
    replaced: set[str] = set()
    for entry in manifest.entries:
        path = context_path(entry.name)
        if path in wholes:
            entries.extend(() if path in replaced else wholes[path])
            replaced.add(path)
        elif path in attributes:
            entries.append(_with_attributes(entry, attributes.pop(path)))
        else:
            entries.append(entry)
    unsent = attributes.keys() - wholes.keys()
    if unsent:
        raise UnappliableError(f"{min(unsent)} was not sent")
    entries.extend(entry for path, added in wholes.items() if path not in replaced for entry in added)
    return replace(manifest, entries=tuple(entries))


def _with_attributes(entry: ContextEntry, changes: Iterable[AttributeChange]) -> ContextEntry:
    values: dict[str, object] = {}
    mode, xattrs = entry.mode, dict(entry.xattrs)
    for change in changes:
        if isinstance(change, EntryIs):
            values.update(change.values)
        elif isinstance(change, ModeIs):
            mode = (mode & ~change.mask) | change.value
        elif change.value is None:
            xattrs.pop(change.name, None)
        else:
            xattrs[change.name] = change.value
    values = {"mode": mode, "xattrs": tuple(sorted(xattrs.items()))} | values
    return replace(entry, tarsum=None, **values)  # type: ignore[arg-type]
