"""``# layerfork: ignore=rule``: what a file asks not to hear of."""

import re
from collections.abc import Iterator

from layerfork.lint.files.reading import Source
from layerfork.lint.rule import Found
from layerfork.record.trap import TrapCode

_ASKED = re.compile(r"(?:#|//)\s*layerfork:\s*ignore=\s*(?P<codes>[\w-]+(?:\s*,\s*[\w-]+)*)")
_COMMENT = re.compile(r"\s*(?:#|//)")


def is_suppressed(found: Found, code: TrapCode) -> bool:
    """Whether a comment on one of its lines, or right above, names the rule."""
    lines = found.source.lines
    first = found.line - 1
    while first > 0 and _COMMENT.match(lines[first - 1]):
        first -= 1
    asked = lines[first : max(found.line, found.last_line)]
    return any(code == name for line in asked for name in _codes(line))


def unknown_codes(source: Source) -> Iterator[tuple[int, str]]:
    """Lines that name rules which there are not, with the name."""
    for number, line in enumerate(source.lines, 1):
        for name in _codes(line):
            if name not in set(TrapCode):
                yield number, name


def _codes(line: str) -> list[str]:
    found = _ASKED.search(line)
    return [] if found is None else re.split(r"\s*,\s*", found["codes"])
