"""What is kept of real builds names no place of the machine that made it."""

import re
from pathlib import Path

import pytest

from layerfork.harness.records.lines import numbered_lines

TESTS = Path(__file__).parents[1]
KEPT = ("corpus/records", "golden/records", "imports/left", "unit/mutations/regressions")
MACHINE = re.compile(rb"/root/|/home/|/work/(main|shared)|/tmp/(?!app\b|layerfork-run-)")
"""Those that `imports/make.sh` builds in, and where an engine's socket lies, are everybody's."""


@pytest.mark.parametrize("folder", KEPT)
def test_records_name_no_place_of_a_machine(folder: str) -> None:
    files = sorted((TESTS / folder).glob("*.jsonl"))
    assert files
    lines = ((file.name, MACHINE.search(line)) for file in files for _, line in numbered_lines(file))
    assert [(name, found[0]) for name, found in lines if found] == []
