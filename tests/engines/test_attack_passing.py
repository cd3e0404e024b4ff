"""The attack on what passes a recorder and is no build: slow, so it has a file, and a process, of its own."""

import pytest

from research.attacks.passing import attack_passing

pytestmark = pytest.mark.engine


@pytest.mark.timeout(900)
def test_what_is_no_build_passes_and_refusals_are_said() -> None:
    outcome = attack_passing(32)
    assert outcome.failures == []
