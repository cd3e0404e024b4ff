"""Records of one timeless digest have the same keys, on the records of real builds."""

from collections import defaultdict
from dataclasses import replace

import msgspec
import pytest
from corpus.make import path_of
from corpus.pairs import PAIRS
from corpus.subjects import Pair

from layerfork.app.compare.baseline import chain_of
from layerfork.keys import keys_of
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records, stored
from layerfork.record.store.summary import timeless_digest

SESSION = "local.session"


def digest_of(record: BuildRecord) -> str:
    return timeless_digest(stored(record))


@pytest.fixture(scope="module")
def records() -> list[BuildRecord]:
    return [record for pair in PAIRS for record in read_records(path_of(pair))]


def test_equal_digests_have_equal_keys(records: list[BuildRecord]) -> None:
    chains = defaultdict(set)
    for record in records:
        chains[digest_of(record)].add(chain_of(keys_of(record)))
    assert len(chains) > len(PAIRS)
    assert {len(own) for own in chains.values()} == {1}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_two_builds_with_other_keys_have_two_digests(pair: Pair) -> None:
    writer, reader = read_records(path_of(pair))
    same_keys = chain_of(keys_of(writer)) == chain_of(keys_of(reader))
    assert same_keys or digest_of(writer) != digest_of(reader)


def test_another_session_is_the_same_build(records: list[BuildRecord]) -> None:
    """A session makes new digests of all operations that depend on it."""
    with_session = [each for each in records if SESSION in str(each.definition)]
    assert len(with_session) > 20
    for record in with_session:
        assert digest_of(in_another_session(record)) == digest_of(record)


def in_another_session(record: BuildRecord) -> BuildRecord:
    assert record.definition is not None
    text = msgspec.json.encode(record).decode()
    for number, op in enumerate(record.definition.ops):
        text = text.replace(op.digest, f"sha256:{number:064x}")
    renamed = msgspec.json.decode(text, type=BuildRecord)
    assert renamed.definition is not None
    ops = tuple(
        op
        if op.source is None
        else replace(
            op,
            source=replace(
                op.source,
                attrs=tuple(
                    (name, "another1" if name == SESSION else value) for name, value in op.source.attrs
                ),
            ),
        )
        for op in renamed.definition.ops
    )
    return replace(renamed, id="another", seconds=1234.5, definition=replace(renamed.definition, ops=ops))
