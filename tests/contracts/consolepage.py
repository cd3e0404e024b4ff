"""Commands of a page with what they print: blocks marked ``console``, as in a terminal.

A line after ``$ `` is typed, with those after ``> `` that continue it; what follows is what it prints. A line
of three dots stands for any lines. Blocks marked ``sh`` are for readers, and not typed.
"""

import re
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ .*\n(?:(?!\$ ).*\n)*", re.MULTILINE)
ANY = "..."
_VOLATILE = (
    (re.compile(r"^[0-9a-z]{12}(?=  \d{4}-)", re.MULTILINE), "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| UTC)?"), "TIME"),
    (re.compile(r"\b(?:under )?\d+(?:\.\d+)? (?:ms|s|min|h|seconds?|minutes?)(?! more)\b"), "SECONDS"),
    (re.compile(r"\b(?:sha256:)?[0-9a-f]{7,64}\b"), "ID"),
    (re.compile(r"/\S*/(?=[^/\s]*\s|[^/\s]*$)"), "DIRECTORY/"),
    (re.compile(r"(?<=\S) {2,}"), "  "),
)
"""What differs from run to run, and what is shown instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A command of a page."""

    line: int
    """Where it begins in the page, from 1."""
    command: str
    prints: tuple[str, ...]
    """Lines; of which `ANY` stands for any."""

    def matches(self, said: str) -> bool:
        """Whether this is what the page shows, but for what differs from run to run."""
        lines = [masked(line) for line in said.splitlines()]
        return _fits([line if line == ANY else masked(line) for line in self.prints], lines)


def typed_in(page: str) -> list[Typed]:
    """Every command of a page, in order."""
    return [
        _typed(page.count("\n", 0, block.start(1) + command.start()) + 1, command[0])
        for block in _BLOCK.finditer(page)
        for command in _COMMAND.finditer(block[1])
    ]


def _typed(line: int, text: str) -> Typed:
    first, *rest = text.splitlines()
    more = list(takewhile(lambda each: each.startswith("> "), rest))
    command = "\n".join([first, *more])
    return Typed(
        line=line, command=re.sub(r"^[$>] ", "", command, flags=re.M), prints=tuple(rest[len(more) :])
    )


def masked(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern, name in _VOLATILE:
        line = pattern.sub(name, line)
    return line.rstrip()


def _fits(expected: list[str], lines: list[str]) -> bool:
    if not expected:
        return not lines
    first, *rest = expected
    if first == ANY:
        return any(_fits(rest, lines[skipped:]) for skipped in range(len(lines) + 1))
    return bool(lines) and lines[0] == first and _fits(rest, lines[1:])
