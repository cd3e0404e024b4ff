"""Our model of BuildKit's frontend, held against every definition that BuildKit itself made."""

from collections.abc import Callable, Iterator

import pytest
from unit.hypothesis.defined import construct_records, stored_records, transcribed_records

from layerfork.record.record import BuildRecord
from research.mutations.definitions import Tally

Source = Callable[[], Iterator[tuple[str, BuildRecord]]]
SOURCES = {
    "records": (stored_records, 480),
    "transcripts": (transcribed_records, 30),
    "constructs": (construct_records, 180),
}
"""Where definitions come from, and how many builds there are at least."""
AIM = 0.95


@pytest.mark.parametrize("name", SOURCES)
def test_every_operation_is_the_engines_or_not_modelled(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, least = SOURCES[name]
    tally = Tally()
    for build, record in source():
        tally.add(build, record)
    with capsys.disabled():
        print(f"\n{name}: {tally.text()}")  # noqa: T201
    assert not tally.wrong, "\n".join(tally.wrong[:5])
    assert not tally.bytes_wrong, "\n".join(tally.bytes_wrong[:5])
    assert tally.records >= least
    assert tally.share >= AIM
