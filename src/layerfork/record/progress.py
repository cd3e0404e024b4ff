"""What happens during a run, reported while it happens."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One thing that began or ended."""

    text: str
    """One line: ``building with docker-build``."""
    engine: str = ""
    """Where it happened; empty when there is only one engine."""
    done: int = 0
    total: int = 0
    """Builds finished and planned; 0 of 0 when nothing is counted yet."""
    lasting: bool = False
    """Worth a line of its own that stays; otherwise only the current state."""


Say = Callable[[str], None]
"""Takes one line for the person who waits."""


Listener = Callable[[Progress], None]
