"""A part of the evidence of `docs/current-state.md`, drawn by the date, is measured again."""

from pathlib import Path

import pytest
from today import DAY

from layerfork.app.experiment.cells import read_cells
from research.currentstate.again import build_again, draw
from research.currentstate.evidence import SCENARIOS

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]
PARTS = 30


def test_cells_of_scenarios(tmp_path: Path) -> None:
    """Each step as it was then, reused or built: facts; and each phase as its scenario expects."""
    drawn = draw(read_cells(SCENARIOS).cells, PARTS, DAY)
    found = build_again(drawn, tmp_path / "again.jsonl")

    assert list(found.disagreements()) == [], f"TEST_DAY={DAY}"
    assert len(found.moved()) < len(drawn), found.moved()
