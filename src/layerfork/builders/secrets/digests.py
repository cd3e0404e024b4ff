"""Digests that a hidden value may be part of, keyed like the value itself.

The digest of an operation is that of its bytes. A record shows all of them but the hidden value, so whoever
has the record could try values until the digest is right. What builds on the operation names that digest,
and is as easy to try.
"""

from collections.abc import Mapping
from dataclasses import replace

from layerfork.record.context import Digest
from layerfork.record.llb import Definition, LLBInput, LLBOp
from layerfork.record.record import BuildRecord, Gap, StepRecord, Vertex
from layerfork.record.secrets import HIDDEN
from layerfork.wire.redact import Redactor

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
    keyed = {each: redactor.keyed_digest(each) for each in digests if not each.startswith(HIDDEN)}
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
