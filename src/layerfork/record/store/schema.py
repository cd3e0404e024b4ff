"""What a record must be: its JSON Schema, and the rules that a well-formed one can still break."""

import ast
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from itertools import pairwise
from operator import attrgetter
from typing import Any, get_args, get_type_hints

import msgspec

from layerfork.errors import EvidenceError
from layerfork.record.context import ContextEntry, Digest
from layerfork.record.llb import Definition
from layerfork.record.record import RECORD_SCHEMA, BuildRecord


def record_json_schema() -> dict[str, Any]:
    """The JSON Schema of a record; every field that the model describes has its description."""
    (schema,), definitions = msgspec.json.schema_components([BuildRecord], ref_template="#/$defs/{name}")
    for shape in _shapes(BuildRecord):
        properties = definitions[shape.__name__]["properties"]
        for name, text in field_texts(shape).items():
            properties[name] = {"description": text, **properties[name]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": RECORD_SCHEMA,
        **schema,
        "$defs": definitions,
    }


def field_texts(shape: type) -> Mapping[str, str]:
    """Field name to the docstring below it, on one line; fields without one are left out."""
    (definition,) = ast.parse(inspect.getsource(shape)).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _shapes(outer: type) -> frozenset[type]:
    """A dataclass and every one that its fields are made of."""
    found: set[type] = set()
    wanted = [outer]
    while wanted:
        if (shape := wanted.pop()) not in found:
            found.add(shape)
            wanted += [part for hint in get_type_hints(shape).values() for part in _dataclasses_in(hint)]
    return frozenset(found)


def _dataclasses_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for part in get_args(hint):
        yield from _dataclasses_in(part)


# What a record has to be besides well formed: what everything that reads one leans on.
#
# The schema says what a field holds, not that a graph has no cycle. Such a record was made by no recorder.
# What only a newer builder may have sent (a kind of mount, a form of owner) is none of this: it is read, and
# its keys are unknown.

_MOST = 1 << 64
"""No engine's number is larger (uint64), nor smaller than its negative."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
_MOST_SECONDS = 1e10
_NUMBERS = attrgetter(*(each.name for each in fields(ContextEntry) if each.type is int))
"""The numbers of an entry. Asking the class each time would cost more than decoding the entry."""
_BEFORE_FROM = -1
"""Stage of what stands before the first FROM."""


def nonsense_in(record: BuildRecord) -> str:
    """What cannot be so in a record, by the name of its field; empty where all can be."""
    return next(_nonsense(record), "")


def not_a_record(reason: object) -> EvidenceError:
    """The error for what no recorder wrote."""
    return EvidenceError(
        f"this is not a build record ({reason})", hint="the file is damaged; record the build again"
    )


def can_be(entry: ContextEntry) -> bool:
    """Whether a context can have it: as `nonsense_in`, for the many."""
    numbers: tuple[int, ...] = _NUMBERS(entry)
    return min(numbers) >= -_MOST and max(numbers) <= _MOST


def _nonsense(record: BuildRecord) -> Iterator[str]:
    if not _is_instant(record.recorded_at):
        yield "recorded_at is no time"
    # Indexes begin at 1, so they are in order behind a 0.
    indexes = [0, *(step.index for step in record.steps)]
    if any(first >= second for first, second in pairwise(indexes)):
        yield "steps are not in the order of their index"
    if any(step.stage < _BEFORE_FROM or step.line < 0 for step in record.steps):
        yield "a step has a stage or a line that no Dockerfile has"
    if record.definition is not None:
        yield from _nonsense_of(record.definition)
    if _has_cycle((each.digest, each.inputs) for each in record.vertices):
        yield "vertices build on themselves"
    place = record.place
    if any("\0" in text for text in (place.directory, place.dockerfile, place.ran_in)):
        yield "a path has a NUL in it"
    if not _all_are_said(record):
        yield "a number is too large"


def _is_instant(text: str) -> bool:
    try:
        return _FIRST <= datetime.fromisoformat(text) < _LAST
    except (ValueError, TypeError):  # the last: it does not say in which time zone
        return False


def _nonsense_of(definition: Definition) -> Iterator[str]:
    seen: set[Digest] = set()
    every = {op.digest for op in definition.ops}
    if len(every) != len(definition.ops):
        yield "the definition has an op twice"
    for op in definition.ops:
        if any(each.digest in every and each.digest not in seen for each in op.inputs):
            yield "the definition has an op before one of its inputs"
        seen.add(op.digest)


def _has_cycle(graph: Iterable[tuple[Digest, tuple[Digest, ...]]]) -> bool:
    """Whether something is reached from itself. What is not in the graph ends it."""
    left = dict(graph)
    waiting = {node: {each for each in inputs if each in left} for node, inputs in left.items()}
    users: dict[Digest, list[Digest]] = {}
    for node, inputs in waiting.items():
        for each in inputs:
            users.setdefault(each, []).append(node)
    ready = [node for node, inputs in waiting.items() if not inputs]
    while ready:
        done = ready.pop()
        del waiting[done]
        for user in users.get(done, ()):
            waiting[user].discard(done)
            if not waiting[user]:
                ready.append(user)
    return bool(waiting)


def _all_are_said(value: Any) -> bool:
    """Whether every number is one that an engine or a file can have."""
    if isinstance(value, float):
        return abs(value) <= _MOST_SECONDS
    if isinstance(value, int):
        return abs(value) <= _MOST
    if isinstance(value, tuple):
        return all(map(_all_are_said, value))
    if is_dataclass(value):
        return all(_all_are_said(getattr(value, field.name)) for field in fields(value))
    return True
