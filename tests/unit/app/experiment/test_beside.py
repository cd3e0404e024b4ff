"""Cells judged beside the building."""

import pytest
from golden.recorded import RECORDS

from layerfork.app.experiment import runscenarios as beside
from layerfork.app.experiment.cells import read_cells
from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.app.experiment.judging import judged_cell
from layerfork.app.experiment.runscenarios import Judge
from layerfork.record.progress import Progress
from layerfork.record.scenarioresults import Met

MEASURED = read_cells(RECORDS / "scenarios.jsonl").cells
SCENARIOS = {(cell.name.scenario, ""): find_scenario(cell.name.scenario) for cell in MEASURED}


def test_each_is_judged_once_and_counted() -> None:
    events: list[Progress] = []
    with Judge(SCENARIOS, len(MEASURED), events.append) as judge:
        for cell in MEASURED:
            judge.take(cell)
        found = judge.cells()
        judge.tell(Progress(text="more"))

    assert found == {cell.name: judged_cell(cell, SCENARIOS[cell.name.scenario, ""]) for cell in MEASURED}
    numbers = [*range(1, len(MEASURED) + 1), len(MEASURED)]
    assert [(event.done, event.total) for event in events] == [(each, len(MEASURED)) for each in numbers]
    assert [event.lasting for event in events[:-1]] == [
        found[cell.name].met is Met.UNEXPECTED for cell in MEASURED
    ]


def test_what_judging_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(cell: object, scenario: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(beside, "judged_cell", fail)
    with Judge(SCENARIOS, 1, lambda event: None) as judge:
        judge.take(MEASURED[0])
        with pytest.raises(ValueError, match="no"):
            judge.cells()
