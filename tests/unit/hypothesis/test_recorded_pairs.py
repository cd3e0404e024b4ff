"""What a hypothetical build is, held against builds that did happen."""

from random import Random

import pytest
from today import part_of_today
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


FETCHED = ("classic-remote-source", "buildah-remote-source", "buildah-mount")
"""Builds that fetched or mounted something else: only the engine's history shows it."""


def is_comparable(name: str) -> bool:
    """Both builds were seen, of one builder, and fetched nothing else."""
    writer, reader = pair(name)
    seen = is_seen(writer) and is_seen(reader)
    return seen and writer.builder is reader.builder and not name.startswith(FETCHED)


@pytest.mark.parametrize("name", FILES)
def test_what_changes_nothing_gives_the_same_keys(name: str) -> None:
    """No change; and where the Dockerfile was seen, an argument that no line declares, and every line as it
    was."""
    writer, reader = pair(name)
    assert_same_keys(supposed(writer), keys_of(writer))
    keys = keys_of(reader)
    assert_same_keys(supposed(reader), keys)
    if is_seen(writer) and is_seen(reader):
        assert_same_keys(supposed(reader, BuildArgIs(name="NOBODY", value="1")), keys)
        assert_same_keys(supposed(reader, *again(reader), example=reader), keys)


def again(record: BuildRecord) -> list[LineIs]:
    """Every line reads as it does, as the record itself shows as an example."""
    dockerfile = dockerfile_of(record)
    assert dockerfile is not None
    return [
        LineIs(line=each.first_line, text=source_text(record, each), example_line=each.first_line)
        for each in dockerfile.instructions
    ]


@pytest.mark.parametrize("name", part_of_today(REGRESSIONS, 3))
def test_one_line_that_goes_and_comes_again_changes_nothing(name: str) -> None:
    _, reader = pair(name)
    for line in again(reader):
        assert_same_keys(supposed(reader, line, example=reader), keys_of(reader))


@pytest.mark.parametrize("name", FILES)
def test_the_whole_difference_gives_the_writers_keys(name: str) -> None:
    if not is_comparable(name):
        return
    writer, reader = pair(name)
    changes = whole_difference(writer, reader)
    assert_same_keys(supposed(reader, *changes, example=writer), keys_of(writer))


def test_nearly_all_pairs_can_be_compared() -> None:
    assert sum(map(is_comparable, FILES)) > 0.95 * len(FILES)


@pytest.mark.parametrize("name", [*FILES][::4])
def test_the_order_of_changes_does_not_matter(name: str) -> None:
    """Lines that come before one and the same line come in the order that they are named in."""
    if not is_comparable(name):
        return
    writer, reader = pair(name)
    changes = whole_difference(writer, reader)
    added = [each for each in changes if isinstance(each, LineAdded)]
    others = [each for each in changes if not isinstance(each, LineAdded)]
    Random(name).shuffle(others)
    assert_same_keys(
        supposed(reader, *others, *added, example=writer), supposed(reader, *changes, example=writer)
    )
