"""Parts of a plan for several machines: deterministic, and alike in time where times are known."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from layerfork.app.phases.cells import CellName, MeasuredCell
from layerfork.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """``3/16``."""

    number: int
    of: int


def read_part(text: str) -> Part | None:
    """What ``--shard`` says; None for nothing. Raises: UsageError."""
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--shard {text} is no part of a whole", hint="--shard 3/16 is the third of sixteen")
    return Part(number=int(found[1]), of=int(found[2]))


def plan_digest(names: Sequence[CellName]) -> str:
    """The same for all machines that were asked the same."""
    return hashlib.sha256("\n".join(sorted(map(_text, names))).encode()).hexdigest()[:16]


def part_of(names: Sequence[CellName], part: Part, times: Mapping[CellName, float]) -> tuple[CellName, ...]:
    """The cells of one part, in the plan's order: the longest first, each to the part with least to do.

    A cell without a time counts as the middle one of those that are known.
    """
    known = sorted(times[name] for name in names if name in times)
    middle = known[len(known) // 2] if known else 1.0
    longest = sorted(names, key=lambda name: (-times.get(name, middle), _text(name)))
    loads = [0.0] * part.of
    mine: set[CellName] = set()
    for name in longest:
        least = loads.index(min(loads))
        loads[least] += times.get(name, middle)
        if least == part.number - 1:
            mine.add(name)
    return tuple(name for name in names if name in mine)


def times_of(cells: Iterable[MeasuredCell]) -> Mapping[CellName, float]:
    """Seconds of each cell that was measured before."""
    return {cell.name: cell.seconds for cell in cells}


def _text(name: CellName) -> str:
    return "\0".join((name.scenario, name.content, name.engine, name.client, name.builder or ""))
