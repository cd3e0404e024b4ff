"""Pairs of records on which model, explainer and engine once disagreed."""

import json
from pathlib import Path

import pytest

from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records
from research.mutations.build import blind

DIRECTORY = Path(__file__).parent / "regressions"
EXPECTED = json.loads((DIRECTORY / "expected.json").read_text())


def test_every_pair_is_listed() -> None:
    assert {path.stem for path in DIRECTORY.glob("*.jsonl")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_exactly_these_causes_are_named(name: str) -> None:
    writer, reader = read_records(DIRECTORY / f"{name}.jsonl")
    forks = explain_pair(judged("writer", writer), judged("reader", reader))
    causes = [cause for fork in forks for cause in fork.causes]
    assert {cause.code for cause in causes} == set(EXPECTED[name]["causes"])
    if "arguments" in EXPECTED[name]:
        assert {cause.path for cause in causes if cause.code == "build-arg"} == set(
            EXPECTED[name]["arguments"]
        )
    status = CauseStatus(EXPECTED[name].get("status", "PROVEN"))
    assert all(cause.status is status for cause in (forks[0].causes if forks else ()))


def judged(name: str, record: BuildRecord) -> JudgedBuild:
    return JudgedBuild(client=name, record=record, keys=keys_of(record))


@pytest.mark.parametrize("name", EXPECTED)
def test_keys_are_known_without_the_engine(name: str) -> None:
    for record in read_records(DIRECTORY / f"{name}.jsonl"):
        for step, key in zip(record.steps, keys_of(blind(record)).steps, strict=True):
            read_elsewhere = "--from=" in step.instruction
            ignored = any(reason.startswith("patterns of") for reason in key.key.unknown)
            assert read_elsewhere or ignored or not key.key.unknown, step.instruction
