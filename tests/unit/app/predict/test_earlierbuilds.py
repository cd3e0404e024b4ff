"""Keys of builds that others are predicted from: made once wherever the engine's answers add nothing."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from unit.hypothesis.recorded import CORPUS, pair

from layerfork.app.predict.earlierbuilds import EarlierBuilds
from layerfork.hypothesis import suppose
from layerfork.hypothesis.suppose import Settled
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord


def _records() -> Iterator[BuildRecord]:
    return (record for name in CORPUS for record in pair(name))


def test_keys_are_those_with_and_without_the_engine_s_answers() -> None:
    shared = dict.fromkeys(Builder, 0)
    for record in _records():
        earlier_builds = EarlierBuilds(record)
        keys, same = keys_of(record), suppose(record, ())
        assert earlier_builds.newest.keys.steps == keys.steps, record.id
        assert earlier_builds.repeated is not None
        assert earlier_builds.repeated.keys.steps == Settled(record=record, keys=keys).keys_of(same).steps, (
            record.id
        )
        shared[record.builder] += earlier_builds.newest.keys.steps is earlier_builds.repeated.keys.steps
    assert all(shared.values())


@pytest.mark.parametrize("name", list(CORPUS)[::20])
def test_keys_of_a_history_share_parts_and_stay_the_same(name: str) -> None:
    writer, reader = pair(name)
    earlier_builds, other = EarlierBuilds(writer), EarlierBuilds(reader).newest
    earlier_builds.go_on(other)
    assert earlier_builds.newest.keys == other.keys
    assert [step.key.digest for step in earlier_builds.newest.keys.steps] == [
        step.key.digest for step in other.keys.steps
    ]
    before = {id(part) for step in earlier_builds.newest.keys.steps for part in step.key.parts}
    earlier_builds.go_on(replace(other, keys=keys_of(reader)))
    after = {id(part) for step in earlier_builds.newest.keys.steps for part in step.key.parts}
    assert after <= before
