"""Whether work grows as its input does: measured against itself, in one process, never against a clock."""

import gc
import time
from collections.abc import Callable

_ROUNDS = 8
_MOST_TIMES = 9.0
"""Four times the input takes four times as long in linear time, and sixteen times in quadratic time."""


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """Four times the size must not take much more than four times as long, in the best of some rounds.

    ``work`` gets the size; at the smaller one, what grows faster than linearly has to be most of it.
    """
    small = large = float("inf")
    for _ in range(_ROUNDS):
        small, large = min(small, _seconds(work, size)), min(large, _seconds(work, 4 * size))
        if large < _MOST_TIMES * small:
            return
    raise AssertionError(f"{size}: {small:.4f} s, {4 * size}: {large:.4f} s")


def _seconds(work: Callable[[int], object], size: int) -> float:
    gc.disable()  # a collection looks at everything that the tests hold
    try:
        started = time.process_time()
        work(size)
        return time.process_time() - started
    finally:
        gc.enable()
