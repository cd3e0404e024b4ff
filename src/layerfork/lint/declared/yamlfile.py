"""YAML and JSON as nodes."""

from collections.abc import Iterator
from typing import Any

import yaml

from layerfork.lint.declared.node import Node
from layerfork.lint.files.reading import UnreadableError

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
