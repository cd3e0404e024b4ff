"""What a rule of lint is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from layerfork.lint.files.reading import Source
from layerfork.lint.project import Project
from layerfork.record.answer import Fix
from layerfork.record.trap import TrapCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule says about one line."""

    source: Source
    line: int
    """From 1: the first of the lines in question."""
    last_line: int = 0
    """0 for the first."""
    subject: str
    cost: str
    fix: Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, with the page docs/lint/CODE.md."""

    code: TrapCode
    find: Callable[[Project], Iterator[Found]]
