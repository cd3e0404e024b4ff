"""The attack in a small form, on real engines. `make attack` is the whole."""

import pytest

from research.attacks.changes import attack_changes
from research.attacks.kills import COMMANDS, attack_kills
from research.attacks.mounts import attack_mounts
from research.attacks.passing import attack_passing
from research.attacks.secrets import attack_secrets

pytestmark = pytest.mark.engine


@pytest.mark.timeout(900)
def test_kills_leave_nothing() -> None:
    outcome = attack_kills(len(COMMANDS), seed=11)
    assert outcome.failures == []


@pytest.mark.parametrize("kind", ["classic", "buildkit", "podman", "buildah"])
def test_no_planted_secret_is_found(kind: str) -> None:
    outcome = attack_secrets(48, seed=13, kinds=(kind,))
    assert outcome.failures == []


@pytest.mark.timeout(900)
def test_what_changes_during_a_fix_is_kept() -> None:
    outcome = attack_changes(50, seed=17)
    assert outcome.failures == []


@pytest.mark.timeout(900)
def test_what_is_no_build_passes_and_refusals_are_said() -> None:
    outcome = attack_passing(32)
    assert outcome.failures == []


@pytest.mark.timeout(900)
def test_what_is_mounted_is_in_no_record() -> None:
    outcome = attack_mounts(2, seed=19)
    assert outcome.failures == []
