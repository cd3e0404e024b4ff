"""From the lines of a file to logical ones: directives read, continued lines joined, comments left out."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from layerfork.dockerfile.gotext import SPACES

# Parser directives: the comments at the very top that say how to read the rest.
#
# Source: moby/buildkit frontend/dockerfile/parser/directives.go @ 73ed6825c. ``check`` is known since
# parser 1.8 (Engine 27.0): before it, a ``check`` line ended the directives like any comment.

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


# From the lines of a file to logical ones: continued lines joined, comments and directives read.
#
# Source: moby/buildkit frontend/dockerfile/parser/parser.go:Parse @ v0.8.0 to 73ed6825c.

MAX_LINE_BYTES = 1 << 16
"""Of one line with its line feed: longer ones, and such a last one without, are refused."""


class BadLineError(Exception):
    """A line that no builder reads."""

    def __init__(self, line: int, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.line = line
        """From 1."""
        self.hint = hint
        """What to do; empty for the obvious."""


def split_lines(text: str) -> list[str]:
    """Lines with their line feeds; no other character ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _is_too_long(line: str) -> bool:
    if len(line) * 4 < MAX_LINE_BYTES:
        return False
    counted = len(line.encode("utf-8", "surrogatepass")) + (not line.endswith("\n"))
    return counted > MAX_LINE_BYTES


def _continuation(escape: str) -> re.Pattern[str]:
    quoted = re.escape(escape)
    return re.compile(rf"(^|[^{quoted}]){quoted}[ \t]*\Z")


@dataclass(slots=True, kw_only=True)
class LineReader:
    """Walks over the lines of a file."""

    lines: list[str]
    escape: str = "\\"
    position: int = 0
    """Lines read so far; hence also the number of the line read last, from 1."""
    directives: DirectiveReader = field(default_factory=DirectiveReader)

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.lines)

    def take_logical(self) -> tuple[str, int] | None:
        """The next joined line and where it began; None for a blank or comment line.

        Raises: BadLineError.
        """
        line = self.take_line().lstrip(SPACES)
        self._note_directive(line)
        first = self.position
        joined, more = self._join("" if line.startswith("#") else line)
        if not more and not joined:
            return None
        while more and not self.at_end:
            line = self.take_line()
            bare = line.lstrip(SPACES)
            if not bare or bare.startswith("#"):
                continue
            part, more = self._join(line)
            joined += part
        return joined, first

    def take_line(self) -> str:
        """The next line without its line end.

        Raises: BadLineError.
        """
        return self.take_whole_line().rstrip("\r\n")

    def take_whole_line(self) -> str:
        """The next line with its line end.

        Raises: BadLineError.
        """
        line = self.lines[self.position]
        self.position += 1
        if _is_too_long(line):
            reason = f"longer than {MAX_LINE_BYTES - 1} bytes"
            raise BadLineError(self.position, reason, "split it into several lines")
        return line.removeprefix("\ufeff") if self.position == 1 else line

    def _join(self, line: str) -> tuple[str, bool]:
        """The line without its continuation character, and whether it had one."""
        match = _continuation(self.escape).search(line)
        if match is None:
            return line, False
        return line[: match.start()] + match[1], True

    def _note_directive(self, line: str) -> None:
        try:
            name = self.directives.line(line)
        except RepeatedDirectiveError as error:
            raise BadLineError(self.position, f"only one {error} parser directive can be used") from error
        if name == "escape":
            self.escape = self.directives.found[name]
            if self.escape not in ("\\", "`"):
                raise BadLineError(self.position, f"invalid escape character {self.escape!r}", "use \\ or `")
