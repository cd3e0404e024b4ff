"""The attack in its smallest form, where it needs no engine; and that it sees what it looks for."""

import random
from pathlib import Path

import pytest

from attacks import inputs, secrets
from attacks.inputs import attack_inputs
from attacks.secrets import attack_secrets
from layerfork.wire.redact import Redactor


def test_broken_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "HANG_S", 10.0)  # a busy machine is no hang
    outcome = attack_inputs(1_500, seed=3)
    assert outcome.failures == []
    assert outcome.numbers["crashes"] == "0"


def test_a_crash_and_a_hang_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(data: bytes, rng: random.Random) -> None:
        raise KeyError("x")

    def hang(data: bytes, rng: random.Random) -> None:
        sum(range(3_000_000))

    monkeypatch.setattr(inputs, "HANG_S", 0.001)
    monkeypatch.setattr(inputs, "readers", lambda _: {"crashes": ([b"a"], crash), "hangs": ([b"a"], hang)})
    outcome = attack_inputs(4, seed=3)
    assert outcome.numbers["crashes"] == "2"
    assert outcome.numbers["hangs over 0 s"] == "2"


def test_planted_secrets_of_imports() -> None:
    outcome = attack_secrets(80, seed=5, kinds=("import",))
    assert outcome.failures == []


def test_a_redactor_that_hides_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    value = "Head77;Tail55xyz"
    hidden = Redactor(b"key").hide("A_TOKEN", value)
    assert secrets.found_in("here", [value], {"file": f"TOKEN={hidden}".encode()}) == []
    assert len(secrets.found_in("here", [value], {"file": b"TOKEN=hidden:0123456789abcdef;Tail55xyz"})) == 1
