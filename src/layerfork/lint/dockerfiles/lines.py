"""How rules name instructions."""

from collections.abc import Sequence

from layerfork.dockerfile import Instruction
from layerfork.lint.dockerfiles.opened import OpenedDockerfile
from layerfork.lint.rule import Found
from layerfork.record.answer import Fix

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


def found_at(opened: OpenedDockerfile, instruction: Instruction, cost: str, fix: Fix) -> Found:
    """What a rule says about an instruction."""
    return Found(
        source=opened.source,
        line=instruction.first_line,
        last_line=instruction.last_line,
        subject=" ".join(instruction.text.split()),
        cost=cost,
        fix=fix,
    )
