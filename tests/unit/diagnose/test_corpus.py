"""Every cause, where its change is why a step forks, and where it is there and does not matter.

The tables below `corpus.pairs` say by hand what has to be said about records of real engines.
"""

import pytest
from corpus.make import LIMIT_BYTES, RECORDS, path_of
from corpus.pairs import PAIRS
from corpus.present import ARRANGED, PRESENT
from corpus.subjects import Fork, Pair

from layerfork.diagnose import JudgedBuild, judge_pair
from layerfork.keys import keys_of
from layerfork.record.answer import Cause, Judgement
from layerfork.record.answer import Fork as Found
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.store.recordfile import read_records

ADDED = {"added-label", "added-target"}
"""Warnings about steps that the reader alone has, at its end."""
BY_NAME = {pair.name: pair for pair in PAIRS}


def records_of(pair: Pair) -> tuple[BuildRecord, BuildRecord]:
    writer, reader = read_records(path_of(pair))
    return writer, reader


def judge(pair: Pair) -> Judgement:
    writer, reader = records_of(pair)
    return judge_pair(
        JudgedBuild(client="writer", record=writer, keys=keys_of(writer), control=pair.control),
        JudgedBuild(client="reader", record=reader, keys=keys_of(reader)),
    )


def shown(cause: Cause) -> str:
    more = f"+{cause.more}" if cause.more else ""
    status = "" if cause.status == "PROVEN" else cause.status.value
    return " ".join(filter(None, (cause.code, cause.path, more, status)))


def found(forks: tuple[Found, ...]) -> list[tuple[str, list[str]]]:
    return [(fork.instruction, sorted(map(shown, fork.causes))) for fork in forks]


def expected(pair: Pair, forks: tuple[Found, ...]) -> list[tuple[str, list[str]]]:
    """What the table says, with the reader's whole instructions where they begin as it says."""
    return [(whole(fork, forks), sorted(fork.causes)) for fork in pair.forks]


def whole(fork: Fork, forks: tuple[Found, ...]) -> str:
    return next((each.instruction for each in forks if each.instruction.startswith(fork.at)), fork.at)


def test_records_and_table_have_the_same_pairs() -> None:
    assert {path.stem for path in RECORDS.glob("*.jsonl")} == BY_NAME.keys()
    assert len(BY_NAME) == len(PAIRS)


@pytest.mark.parametrize("name", BY_NAME)
def test_exactly_these_causes_are_named(name: str) -> None:
    pair = BY_NAME[name]
    judgement = judge(pair)
    assert found(judgement.forks) == expected(pair, judgement.forks)
    assert sorted({warning.code for warning in judgement.warnings}) == list(pair.warnings)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_change_is_there_and_the_engine_did_what_the_table_says(name: str) -> None:
    """The first fork is the first step that the reader's engine built again; without forks it built none."""
    pair = BY_NAME[name]
    writer, reader = records_of(pair)
    assert ARRANGED[pair.code](pair) if pair.code in ARRANGED else PRESENT[pair.code](writer, reader)
    missed = [step.instruction for step in reader.steps if step.status is StepStatus.MISS]
    if ADDED & set(pair.warnings):
        return
    if not pair.forks:
        assert missed == []
    elif not pair.forks[0].at.startswith("FROM"):
        assert missed[0].startswith(pair.forks[0].at)


def test_records_are_small() -> None:
    assert not [pair.name for pair in PAIRS if path_of(pair).stat().st_size >= LIMIT_BYTES]
