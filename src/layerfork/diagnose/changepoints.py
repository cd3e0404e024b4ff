"""Since when a series is worse: rules that name no change rather than a wrong one.

Both rules ask for five values on each side, and for a probability, by chance alone, of at most 5 % for the
whole history: the hypergeometric tail times the number of places that were looked at (Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median

LEAST_SIDE = 5
"""The least number of values on each side of a change."""
MOST_CHANCE = 0.05
_RATIO = 1.5
_LONGER_S = 1.0
_ON_THEIR_SIDE = 0.9
_MOST_DOUBTFUL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A place in a series."""

    at: int
    """The first value that belongs to the later part, from 0: the likeliest one."""
    first: int
    last: int
    """The earliest and the latest value that it may be: those next to the change may look alike by chance."""
    chance: float
    """At most so likely by chance alone, anywhere in the history."""


def splits(values: int) -> int:
    """How many places a series has where a change can be."""
    return max(0, values - 2 * LEAST_SIDE + 1)


def began_to_miss(missed: Sequence[bool], tests: int) -> Change | None:
    """The value since which all are misses, where that is no chance; ``tests`` are the places looked at."""
    last_hit = max((at for at, miss in enumerate(missed) if not miss), default=-1)
    at = last_hit + 1
    after = len(missed) - at
    if at < LEAST_SIDE or after < LEAST_SIDE:
        return None
    chance = min(1.0, _tail(len(missed), sum(missed), after, after) * tests)
    if chance > MOST_CHANCE:
        return None
    last = at + _doubtful(sum(missed[:at]), at, MOST_CHANCE)
    return Change(at=at, first=at, last=min(last, len(missed) - 1), chance=chance)


def _doubtful(odd: int, values: int, chance: float) -> int:
    """How many values in a row may be odd ones of this side of a change, and so seem to be of the other.

    ``odd`` are those that look like the other side, among the ``values`` that do not lie next to it.
    """
    rate = (odd + 1) / (values + 1) if odd else 0.0
    count = 0
    while count < _MOST_DOUBTFUL and rate ** (count + 1) > chance:
        count += 1
    return count


def jumped(seconds: Sequence[float], tests: int) -> Change | None:
    """The value since which times are longer, where they stayed so; ``tests`` are the places looked at.

    The median is at least 1.5 times as long and a second longer, over all and over the five values next to
    the place, and 90 % of the times lie on their side of the middle between both medians.
    """
    found: list[tuple[int, float, Change]] = []
    for at in range(LEAST_SIDE, len(seconds) - LEAST_SIDE + 1):
        if not _is_longer(seconds[at - LEAST_SIDE : at], seconds[at : at + LEAST_SIDE]):
            continue
        before, after = seconds[:at], seconds[at:]
        if not _is_longer(before, after):
            continue
        middle = (median(before) + median(after)) / 2
        below, above = sum(each < middle for each in before), sum(each > middle for each in after)
        if below < _ON_THEIR_SIDE * len(before) or above < _ON_THEIR_SIDE * len(after):
            continue
        long = above + len(before) - below
        chance = min(1.0, _tail(len(seconds), long, len(after), above) * tests)
        if chance <= MOST_CHANCE:
            change = Change(
                at=at,
                first=max(LEAST_SIDE, at - _doubtful(len(after) - above, len(after), MOST_CHANCE / 2)),
                last=min(len(seconds) - 1, at + _doubtful(len(before) - below, len(before), MOST_CHANCE / 2)),
                chance=chance,
            )
            found.append((below + above, median(after) / max(median(before), 1e-9), change))
    return max(found, key=lambda each: each[:2])[2] if found else None


def _is_longer(before: Sequence[float], after: Sequence[float]) -> bool:
    one, other = median(before), median(after)
    return other >= _RATIO * one and other >= one + _LONGER_S


def _tail(values: int, marked: int, drawn: int, at_least: int) -> float:
    """How likely at least that number of drawn values are marked ones, when they are drawn without order."""
    ways = sum(
        comb(marked, count) * comb(values - marked, drawn - count)
        for count in range(at_least, min(marked, drawn) + 1)
    )
    return ways / comb(values, drawn)
