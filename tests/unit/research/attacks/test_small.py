"""The attack in its smallest form, where it needs no engine; and that it sees what it looks for."""

import random
from pathlib import Path

import pytest

from layerfork.wire.redact import Redactor
from research.attacks import inputs, secrets, wire
from research.attacks.inputs import attack_inputs
from research.attacks.secrets import attack_secrets
from research.attacks.wire import attack_floods, floods


def test_broken_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "HANG_S", 10.0)  # a busy machine is no hang
    outcome = attack_inputs(500, seed=3)
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
    outcome = attack_secrets(30, seed=5, kinds=("import",))
    assert outcome.failures == []


def test_a_redactor_that_hides_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    value = "Head77;Tail55xyz"
    hidden = Redactor(b"key").hide("A_TOKEN", value)
    assert secrets.found_in("here", [value], {"file": f"TOKEN={hidden}".encode()}) == []
    assert len(secrets.found_in("here", [value], {"file": b"TOKEN=hidden:0123456789abcdef;Tail55xyz"})) == 1


def test_floods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "STALL_S", 10.0)  # a busy machine is no stall
    every = floods()
    assert len({flood.name for flood in every}) == len(every)
    monkeypatch.setattr(wire, "floods", lambda: every[::11])
    outcome = attack_floods(1)
    assert outcome.failures == []
    assert outcome.what == f"{len(every[::11])} floods of 1 MiB"


def test_growth_a_stall_and_a_crash_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    [flood] = [flood for flood in floods() if flood.name == "/grpc: messages that never end"]
    monkeypatch.setattr(wire, "floods", lambda: [flood])
    monkeypatch.setattr(wire, "MAY_GROW_BYTES", 0)
    assert "MiB" in attack_floods(1).failures[0]
    monkeypatch.setattr(wire, "MAY_GROW_BYTES", 1 << 30)
    monkeypatch.setattr(wire, "STALL_S", -1.0)
    assert len(attack_floods(1).failures) == 1

    def broken(flood: wire.Flood, size: int) -> wire.Passed:
        raise KeyError("a bug")

    monkeypatch.setattr(wire, "passed_by", broken)
    assert "KeyError" in attack_floods(1).failures[0]
