"""A rule of lint: the project that it looks at, what it finds, and the comments that suppress it."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.dockerfile import Instruction
from layerfork.lint.declaredbuilds import DeclaredBuild
from layerfork.lint.dockerfiles import OpenedDockerfile
from layerfork.lint.lintedfiles import FileKind, SourceFile
from layerfork.record.answer import Fix
from layerfork.record.lint import TrapCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """All files of interest that could be read."""

    root: Path
    """Absolute: the repository's top, or the directory that was named."""
    sources: tuple[SourceFile, ...]
    dockerfiles: tuple[OpenedDockerfile, ...]
    builds: tuple[DeclaredBuild, ...] = ()
    """In the order of their files."""

    def of_kind(self, kind: FileKind) -> tuple[SourceFile, ...]:
        """The files of a kind."""
        return tuple(source for source in self.sources if source.kind is kind)

    def steps(self, *keywords: str) -> Iterator[tuple[OpenedDockerfile, Instruction]]:
        """The instructions with these keywords in the stages of all Dockerfiles."""
        for opened in self.dockerfiles:
            for stage in opened.dockerfile.stages:
                yield from ((opened, each) for each in stage.instructions if each.keyword in keywords)


# What a rule of lint is.


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What a rule says about one line."""

    source: SourceFile
    line: int
    """From 1: the first of the lines in question."""
    last_line: int = 0
    """0 for the first."""
    subject: str
    cost: str
    fix: Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRule:
    """One rule, with the page docs/lint/CODE.md."""

    code: TrapCode
    find: Callable[[Project], Iterator[Violation]]


# How rules name instructions.

_NAMED = 3


def lines(instructions: Sequence[Instruction]) -> str:
    """``line 4``, ``lines 4 and 6``, ``lines 4, 6, 9 and 2 more``."""
    numbers = [str(each.first_line) for each in instructions]
    if len(numbers) == 1:
        return f"line {numbers[0]}"
    named, more = numbers[:_NAMED], len(numbers) - _NAMED
    if more > 0:
        return f"lines {', '.join(named)} and {more} more"
    return f"lines {', '.join(named[:-1])} and {named[-1]}"


def runs(instructions: Sequence[Instruction]) -> str:
    """``RUN of line 4``, ``RUNs of lines 4 and 6``."""
    return f"RUN{'s' if len(instructions) > 1 else ''} of {lines(instructions)}"


def found_at(opened: OpenedDockerfile, instruction: Instruction, cost: str, fix: Fix) -> Violation:
    """What a rule says about an instruction."""
    return Violation(
        source=opened.source,
        line=instruction.first_line,
        last_line=instruction.last_line,
        subject=" ".join(instruction.text.split()),
        cost=cost,
        fix=fix,
    )


# ``# layerfork: ignore=rule``: what a file asks not to hear of.

_ASKED = re.compile(r"(?:#|//)\s*layerfork:\s*ignore=\s*(?P<codes>[\w-]+(?:\s*,\s*[\w-]+)*)")
_COMMENT = re.compile(r"\s*(?:#|//)")


def is_suppressed(found: Violation, code: TrapCode) -> bool:
    """Whether a comment on one of its lines, or right above, names the rule."""
    lines = found.source.lines
    first = found.line - 1
    while first > 0 and _COMMENT.match(lines[first - 1]):
        first -= 1
    asked = lines[first : max(found.line, found.last_line)]
    return any(code == name for line in asked for name in _codes(line))


def unknown_codes(source: SourceFile) -> Iterator[tuple[int, str]]:
    """Lines that name rules which there are not, with the name."""
    for number, line in enumerate(source.lines, 1):
        for name in _codes(line):
            if name not in set(TrapCode):
                yield number, name


def _codes(line: str) -> list[str]:
    found = _ASKED.search(line)
    return [] if found is None else re.split(r"\s*,\s*", found["codes"])
