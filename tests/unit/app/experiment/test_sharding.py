"""Shards: whole, apart, alike; and files of them that make one, or say why not."""

from dataclasses import replace
from pathlib import Path

import pytest
from golden.recorded import RECORDS
from hypothesis import given
from hypothesis import strategies as st

from layerfork.app.experiment.cells import CellName, Shard, keep_cell, read_cells
from layerfork.app.experiment.shards import Part, merge_files, part_of, plan_digest, read_part
from layerfork.errors import UsageError
from layerfork.record.store.recordfile import RecordFile

NAMES = [
    CellName(scenario=f"s{scenario}", engine=f"e{engine}", client=f"c{client}")
    for scenario in range(4)
    for engine in range(3)
    for client in range(5)
]
CELLS = read_cells(RECORDS / "scenarios.jsonl").cells


@given(
    of=st.integers(1, 70),
    times=st.dictionaries(st.sampled_from(NAMES), st.floats(0.01, 100)),
    order=st.permutations(NAMES),
)
def test_every_cell_is_in_one_shard_and_on_every_machine_in_the_same(
    of: int, times: dict[CellName, float], order: list[CellName]
) -> None:
    parts = [part_of(NAMES, Part(number=number, of=of), times) for number in range(1, of + 1)]
    assert sorted(map(str, NAMES)) == sorted(str(name) for part in parts for name in part)
    there = [set(part_of(order, Part(number=number, of=of), times)) for number in range(1, of + 1)]
    assert there == list(map(set, parts))
    assert plan_digest(order) == plan_digest(NAMES)


def test_shards_take_as_long_as_each_other() -> None:
    times = {name: float(place % 7 + 1) for place, name in enumerate(NAMES)}
    loads = [
        sum(times[name] for name in part_of(NAMES, Part(number=number, of=4), times))
        for number in (1, 2, 3, 4)
    ]
    assert max(loads) - min(loads) <= 1


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/", "a/b", "1/2/3", "-1/2"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a valid part"):
        read_part(text)


def shard(file: Path, part: int, of: int = 2, plan: str = "p", missing: int = 0) -> str:
    mine = [cell for place, cell in enumerate(CELLS) if place % of == part - 1]
    with RecordFile(file) as out:
        out.add_note({"shard": Shard(part=part, of=of, plan=plan, cells=len(mine))})
        for cell in mine[: len(mine) - missing]:
            keep_cell(out, cell)
    return str(file)


def test_shards_make_one_file(tmp_path: Path) -> None:
    files = [shard(tmp_path / f"{part}.jsonl", part) for part in (1, 2)]
    assert merge_files(files, str(tmp_path / "all.jsonl")) == len(CELLS) == 12
    merged = {cell.name: cell for cell in read_cells(tmp_path / "all.jsonl").cells}
    assert merged == {cell.name: cell for cell in CELLS}


def test_what_cannot_be_merged_is_named(tmp_path: Path) -> None:
    one, two = (shard(tmp_path / f"{part}.jsonl", part) for part in (1, 2))
    again = shard(tmp_path / "again.jsonl", 2)
    other = shard(tmp_path / "other.jsonl", 2, plan="q")
    short = shard(tmp_path / "short.jsonl", 2, missing=1)
    third = [shard(tmp_path / f"{part}-3.jsonl", part, of=3) for part in (2,)]
    whole = str(RECORDS / "scenarios.jsonl")
    for files, message in [
        ([one], "shard 2 of 2 is missing"),
        (third, "shards 1, 3 of 3 are missing"),
        ([one, two, again], "are both shard 2 of 2"),
        ([one, other], "are shards of different plans"),
        ([one, short], "shard 2 of 2 has 5 of its 6 cells"),
        ([one, whole], f"{whole} is not a shard"),
    ]:
        with pytest.raises(UsageError, match=message):
            merge_files(files, str(tmp_path / "out.jsonl"))
        assert not (tmp_path / "out.jsonl").exists()
    with pytest.raises(UsageError, match="is one of the files to merge"):
        merge_files([one, two], str(tmp_path / "." / ".." / tmp_path.name / "1.jsonl"))


def test_a_cell_of_another_machine_is_the_same_cell(tmp_path: Path) -> None:
    file = tmp_path / "twice.jsonl"
    with RecordFile(file) as out:
        keep_cell(out, CELLS[0])
        keep_cell(out, replace(CELLS[0], seconds=1.0))
    assert [cell.seconds for cell in read_cells(file).cells] == [1.0]
