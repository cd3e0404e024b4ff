"""Our model of BuildKit's frontend, held against every definition that BuildKit itself made."""

from itertools import chain

import pytest
from unit.whatif.defined import Tally, stored_records, transcribed_records

AIM = 0.95
SEEN = 520
"""Builds whose definitions are on record."""


def test_every_operation_is_the_engines_or_not_modelled(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    for name, record in chain(stored_records(), transcribed_records()):
        tally.add(name, record)
    with capsys.disabled():
        print(f"\n{tally.text()}")  # noqa: T201
    assert not tally.wrong, "\n".join(tally.wrong[:5])
    assert not tally.bytes_wrong, "\n".join(tally.bytes_wrong[:5])
    assert tally.records >= SEEN
    assert tally.share >= AIM
