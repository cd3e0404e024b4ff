"""HCL as nodes: blocks by their kind and label, attributes with their values."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from layerfork.lint.declared.node import Node
from layerfork.lint.files.reading import UnreadableError

if TYPE_CHECKING:
    from lark import Tree

_LIST = "tuple"
_TABLE = "object"


def read_hcl(text: str) -> Iterator[tuple[str, str, Node]]:
    """The blocks of a file: kind (``target``), label, and attributes.

    Raises: UnreadableError, naming the line.
    """
    from hcl2 import parses_to_tree
    from lark.exceptions import LarkError, UnexpectedInput

    try:
        tree = parses_to_tree(text if text.endswith("\n") else f"{text}\n")
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


def _block(block: "Tree[Any]", text: str) -> tuple[str, str, Node]:
    names = [child for child in block.children if getattr(child, "data", "") in ("identifier", "string")]
    kind, *labels = (_source(name, text).strip('"') for name in names)
    body = next(iter(_children(block, "body")), None)
    fields = {} if body is None else dict(_attribute(each, text) for each in _children(body, "attribute"))
    return kind, labels[0] if labels else "", Node(line=block.meta.line, fields=fields)


def _attribute(attribute: "Tree[Any]", text: str) -> tuple[str, Node]:
    name, _, value = attribute.children
    return _source(name, text), _value(value, text)


def _value(term: Any, text: str) -> Node:
    inner = [child for child in getattr(term, "children", ()) if hasattr(child, "data")]
    if getattr(term, "data", "") == "expr_term" and len(inner) == 1:
        term = inner[0]
    line = term.meta.line
    if term.data == _LIST:
        items = (child for child in term.children if getattr(child, "data", "") not in ("", _NEW_LINE))
        return Node(line=line, items=tuple(_value(item, text) for item in items))
    if term.data == _TABLE:
        return Node(line=line, fields=dict(_entry(each, text) for each in _children(term, "object_elem")))
    source = _source(term, text)
    is_text = source[:1] == source[-1:] == '"'
    return Node(line=line, text=source[1:-1] if is_text else f"${{{source}}}")


_NEW_LINE = "new_line_or_comment"


def _entry(element: "Tree[Any]", text: str) -> tuple[str, Node]:
    parts = [child for child in element.children if getattr(child, "data", "") not in ("", _NEW_LINE)]
    return _source(parts[0], text).strip('"'), _value(parts[-1], text)


def _children(tree: "Tree[Any]", data: str) -> list["Tree[Any]"]:
    return [child for child in tree.children if getattr(child, "data", "") == data]


def _source(tree: Any, text: str) -> str:
    return text[tree.meta.start_pos : tree.meta.end_pos]
