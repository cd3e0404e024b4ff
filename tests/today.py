"""What is drawn by the date: over some days everything is run, and a day stays short."""

import os
import random
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

Case = TypeVar("Case")
DAY = os.environ["TEST_DAY"]
"""``TEST_DAY=2026-11-26`` draws what was drawn on that day; ``all`` takes everything."""


def engines_of_today(*names: str) -> Sequence[str]:
    """One of the engines, on all of which the tests hold alike."""
    return names if DAY == "all" else [random.Random(DAY + " ".join(names)).choice(names)]


def part_of_today(cases: Iterable[Case], parts: int) -> Sequence[Case]:
    """One of so many parts of the cases; each part has its turn within so many days."""
    every = list(cases)
    return every if DAY == "all" else every[date.fromisoformat(DAY).toordinal() % parts :: parts]
