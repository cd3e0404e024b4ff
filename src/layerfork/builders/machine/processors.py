"""How busy this machine's processors are, for whomever."""

from dataclasses import dataclass
from pathlib import Path

_IDLE = (3, 4)
"""Columns of /proc/stat: idle, and idle while something is read or written (proc(5))."""
_COUNTED = 8
"""user, nice, system, idle, iowait, irq, softirq, steal; guests' time is in user already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """Since the machine started, of all its processors together."""

    busy: int
    all: int


def read_ticks(file: Path = Path("/proc/stat")) -> Ticks | None:
    """None where the system does not say it."""
    try:
        words = file.read_text("ascii").partition("\n")[0].split()
    except OSError:
        return None
    if words[:1] != ["cpu"] or len(words) <= _COUNTED:
        return None
    numbers = [int(word) for word in words[1 : _COUNTED + 1]]
    return Ticks(busy=sum(numbers) - sum(numbers[column] for column in _IDLE), all=sum(numbers))


def busy_share(before: Ticks | None, after: Ticks | None) -> float | None:
    """From 0 to 1, of the time in between; None where it is not known."""
    if before is None or after is None or after.all <= before.all:
        return None
    return (after.busy - before.busy) / (after.all - before.all)
