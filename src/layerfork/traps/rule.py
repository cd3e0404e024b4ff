"""What a rule of lint is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from layerfork.model.answer import Fix
from layerfork.model.trap import TrapCode
from layerfork.traps.files.reading import Source
from layerfork.traps.project import Project


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
