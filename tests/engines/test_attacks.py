"""The attack in a small form, on real engines. `make attack` is the whole."""

import pytest

from research.attacks.kills import COMMANDS, attack_kills
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
