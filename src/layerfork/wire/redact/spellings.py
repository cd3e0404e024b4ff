"""Texts as they read once quotes and escapes are taken off, and which characters that was made of.

One secret is spelled in many ways: in JSON, in a URL, quoted for a shell, escaped in a Dockerfile, with a
line of its own for every line. All of them read the same here, and so one search finds all.
"""

import html
import re
from bisect import bisect_right
from dataclasses import dataclass

_SPELT = re.compile(
    r"(?P<unicode>(?:\\+u[0-9A-Fa-f]{4})+)"
    r"|\\+x(?P<hexadecimal>[0-9A-Fa-f]{2})"
    r"|(?P<space>\\+[nrtfv]|[\s+]{2,}|[^\S ]|\+)"
    r"|(?P<quote>\\+|[\"'`]+)"
    r"|(?P<percent>(?:%(?:25){0,8}[0-9A-Fa-f]{2})+)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|quot|apos|amp|lt|gt|nbsp);)"
)
_WRAPPED = re.compile(r"(?<=[A-Za-z0-9+/_-]{16})(?:(?:\\+r)?\\+n|\\*\r?\n[ \t]*)(?=[A-Za-z0-9+/_-]{2})")
"""Where a program that encodes begins a new line, as it is or escaped."""
_HIGHEST_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_OCTETS = re.compile(r"%(?:25){0,8}([0-9A-Fa-f]{2})")
_UNITS = re.compile(r"\\+u([0-9A-Fa-f]{4})")
PASSES = 3
"""How many nested spellings are decoded."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text reads, and where in the text that stands."""

    text: str
    _begins: tuple[list[int], ...]
    _of: tuple[list[tuple[int, int, int]], ...]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The part of the text that this part of the reading was made of; never empty for one that is not."""
        for begins, of in zip(reversed(self._begins), reversed(self._of), strict=True):
            start, end = _source(start, begins, of)[0], _source(end - 1, begins, of)[1]
        return start, end


def _source(offset: int, begins: list[int], of: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Where the character at an offset of the reading comes from."""
    index = bisect_right(begins, offset) - 1
    if index < 0:
        return offset, offset + 1
    after, start, end = of[index]
    if offset < after:
        return start, end
    return end + offset - after, end + offset - after + 1


def read(text: str) -> Reading:
    """Take quotes and escapes off a text: of backslashes, JSON, URLs, HTML and shells. In linear time."""
    all_begins, all_of = [], []
    for _ in range(PASSES):
        pieces: list[str] = []
        begins: list[int] = []
        of: list[tuple[int, int, int]] = []
        done = length = 0
        for match in _SPELT.finditer(text):
            plain = _plain(match)
            start, end = match.span()
            pieces += (text[done:start], plain)
            length += start - done
            begins.append(length)
            length += len(plain)
            of.append((length, start, end))
            done = end
        if not of:
            break
        pieces.append(text[done:])
        text = "".join(pieces)
        all_begins.append(begins)
        all_of.append(of)
    return Reading(text, tuple(all_begins), tuple(all_of))


def unwrapped(text: str) -> Reading:
    """Join the lines of what was encoded and wrapped. In linear time."""
    pieces: list[str] = []
    begins: list[int] = []
    of: list[tuple[int, int, int]] = []
    done = length = 0
    for match in _WRAPPED.finditer(text):
        start, end = match.span()
        pieces.append(text[done:start])
        length += start - done
        begins.append(length)
        of.append((length, start, end))
        done = end
    pieces.append(text[done:])
    return Reading("".join(pieces), (begins,), (of,))


def _plain(match: re.Match[str]) -> str:
    """The text that one escape, or a run of them, encodes."""
    kind = match.lastgroup
    if kind == "entity":
        return html.unescape(match[0])
    if kind == "space":
        return " "
    if kind == "percent":
        octets = bytes(int(digits, 16) for digits in _OCTETS.findall(match[0]))
        return octets.decode("utf-8", "surrogateescape")
    if kind == "unicode":
        units = "".join(chr(int(digits, 16)) for digits in _UNITS.findall(match[0]))
        return _HIGHEST_PAIR.sub(_joined, units)
    if kind == "hexadecimal":
        return chr(int(match["hexadecimal"], 16))
    return ""


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
