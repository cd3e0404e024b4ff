"""Batches: whole, on one engine each, few enough to lose and to balance."""

from layerfork.app.experiment.cells import CellName
from layerfork.app.experiment.dask import batches_of


def cells(engine: str, count: int) -> list[CellName]:
    return [CellName(scenario=f"s{number:03}", engine=engine, client="c") for number in range(count)]


def test_every_cell_is_in_one_batch_of_one_engine_in_the_plans_order() -> None:
    names = [each for pair in zip(cells("a", 70), cells("b", 70), strict=True) for each in pair]
    batches = batches_of(names, 2, {})
    assert [len(batch) for batch in batches] == [20, 20, 20, 10] * 2
    assert [each for batch in batches for each in batch] == cells("a", 70) + cells("b", 70)


def test_a_small_plan_has_three_batches_for_each_engine_at_once() -> None:
    assert [len(batch) for batch in batches_of(cells("a", 24), 4, {})] == [2] * 12
    assert [len(batch) for batch in batches_of(cells("a", 5), 4, {})] == [1] * 5


def test_times_end_a_batch_before_thirty_seconds() -> None:
    names = cells("a", 9)
    times = dict(zip(names, (10.0, 10.0, 10.0, 45.0, 1.0, 1.0, 29.0, 2.0, 0.0), strict=True))
    assert [len(batch) for batch in batches_of(names * 1, 1, times)] == [3, 1, 2, 1, 2]
