"""Attacks on a project: it changes while it is fixed, and it mounts secrets. Slow: a file of its own."""

import pytest

from research.attacks.changes import attack_changes
from research.attacks.mounts import attack_mounts

pytestmark = pytest.mark.engine


@pytest.mark.timeout(900)
def test_what_changes_during_a_fix_is_kept() -> None:
    outcome = attack_changes(50, seed=17)
    assert outcome.failures == []


@pytest.mark.timeout(900)
def test_what_is_mounted_is_in_no_record() -> None:
    outcome = attack_mounts(2, seed=19)
    assert outcome.failures == []
