"""What a hypothetical build is, held against builds that did happen."""

from random import Random

import pytest
from unit.hypothesis.recorded import (
    FILES,
    REGRESSIONS,
    assert_same_keys,
    pair,
    whole_difference,
)

from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.hypothesis import suppose
from layerfork.hypothesis.edited_dockerfile import source_text
from layerfork.hypothesis.suppose import Settled
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys
from layerfork.record.change import BuildArgIs, Change, LineAdded, LineIs
from layerfork.record.record import BuildRecord


def supposed(record: BuildRecord, *changes: Change, example: BuildRecord | None = None) -> BuildKeys:
    """Keys of a hypothetical build, with what the real one's answers have settled."""
    return Settled(record=record, keys=keys_of(record)).keys_of(suppose(record, changes, example))


def is_seen(record: BuildRecord) -> bool:
    """Its Dockerfile was seen, and its definition."""
    seen = record.builder is not Builder.BUILDKIT or record.definition is not None
    return seen and record.request.dockerfile is not None


SEEN = [name for name in FILES if all(map(is_seen, pair(name)))]
FETCHED = ("classic-remote-source", "buildah-remote-source", "buildah-mount")
"""Builds that fetched or mounted something else: only the engine's history shows it."""
ALIKE = [
    name
    for name in SEEN
    if len({record.builder for record in pair(name)}) == 1 and not name.startswith(FETCHED)
]


@pytest.mark.parametrize("name", FILES)
def test_nothing_changed_gives_the_same_keys(name: str) -> None:
    for record in pair(name):
        assert_same_keys(supposed(record), keys_of(record))


@pytest.mark.parametrize("name", SEEN)
def test_an_argument_that_nobody_declares_changes_nothing(name: str) -> None:
    _, reader = pair(name)
    assert_same_keys(supposed(reader, BuildArgIs(name="NOBODY", value="1")), keys_of(reader))


def again(record: BuildRecord) -> list[LineIs]:
    """Every line reads as it does, as the record itself shows as an example."""
    dockerfile = dockerfile_of(record)
    assert dockerfile is not None
    return [
        LineIs(line=each.first_line, text=source_text(record, each), example_line=each.first_line)
        for each in dockerfile.instructions
    ]


@pytest.mark.parametrize("name", SEEN)
def test_lines_that_go_and_come_again_change_nothing(name: str) -> None:
    _, reader = pair(name)
    assert_same_keys(supposed(reader, *again(reader), example=reader), keys_of(reader))


@pytest.mark.parametrize("name", REGRESSIONS)
def test_one_line_that_goes_and_comes_again_changes_nothing(name: str) -> None:
    _, reader = pair(name)
    for line in again(reader):
        assert_same_keys(supposed(reader, line, example=reader), keys_of(reader))


@pytest.mark.parametrize("name", ALIKE)
def test_the_whole_difference_gives_the_writers_keys(name: str) -> None:
    writer, reader = pair(name)
    changes = whole_difference(writer, reader)
    assert_same_keys(supposed(reader, *changes, example=writer), keys_of(writer))


@pytest.mark.parametrize("name", ALIKE[::4])
def test_the_order_of_changes_does_not_matter(name: str) -> None:
    """Lines that come before one and the same line come in the order that they are named in."""
    writer, reader = pair(name)
    changes = whole_difference(writer, reader)
    added = [each for each in changes if isinstance(each, LineAdded)]
    others = [each for each in changes if not isinstance(each, LineAdded)]
    Random(name).shuffle(others)
    assert_same_keys(
        supposed(reader, *others, *added, example=writer), supposed(reader, *changes, example=writer)
    )
