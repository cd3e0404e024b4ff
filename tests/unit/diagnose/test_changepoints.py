"""Rules about changes: random histories name none in 95 % of cases, planted changes are found in place.

What is expected follows from how each series was made, not from the rules.
"""

from collections.abc import Callable
from math import comb
from random import Random

import pytest

from layerfork.diagnose.changepoints import LEAST_SIDE, began_to_miss, jumped, splits

SEEDS = 2_000
STEPS = 12
AT_MOST = 0.05 * SEEDS


def names_a_change(seed: int) -> tuple[bool, bool]:
    """Of a history of 12 steps in which nothing changed: whether either rule names one."""
    rng = Random(seed)
    builds = rng.randint(10, 80)
    tests = 2 * STEPS * splits(builds)
    missing = longer = False
    for _ in range(STEPS):
        share = rng.choice((0.05, 0.3, 0.5, 0.8, 0.95))
        missing |= began_to_miss([rng.random() < share for _ in range(builds)], tests) is not None
        spread = rng.choice((0.1, 0.5, 1.0, 2.0))
        times = [rng.lognormvariate(2.0, spread) for _ in range(builds)]
        longer |= jumped(times, tests) is not None
    return missing, longer


def test_random_series_name_no_change() -> None:
    found = [names_a_change(seed) for seed in range(SEEDS)]

    assert sum(missing or longer for missing, longer in found) <= AT_MOST


def test_without_correction_there_would_be_more() -> None:
    """The property would fail if the number of places did not count."""
    rng = Random(7)
    found = sum(
        any(began_to_miss([rng.random() < 0.7 for _ in range(14)], 1) is not None for _ in range(STEPS))
        for _ in range(SEEDS)
    )
    assert found > AT_MOST


def planted_misses(rng: Random, share: float) -> tuple[list[bool], int]:
    """A step that missed in so large a share of builds, and always since."""
    before, after = rng.randint(15, 60), rng.randint(15, 60)
    return [rng.random() < share for _ in range(before)] + [True] * after, before


def test_planted_misses_are_found_at_their_build() -> None:
    """Exactly, where the step had never missed; else the builds that are named hold the right one."""
    rng = Random(1)
    for _ in range(200):
        missed, at = planted_misses(rng, 0.0)
        change = began_to_miss(missed, 2 * STEPS * splits(len(missed)))
        assert change is not None
        assert (change.first, change.at, change.last) == (at, at, at)


@pytest.mark.parametrize("share", [0.03, 0.1, 0.3, 0.5])
def test_a_wrong_build_is_named_in_one_of_twenty_histories(share: float) -> None:
    rng = Random(2)
    found = wrong = 0
    for _ in range(1_000):
        missed, at = planted_misses(rng, share)
        change = began_to_miss(missed, 2 * STEPS * splits(len(missed)))
        if change is not None:
            found += 1
            wrong += not change.first <= at <= change.last
    assert found > 800
    assert wrong <= 0.05 * found


def planted_jump(rng: Random, odd: float) -> tuple[list[float], int]:
    """Times that double, a share of them odd: as on the other side."""
    before, after = rng.randint(20, 60), rng.randint(20, 60)
    short, long = (9.0, 12.0), (18.0, 24.0)
    times = [rng.uniform(*(long if rng.random() < odd else short)) for _ in range(before)]
    times += [rng.uniform(*(short if rng.random() < odd else long)) for _ in range(after)]
    return times, before


def test_planted_jumps_are_found_at_their_build() -> None:
    rng = Random(3)
    for _ in range(200):
        times, at = planted_jump(rng, 0.0)
        change = jumped(times, 2 * STEPS * splits(len(times)))
        assert change is not None
        assert (change.first, change.at, change.last) == (at, at, at)


@pytest.mark.parametrize(("odd", "most"), [(0.01, 0.03), (0.02, 0.05), (0.05, 0.1)])
def test_odd_times_rarely_name_a_wrong_build(odd: float, most: float) -> None:
    """An odd time may stand right before the change, and none that would make the rule doubt."""
    rng = Random(4)
    found = wrong = 0
    for _ in range(500):
        times, at = planted_jump(rng, odd)
        change = jumped(times, 2 * STEPS * splits(len(times)))
        if change is not None:
            found += 1
            wrong += not change.first <= at <= change.last
    assert found > 350
    assert wrong <= most * found


@pytest.mark.parametrize("rule", [began_to_miss, jumped])
def test_four_values_on_a_side_are_too_few(rule: Callable[..., object]) -> None:
    few, many = LEAST_SIDE - 1, 40
    low, high = (False, True) if rule is began_to_miss else (1.0, 100.0)

    assert rule([low] * few + [high] * many, 1) is None
    assert rule([low] * many + [high] * few, 1) is None
    assert rule([low] * LEAST_SIDE + [high] * many, 1) is not None


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ([10.0] * 20 + [14.0] * 20, "not 1.5 times as long"),
        ([0.5] * 20 + [1.4] * 20, "not a second longer"),
        ([10.0] * 20 + [30.0] * 10 + [10.0] * 10, "it did not stay so"),
        ([10.0] * 17 + [30.0] * 3 + [30.0] * 10 + [10.0] * 7, "only 59 % of the later times"),
        ([10.0, 30.0] * 20, "no change at all"),
        ([30.0] * 20 + [10.0] * 20, "it became faster"),
        ([10.0 + each for each in range(40)], "a slope has no place"),
    ],
)
def test_what_is_no_jump(times: list[float], why: str) -> None:
    assert jumped(times, 1) is None, why


def test_one_hit_afterwards_is_not_always() -> None:
    assert began_to_miss([False] * 20 + [True] * 10 + [False] + [True] * 4, 1) is None
    assert began_to_miss([True] * 20, 1) is None
    assert began_to_miss([False] * 20, 1) is None


def test_the_chance_is_that_of_the_hypergeometric_tail() -> None:
    """Ten misses of 20 builds, all of them last: one of comb(20, 10) ways."""
    change = began_to_miss([False] * 10 + [True] * 10, 100)

    assert change is not None
    assert change.chance == pytest.approx(100 / comb(20, 10))
    assert began_to_miss([False] * 10 + [True] * 10, 10_000) is None
