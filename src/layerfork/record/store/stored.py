"""A record as it lies in a file: the entries of its contexts in blocks beside it, not yet decoded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from layerfork.errors import EvidenceError
from layerfork.record.context import ContextEntry
from layerfork.record.record import RECORD_SCHEMA, BuildRecord
from layerfork.record.store.blocks import (
    BlockEntries,
    Place,
    contexts_of,
    cut,
    entries_of,
    names_in,
    place_of,
    with_contexts,
)
from layerfork.record.store.lines import UNREADABLE
from layerfork.record.store.sense import nonsense_in, not_a_record


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """A record as it lies in a file: what its contexts held is not decoded yet."""

    outline: BuildRecord
    """The record; entries that lie in blocks are missing in it."""
    blocks: tuple[bytes, ...] = ()
    """Lines without their ends, in the order of the entries."""

    def whole(self) -> BuildRecord:
        """The record itself. Raises: EvidenceError."""
        return self.with_blocks(self.blocks)

    def with_blocks(self, blocks: Iterable[bytes]) -> BuildRecord:
        """The record with what some of its blocks hold. Raises: EvidenceError."""
        contexts = contexts_of(self.outline)
        entries: list[list[ContextEntry]] = [list(manifest.entries) for manifest in contexts]
        try:
            for line in blocks:
                entries[place_of(line).context] += entries_of(line)
        except IndexError as error:
            raise not_a_record("there is no such context") from error
        if not contexts:
            return self.outline
        found = zip(contexts, entries, strict=True)
        return with_contexts(self.outline, (replace(one, entries=tuple(own)) for one, own in found))


def stored(record: BuildRecord) -> StoredRecord:
    """A record as a file would hold it."""
    main = record.context.entries if record.context is not None else ()
    if isinstance(main, BlockEntries) and not record.named_contexts and main.names == names_in(record):
        blocks = main.lines
    else:
        blocks = tuple(_block_line(place, entries) for place, entries in cut(record))
    contexts = contexts_of(record)
    outline = with_contexts(record, (replace(one, entries=()) for one in contexts)) if contexts else record
    return StoredRecord(outline=outline, blocks=blocks)


def _block_line(place: Place, entries: Sequence[ContextEntry]) -> bytes:
    return encode({"block": place, "entries": entries})


def encode(value: Any) -> bytes:
    """JSON; names that are no text (lone surrogates) are written with escapes that can be read."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(value)
        return msgspec.json.encode(_readable(plain))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list | tuple) else value


def decode_record(line: bytes) -> BuildRecord:
    """One record from its JSON.

    Raises: EvidenceError.
    """
    try:
        record = msgspec.json.decode(line, type=BuildRecord)
    except UNREADABLE as error:
        raise not_a_record(error) from error
    if record.schema != RECORD_SCHEMA:
        raise EvidenceError(
            f"the record has the schema {record.schema}, this layerfork reads {RECORD_SCHEMA}",
            hint="read it with a newer layerfork",
        )
    if nonsense := nonsense_in(record):
        raise not_a_record(nonsense)
    return record
