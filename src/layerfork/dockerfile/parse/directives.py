"""Parser directives: the comments at the very top that say how to read the rest.

Source: moby/buildkit frontend/dockerfile/parser/directives.go @ 73ed6825c. ``check`` is known since
parser 1.8 (Engine 27.0): before it, a ``check`` line ended the directives like any comment.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from layerfork.dockerfile.gotext import SPACES

KNOWN = ("syntax", "escape", "check")
_BLANKS = "\t\n\f\r "
_DIRECTIVE = re.compile(r"([a-zA-Z][a-zA-Z0-9]*+)[\t\n\f\r ]*+=(.+)")


class RepeatedDirectiveError(Exception):
    """A directive that stands there twice; the message is its name."""


@dataclass(slots=True, kw_only=True)
class DirectiveReader:
    """Fed the lines of a file from the first on, keeps the directives."""

    comment: str = "#"
    found: dict[str, str] = field(default_factory=dict)
    """Names in small letters, in written order."""
    over: bool = False
    """Something else came: no later line is a directive."""

    def line(self, line: str) -> str:
        """Name of the directive that a line, without its line end, holds; empty when it holds none.

        Raises: RepeatedDirectiveError.
        """
        match = None if self.over else self._match(line)
        name = match[1].lower() if match is not None else ""
        if match is None or name not in KNOWN:
            self.over = True
            return ""
        if name in self.found:
            raise RepeatedDirectiveError(name)
        self.found[name] = match[2].strip(_BLANKS) or match[2][-1]
        return name

    def _match(self, line: str) -> re.Match[str] | None:
        if not line.startswith(self.comment):
            return None
        return _DIRECTIVE.fullmatch(line.removeprefix(self.comment).lstrip(SPACES))


def find_syntax(text: str) -> str:
    """Image of the frontend that a build definition asks for, whatever language it is in; empty for none.

    After a ``#!`` line it may be a directive behind ``#`` or ``//``, or a member of a JSON object.
    """
    text = text.removeprefix("\ufeff")
    if text.startswith("#!"):
        text = text.partition("\n")[2]
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    asked = _syntax_line(lines, "#") or _syntax_line(lines, "//") or _syntax_member(text)
    return asked.partition(" ")[0]


def _syntax_line(lines: Iterable[str], comment: str) -> str:
    reader = DirectiveReader(comment=comment)
    try:
        for line in lines:
            if not reader.line(line):
                break
    except RepeatedDirectiveError:
        pass
    return reader.found.get("syntax", "")


def _syntax_member(text: str) -> str:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    syntax = members.get("syntax") if isinstance(members, dict) else None
    return syntax if isinstance(syntax, str) else ""
