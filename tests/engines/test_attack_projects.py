"""The slow attacks, one a day: on what passes a recorder and is no build, on a project that changes while it
is fixed, and on one that mounts secrets."""

from collections.abc import Callable

import pytest
from today import part_of_today

from research.attacks.changes import attack_changes
from research.attacks.mounts import attack_mounts
from research.attacks.outcome import Outcome
from research.attacks.passing import attack_passing

pytestmark = pytest.mark.engine

ATTACKS: dict[str, Callable[[], Outcome]] = {
    "passing": lambda: attack_passing(32),
    "changes": lambda: attack_changes(50, seed=17),
    "mounts": lambda: attack_mounts(2, seed=19),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", part_of_today(ATTACKS, len(ATTACKS)))
def test_an_attack_finds_nothing(name: str) -> None:
    assert ATTACKS[name]().failures == []
