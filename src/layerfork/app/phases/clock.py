"""Seconds that went by while cells were built, by what they went for."""

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Work(StrEnum):
    """What an engine's thread waits for, one at a time."""

    STARTING = "starting"
    """Engines that start and end."""
    CLEANING = "cleaning"
    """Caches that are cleaned, and what a scenario lets happen to its engine."""
    BUILDING = "building"
    """Clients' processes: the build itself."""


@dataclass(slots=True)
class Clock:
    """Adds up seconds; one thread uses it at a time."""

    seconds: Counter[Work] = field(default_factory=Counter)

    @contextlib.contextmanager
    def at(self, work: Work) -> Iterator[None]:
        """What is done inside counts as that work."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.add(work, time.monotonic() - started)

    def add(self, work: Work, seconds: float) -> None:
        """Seconds that somebody else measured."""
        self.seconds[work] += seconds  # type: ignore[assignment]  # a Counter adds any numbers
