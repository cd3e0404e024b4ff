"""The published JSON Schema of a record, made from the model and its docstrings."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from itertools import pairwise
from typing import Any, get_args, get_type_hints

import msgspec

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
