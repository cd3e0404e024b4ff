"""What is drawn by the date: over some days everything is run on every engine, and a day stays short."""

import os
import random
from collections.abc import Sequence

DAY = os.environ["TEST_DAY"]
"""``TEST_DAY=2026-11-26`` draws what was drawn on that day; ``all`` takes every engine."""


def engines_of_today(*names: str) -> Sequence[str]:
    """One of the engines, on all of which the tests hold alike."""
    return names if DAY == "all" else [random.Random(DAY + " ".join(names)).choice(names)]
