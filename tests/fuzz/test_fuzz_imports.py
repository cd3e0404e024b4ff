"""A short run of the importer's fuzzer; LAYERFORK_FUZZ_SECONDS makes it longer."""

import os

import pytest
from fuzz.fuzz_imports import run

SECONDS = float(os.environ.get("LAYERFORK_FUZZ_SECONDS", "3"))


@pytest.mark.timeout(SECONDS + 120)
def test_broken_files_break_nothing() -> None:
    summary = run(SECONDS, first=int.from_bytes(os.urandom(4), "big"))

    assert summary.cases > 2
    assert summary.records > 0
