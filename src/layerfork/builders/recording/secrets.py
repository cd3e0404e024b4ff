"""No record holds a secret: keyed digests, and the last look at a record before anybody keeps it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from operator import attrgetter, is_
from typing import Any

from layerfork.record.context import ContextEntry, ContextManifest, Digest
from layerfork.record.llb import Definition, LLBInput, LLBOp
from layerfork.record.record import BuildRecord, Gap, StepRecord, Vertex
from layerfork.record.secrets import HIDDEN
from layerfork.record.store.blocks import BlockEntries
from layerfork.wire.redact import Redactor

# Digests that a hidden value may be part of, keyed like the value itself.
#
# The digest of an operation is that of its bytes. A record shows all of them but the hidden value, so whoever
# has the record could try values until the digest is right. What builds on the operation names that digest,
# and is as easy to try.

Keyed = Mapping[Digest, Digest]
"""Stand-ins of digests by the digests that they take the place of."""


def with_keyed_digests(record: BuildRecord, redactor: Redactor) -> BuildRecord:
    """The record; if it hides a value, stand-ins in place of the digests of all operations and vertices.

    Not only of the operations that show the stand-in: not all that an operation was given is shown.
    """
    hides = HIDDEN in repr((record.request, record.steps, record.vertices, record.definition))
    return key_digests(record, redactor) if hides else record


def key_digests(record: BuildRecord, redactor: Redactor) -> BuildRecord:
    """The record with stand-ins in place of the digests of all operations and vertices."""
    ops = record.definition.ops if record.definition is not None else ()
    digests = {op.digest for op in ops} | {vertex.digest for vertex in record.vertices}
    keyed = {each: redactor.keyed_digest(each) for each in digests if each and not each.startswith(HIDDEN)}
    return replace(
        record,
        definition=_definition(record.definition, keyed),
        vertices=tuple(_vertex(each, keyed) for each in record.vertices),
        steps=tuple(_step(each, keyed) for each in record.steps),
        gaps=tuple(_gap(each, keyed) for each in record.gaps),
    )


def _definition(definition: Definition | None, keyed: Keyed) -> Definition | None:
    return definition and replace(definition, ops=tuple(_op(each, keyed) for each in definition.ops))


def _op(op: LLBOp, keyed: Keyed) -> LLBOp:
    inputs = tuple(LLBInput(digest=_of(each.digest, keyed), index=each.index) for each in op.inputs)
    return replace(op, digest=_of(op.digest, keyed), inputs=inputs)


def _vertex(vertex: Vertex, keyed: Keyed) -> Vertex:
    inputs = tuple(_of(each, keyed) for each in vertex.inputs)
    return replace(vertex, digest=_of(vertex.digest, keyed), inputs=inputs)


def _step(step: StepRecord, keyed: Keyed) -> StepRecord:
    return replace(step, vertices=tuple(_of(each, keyed) for each in step.vertices))


def _gap(gap: Gap, keyed: Keyed) -> Gap:
    where, what = gap.where, gap.what
    for digest, stand_in in keyed.items():
        where, what = where.replace(digest, stand_in), what.replace(digest, stand_in)
    return Gap(where=where, what=what)


def _of(digest: Digest, keyed: Keyed) -> Digest:
    return keyed.get(digest, digest)


# The last look at a record before anybody keeps it: no text of it holds a secret that came to light.

_OURS = frozenset({"schema", "id", "recorded_at", "layerfork", "redaction_key_id"})
_DIGEST = re.compile("sha256:[0-9a-f]{64}")
_NAME = attrgetter("name")
_ODD, _PLAIN = attrgetter("linkname", "xattrs", "pax"), ("", (), ())
NAMES_HIDDEN = Gap(
    where="context",
    what="names or attributes of files contain a secret of the build and are hidden, so their keys differ",
)


def sealed(record: BuildRecord, redactor: Redactor) -> BuildRecord:
    """The record without secrets that the redactor knows, and without digests that let one be guessed."""
    return with_keyed_digests(_without_secrets(record, redactor), redactor)


def _without_secrets(record: BuildRecord, redactor: Redactor) -> BuildRecord:
    if not redactor.knows_any:
        return record
    shown: BuildRecord = _hidden(record, redactor)
    contexts = [each for each in (shown.context, *shown.named_contexts) if each is not None]
    kept = [each for each in (record.context, *record.named_contexts) if each is not None]
    if any(new.entries is not old.entries for new, old in zip(contexts, kept, strict=True)):
        return replace(shown, gaps=(*shown.gaps, NAMES_HIDDEN))
    return shown


def _hidden(value: Any, redactor: Redactor) -> Any:
    """The value itself when there is nothing to hide in it."""
    if type(value) is str:  # no member of an enumeration
        return value if _DIGEST.fullmatch(value) else redactor.clean_of_known(value)
    if isinstance(value, tuple):
        found = tuple(_hidden(each, redactor) for each in value)
        return value if all(map(is_, found, value)) else found
    if is_dataclass(value):
        return _hidden_fields(value, redactor)
    return value


def _hidden_fields(value: Any, redactor: Redactor) -> Any:
    changes = {}
    for field in fields(value):
        old = getattr(value, field.name)
        new = _hidden_field(value, field.name, old, redactor)
        if new is not old and new != old:
            changes[field.name] = new
    return replace(value, **changes) if changes else value


def _hidden_field(owner: Any, name: str, value: Any, redactor: Redactor) -> Any:
    if name in _OURS:
        return value
    if name == "entries" and isinstance(owner, ContextManifest):
        return _hidden_entries(value, redactor)
    return _hidden(value, redactor)


def _hidden_entries(entries: Sequence[ContextEntry], redactor: Redactor) -> Sequence[ContextEntry]:
    """Looks at all at once first: there may be very many."""
    if not redactor.knows_of_any_in(_text_of(entries)):
        return entries
    return tuple(_hidden_entry(entry, redactor) for entry in entries)


def _text_of(entries: Sequence[ContextEntry]) -> str:
    """Whatever names something, without digests, which are most of it; of blocks all."""
    if isinstance(entries, BlockEntries):
        return b"\n".join(entries.lines).decode()
    owners = {owner for each in entries for owner in (each.uname, each.gname)}
    odd = [f"{each.linkname}\0{each.xattrs}\0{each.pax}" for each in entries if _ODD(each) != _PLAIN]
    return "\0".join((*map(_NAME, entries), *owners, *odd))


def _hidden_entry(entry: ContextEntry, redactor: Redactor) -> ContextEntry:
    shown: ContextEntry = _hidden(entry, redactor)
    if shown is entry and not any(redactor.knows_of_any_in(text) for text in _octets(entry)):
        return entry
    return replace(shown, raw_name=None, raw_linkname=None, xattrs=())


def _octets(entry: ContextEntry) -> list[str]:
    named = [value for value in (entry.raw_name, entry.raw_linkname) if value is not None]
    return [
        value.decode("utf-8", "backslashreplace") for value in (*named, *(each for _, each in entry.xattrs))
    ]
