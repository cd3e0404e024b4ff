"""What says that evidence still holds, held against cells that were changed by hand."""

from dataclasses import replace
from pathlib import Path

from layerfork.app.experiment.cells import MeasuredCell, read_cells
from layerfork.app.experiment.fromfiles import read_catalogue
from layerfork.record.record import BuildOutcome, StepStatus
from research.currentstate.again import BuiltAgain, differences, draw

GOLDEN = Path(__file__).parents[3] / "golden" / "records" / "scenarios.jsonl"
CELLS = read_cells(GOLDEN).cells
REPORT = read_catalogue(str(GOLDEN))


def again(*cells: MeasuredCell) -> BuiltAgain:
    return BuiltAgain(drawn=CELLS[:1], cells=cells, report=replace(REPORT, problems=()))


def with_status(cell: MeasuredCell, status: StepStatus) -> MeasuredCell:
    """The last step of the last build ended otherwise."""
    last = cell.builds[-1]
    steps = (*last.steps[:-1], replace(last.steps[-1], status=status))
    return replace(cell, builds=(*cell.builds[:-1], replace(last, steps=steps)))


def test_one_day_draws_the_same_for_everybody_and_another_day_others() -> None:
    many = [replace(CELLS[0], name=replace(CELLS[0].name, client=str(number))) for number in range(100)]

    drawn = draw(many, 10, "2026-11-26")
    assert len({cell.name for cell in drawn}) == 10
    assert draw(many[::-1], 10, "2026-11-26") == drawn
    assert draw(many, 10, "2026-11-27") != drawn


def test_in_a_year_of_days_every_cell_is_drawn() -> None:
    many = [replace(CELLS[0], name=replace(CELLS[0].name, client=str(number))) for number in range(100)]

    days = (draw(many, 10, f"2026-{month:02}-{day:02}") for month in range(1, 13) for day in range(1, 29))
    assert {cell.name for drawn in days for cell in drawn} == {cell.name for cell in many}


def test_a_cell_that_is_as_it_was_disagrees_with_nothing() -> None:
    assert list(again(CELLS[0]).disagreements()) == []


def test_a_step_that_is_built_instead_of_reused_is_named() -> None:
    then, now = with_status(CELLS[0], StepStatus.HIT), with_status(CELLS[0], StepStatus.MISS)

    (line,) = differences(then, now)
    number, last = len(then.builds), then.builds[-1].steps[-1].line
    assert line.startswith(f"build {number}: ")
    assert f"{last}:hit then" in line
    assert line.endswith(f"{last}:miss now")


def test_a_build_that_fails_now_is_named_with_its_reason() -> None:
    last = replace(CELLS[0].builds[-1], outcome=BuildOutcome.FAILED, reason="no space left")
    now = replace(CELLS[0], builds=(*CELLS[0].builds[:-1], last))

    assert list(differences(CELLS[0], now)) == [
        f"build {len(now.builds)}: succeeded then, failed now (no space left)"
    ]


def test_a_scenario_that_has_another_number_of_phases_now_disagrees() -> None:
    (line,) = differences(CELLS[0], replace(CELLS[0], builds=CELLS[0].builds[:-1]))
    assert "phases then" in line


def test_a_cell_that_was_not_built_disagrees() -> None:
    assert list(again().disagreements()) == [f"{CELLS[0].name}: not built"]


def test_another_version_of_the_engine_is_told_and_is_no_disagreement() -> None:
    changed = with_status(CELLS[0], StepStatus.UNKNOWN)
    moved = replace(changed, engine=replace(changed.engine, version="99.1"))

    found = again(moved)
    assert list(found.disagreements()) == []
    (line,) = found.moved()
    assert "engine 99.1" in line
