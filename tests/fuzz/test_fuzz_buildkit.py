"""A short run of the BuildKit fuzzer; LAYERFORK_FUZZ_SECONDS makes it longer."""

import os

import pytest
from fuzz.fuzz_buildkit import run

SECONDS = float(os.environ.get("LAYERFORK_FUZZ_SECONDS", "3"))


@pytest.mark.timeout(SECONDS + 120)
def test_broken_traffic_breaks_nothing() -> None:
    # Each run starts elsewhere, so that many short runs see many cases; a failure names its number.
    summary = run(SECONDS, first=int.from_bytes(os.urandom(4), "big"))

    assert summary.cases > 2  # a busy machine gets through few of them
    assert summary.builds > 0
