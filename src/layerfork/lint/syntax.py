"""YAML and HCL as nodes that know their lines."""

import contextlib
import fcntl
import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from layerfork.lint.declaredbuilds import Node
from layerfork.lint.lintedfiles import UnreadableError
from layerfork.userdirs import cache_directory, is_ours_alone, make_private

if TYPE_CHECKING:
    from lark import Lark, Tree

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where it is there: some ten times as fast."""


def read_yaml(text: str) -> Iterator[Node]:
    """The documents of a file. Nothing in it is run or made: unknown tags are passed over.

    Raises: UnreadableError, naming the line.
    """
    try:
        for document in list(yaml.compose_all(text, Loader=_LOADER)):
            if document is not None:
                yield _Converter().node(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(filter(None, (error.context, error.problem)))
        raise UnreadableError(f"is no YAML: {reason}", mark.line + 1 if mark else 0) from error
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableError(f"is no YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise UnreadableError("is nested too deeply") from error


class _Converter:
    """Each node once, however many aliases name it."""

    def __init__(self) -> None:
        self._made: dict[int, Node] = {}

    def node(self, node: Any) -> Node:
        known = self._made.get(id(node))
        if known is None:
            self._made[id(node)] = Node(line=node.start_mark.line + 1)  # what it holds of itself
            known = self._made[id(node)] = self._convert(node)
        return known

    def _convert(self, node: Any) -> Node:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.ScalarNode):
            return Node(line=line, text=node.value, is_block=node.style in ("|", ">"))
        if isinstance(node, yaml.SequenceNode):
            return Node(line=line, items=tuple(map(self.node, node.value)))
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            made = self.node(value)
            if key.value == "<<":
                for each in (made, *made.items):
                    merged = {**each.fields, **merged}
            else:
                own[key.value] = made
        return Node(line=line, fields={**merged, **own})


# HCL as nodes: blocks by their kind and label, attributes with their values.

_LIST = "tuple"
_TABLE = "object"


def read_hcl(text: str) -> Iterator[tuple[str, str, Node]]:
    """The blocks of a file: kind (``target``), label, and attributes.

    Raises: UnreadableError, naming the line.
    """
    from lark.exceptions import LarkError, UnexpectedInput  # late: start-up

    try:
        # The grammar needs a line end after the last line, and python-hcl2 adds another.
        tree = _hcl_parser().parse(f"{text}\n" if text.endswith("\n") else f"{text}\n\n")
        (body,) = _children(tree, "body")
        for block in _children(body, "block"):
            yield _block(block, text)
    except UnexpectedInput as error:
        line = error.line if isinstance(error.line, int) and error.line > 0 else 0
        raise UnreadableError("is no HCL: cannot go on reading here", line) from error
    except LarkError as error:
        raise UnreadableError("is no HCL") from error
    except RecursionError as error:
        raise UnreadableError("is nested too deeply") from error


@functools.cache
def _hcl_parser() -> "Lark":
    """python-hcl2's parser, with its tables kept in our cache directory.

    To make the tables takes seconds. python-hcl2 keeps them in its own directory, which the user of an
    installed layerfork often cannot write to. lark reads them as a pickle, which can run code, so they lie
    only where no other user can write. lark writes the file in place, so one process at a time opens it; one
    that finds it open makes tables of its own.

    Source: python-hcl2 hcl2/parser.py @ v8.1.4 reads PARSER_FILE at the first call; lark lark/lark.py @ 1.3.1
    makes the tables again if the grammar, lark or Python changed or the file is damaged, and goes on if it
    cannot be written.
    """
    from hcl2 import parser  # late: start-up

    place = cache_directory() / "hcl"
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            if is_ours_alone(place):
                make_private(place)
                lock = stack.enter_context((place / "lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                parser.PARSER_FILE = place / "tables"
        return parser.parser()


def _block(block: "Tree[Any]", text: str) -> tuple[str, str, Node]:
    kind, *labels = (_source(name, text).strip('"') for name in _children(block, "identifier", "string"))
    attributes = (each for body in _children(block, "body") for each in _children(body, "attribute"))
    fields = dict(_attribute(each, text) for each in attributes)
    return kind, next(iter(labels), ""), Node(line=block.meta.line, fields=fields)


def _attribute(attribute: "Tree[Any]", text: str) -> tuple[str, Node]:
    name, _, value = attribute.children
    return _source(name, text), _value(value, text)


def _value(term: Any, text: str) -> Node:
    inner = [child for child in term.children if _kind(child)]
    if term.data == "expr_term" and len(inner) == 1:
        term = inner[0]
    line = term.meta.line
    if term.data == _LIST:
        return Node(line=line, items=tuple(_value(item, text) for item in _parts(term)))
    if term.data == _TABLE:
        return Node(line=line, fields=dict(_entry(each, text) for each in _children(term, "object_elem")))
    source = _source(term, text)
    is_text = source[:1] == source[-1:] == '"'
    return Node(line=line, text=source[1:-1] if is_text else f"${{{source}}}")


_NEW_LINE = "new_line_or_comment"


def _entry(element: "Tree[Any]", text: str) -> tuple[str, Node]:
    parts = _parts(element)
    return _source(parts[0], text).strip('"'), _value(parts[-1], text)


def _parts(tree: "Tree[Any]") -> list["Tree[Any]"]:
    """Its children that are trees and no line ends."""
    return [child for child in tree.children if _kind(child) not in ("", _NEW_LINE)]


def _children(tree: "Tree[Any]", *kinds: str) -> list["Tree[Any]"]:
    return [child for child in tree.children if _kind(child) in kinds]


def _kind(child: Any) -> str:
    """The rule that a tree is of; empty for a token."""
    return getattr(child, "data", "")


def _source(tree: Any, text: str) -> str:
    return text[tree.meta.start_pos : tree.meta.end_pos]
