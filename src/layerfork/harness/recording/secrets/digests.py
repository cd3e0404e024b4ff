"""Digests that a hidden value is part of, keyed like the value itself.

The digest of an operation is that of its bytes. A record shows all of them but the hidden value, so whoever
has the record could try values until the digest is right. What builds on the operation names that digest,
and is as easy to try.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from layerfork.model.context import Digest
from layerfork.model.llb import Definition, LLBInput, LLBOp
from layerfork.model.record import BuildRecord, Gap, StepRecord, Vertex
from layerfork.model.secrets import HIDDEN
from layerfork.wire.redact import Redactor

Keyed = Mapping[Digest, Digest]
"""Stand-ins of digests by the digests that they take the place of."""


def with_keyed_digests(record: BuildRecord, redactor: Redactor) -> BuildRecord:
    """The record, stand-ins in place of the digests of operations and vertices that hold a hidden value."""
    keyed = {digest: redactor.keyed_digest(digest) for digest in _revealing(record)}
    if not keyed:
        return record
    return replace(
        record,
        definition=_definition(record.definition, keyed),
        vertices=tuple(_vertex(each, keyed) for each in record.vertices),
        steps=tuple(_step(each, keyed) for each in record.steps),
        gaps=tuple(_gap(each, keyed) for each in record.gaps),
    )


def _revealing(record: BuildRecord) -> set[Digest]:
    """The digests by which a hidden value could be guessed."""
    if record.definition is None:
        # Nothing shows which of the operations took the value in.
        hides = HIDDEN in repr((record.request, record.steps, record.vertices))
        return {each.digest for each in record.vertices if hides and not each.digest.startswith(HIDDEN)}
    inputs = {op.digest: [each.digest for each in op.inputs] for op in record.definition.ops}
    inputs |= {each.digest: list(each.inputs) for each in record.vertices if each.digest not in inputs}
    hiding = {op.digest for op in record.definition.ops if op.hides_a_value}
    hiding |= {each.digest for each in record.vertices if HIDDEN in each.name}
    return {each for each in _with_users(hiding, inputs) if not each.startswith(HIDDEN)}


def _with_users(digests: set[Digest], inputs: Mapping[Digest, Iterable[Digest]]) -> set[Digest]:
    """The digests, and those of all operations that build on them."""
    users: dict[Digest, list[Digest]] = {}
    for user, used in inputs.items():
        for digest in used:
            users.setdefault(digest, []).append(user)
    found, waiting = set(digests), list(digests)
    while waiting:
        new = [user for user in users.get(waiting.pop(), ()) if user not in found]
        found.update(new)
        waiting.extend(new)
    return found


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
