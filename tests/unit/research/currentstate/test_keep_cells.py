"""Cells of a later run take the place of earlier ones of their name."""

import json
from pathlib import Path

import pytest

from layerfork.app.experiment.cells import read_cells
from layerfork.errors import EvidenceError
from layerfork.record.record import BuildOutcome
from layerfork.record.store.blocks import numbered_lines
from research.currentstate.evidence import keep_cells

GOLDEN = Path(__file__).parents[3] / "golden" / "records" / "scenarios.jsonl"
ALL = read_cells(GOLDEN).cells
CELLS = [cell for cell in ALL if cell.builds[0].outcome is not BuildOutcome.UNSUPPORTED]


def written(lines: list[bytes], path: Path) -> Path:
    path.write_bytes(b"".join(lines))
    return path


def test_kept_once_more_it_is_the_same(tmp_path: Path) -> None:
    target = tmp_path / "cells.jsonl"
    keep_cells(GOLDEN, target)
    once, lines = read_cells(target).cells, sorted(line for _, line in numbered_lines(target))
    keep_cells(GOLDEN, target)

    assert read_cells(target).cells == once
    assert sorted(line for _, line in numbered_lines(target)) == lines
    assert {cell.name for cell in once} == {cell.name for cell in CELLS}


def test_a_later_cell_replaces_the_earlier_one_and_leaves_the_others(tmp_path: Path) -> None:
    target = tmp_path / "cells.jsonl"
    keep_cells(GOLDEN, target)
    before = read_cells(target).cells
    lines = [line for _, line in numbered_lines(GOLDEN)]
    at = next(place for place, line in enumerate(lines) if line.startswith(b'{"note":{"cell"'))
    note = json.loads(lines[at])
    note["note"]["cell"]["seconds"] = 1234.5
    later = [
        *lines[:at],
        json.dumps(note, separators=(",", ":")).encode() + b"\n",
        b'{"complete":true,"records":%d}\n',
    ]
    records = sum(b'"id":' in line[:40] for line in later)
    later[-1] %= records
    keep_cells(written(later, tmp_path / "later.jsonl"), target)

    found = {cell.name: cell for cell in read_cells(target).cells}
    assert found.keys() == {cell.name for cell in CELLS}
    name = CELLS[0].name
    assert [each for each, cell in found.items() if cell.seconds == 1234.5] == [name]
    assert all(build.record for build in found[name].builds)
    assert all(cell == found[cell.name] for cell in before if cell.name != name)


def test_cells_of_a_scenario_that_is_gone_are_left_out(tmp_path: Path) -> None:
    gone = CELLS[0].name.scenario
    target = tmp_path / "cells.jsonl"
    old = [
        line.replace(f'"scenario":"{gone}"'.encode(), b'"scenario":"gone"')
        for _, line in numbered_lines(GOLDEN)
    ]
    keep_cells(written(old, tmp_path / "old.jsonl"), target)
    assert "gone" in {cell.name.scenario for cell in read_cells(target).cells}

    keep_cells(GOLDEN, target)
    assert {cell.name for cell in read_cells(target).cells} == {cell.name for cell in CELLS}


def test_cells_of_a_client_that_cannot_build_there_are_left_out(tmp_path: Path) -> None:
    name = CELLS[0].name
    lines = [line for _, line in numbered_lines(GOLDEN)]
    at = next(place for place, line in enumerate(lines) if line.startswith(b'{"note":{"cell"'))
    note = json.loads(lines[at])
    for build in note["note"]["cell"]["builds"]:
        build["outcome"] = "unsupported"
    lines[at] = json.dumps(note, separators=(",", ":")).encode() + b"\n"
    target = tmp_path / "cells.jsonl"
    keep_cells(written(lines, tmp_path / "other.jsonl"), target)

    assert {cell.name for cell in read_cells(target).cells} == {cell.name for cell in CELLS} - {name}


def test_a_run_that_did_not_come_to_its_end_changes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "cells.jsonl"
    keep_cells(GOLDEN, target)
    before = target.read_bytes()
    half = written([line for _, line in numbered_lines(GOLDEN)][:-1], tmp_path / "half.jsonl")

    with pytest.raises(EvidenceError, match="did not come to its end"):
        keep_cells(half, target)
    assert target.read_bytes() == before
