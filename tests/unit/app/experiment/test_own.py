"""Scenarios of the user's own: known by name and content, judged without their folder."""

from dataclasses import replace
from pathlib import Path

import pytest
from golden.recorded import RECORDS

from layerfork.app.experiment.cells import MeasuredCell, Shard, keep_cell, keep_scenario, kept, read_cells
from layerfork.app.experiment.findscenarios import chosen_scenarios, find_scenario
from layerfork.app.experiment.fromfiles import read_reports
from layerfork.app.experiment.shards import merge_files, plan_digest
from layerfork.errors import UsageError
from layerfork.record.scenarioresults import Met
from layerfork.record.store.recordfile import RecordFile

BUNDLED = find_scenario("mode-group-writable")
TEXT = BUNDLED.dockerfile.read_text("utf-8")
MEASURED = tuple(
    cell for cell in read_cells(RECORDS / "scenarios.jsonl").cells if cell.name.scenario == BUNDLED.name
)
SECRET = "hunter2-hunter2"


def folder(place: Path, text: str = TEXT) -> Path:
    """A scenario called mine, somewhere."""
    (place / "mine").mkdir(parents=True)
    (place / "mine" / "scenario.toml").write_text(text)
    return place / "mine"


def cells_of(own: Path) -> tuple[MeasuredCell, ...]:
    """As if the cells of a real run had been its own."""
    content = find_scenario(str(own)).content
    return tuple(
        replace(cell, name=replace(cell.name, scenario="mine", content=content)) for cell in MEASURED
    )


def written(file: Path, own: Path, part: int, of: int) -> str:
    """A shard of its cells."""
    cells = cells_of(own)
    mine = cells[part - 1 :: of]
    plan = plan_digest([cell.name for cell in cells])
    with RecordFile(file) as records:
        records.add_note({"shard": Shard(part=part, of=of, plan=plan, cells=len(mine))})
        keep_scenario(records, kept(find_scenario(str(own))))
        for cell in mine:
            keep_cell(records, cell)
    return str(file)


def test_shards_of_machines_where_it_lies_elsewhere_are_one_report_without_it(tmp_path: Path) -> None:
    shards = [
        written(tmp_path / f"{part}.jsonl", folder(tmp_path / f"machine{part}"), part, 2) for part in (1, 2)
    ]
    for part in (1, 2):
        (tmp_path / f"machine{part}" / "mine" / "scenario.toml").unlink()
    assert merge_files(shards, str(tmp_path / "all.jsonl")) == len(MEASURED)

    (report,) = read_reports([str(tmp_path / "all.jsonl")]).catalogues
    (bundled,) = read_reports([str(RECORDS / "scenarios.jsonl")]).catalogues
    assert [(row.name, row.question) for row in report.scenarios] == [("mine", BUNDLED.question)]
    assert report.count(Met.AS_EXPECTED) == sum(
        phase.met is Met.AS_EXPECTED for cell in bundled.of(BUNDLED.name) for phase in cell.phases
    )
    assert str(tmp_path) not in (tmp_path / "all.jsonl").read_bytes().decode("utf-8", "replace")


def test_another_scenario_of_that_name_is_told_at_once(tmp_path: Path) -> None:
    one, copy, other = (
        folder(tmp_path / place, TEXT + more) for place, more in (("a", ""), ("b", ""), ("c", "\n# other\n"))
    )
    assert [each.name for each in chosen_scenarios([str(one), str(copy)])] == ["mine"]
    with pytest.raises(UsageError, match=f"{one} and {other} are two scenarios called mine"):
        chosen_scenarios([str(one), str(other)])

    shards = [written(tmp_path / "1.jsonl", one, 1, 2), written(tmp_path / "2.jsonl", other, 2, 2)]
    with pytest.raises(UsageError, match=r"1.jsonl and \S+2.jsonl hold two different scenarios called mine"):
        merge_files(shards, str(tmp_path / "all.jsonl"))


def test_one_that_is_called_like_a_bundled_one_is_another(tmp_path: Path) -> None:
    own = folder(tmp_path).rename(tmp_path / BUNDLED.name)
    with pytest.raises(UsageError, match=f"two scenarios called {BUNDLED.name}"):
        chosen_scenarios([BUNDLED.name, str(own)])


def test_how_lines_end_is_not_what_it_says(tmp_path: Path) -> None:
    unix, windows = folder(tmp_path / "a"), folder(tmp_path / "b")
    (windows / "scenario.toml").write_bytes(TEXT.replace("\n", "\r\n").encode())
    assert find_scenario(str(unix)) == replace(
        find_scenario(str(windows)), context=unix, dockerfile=unix / "scenario.toml"
    )


def test_no_secret_of_it_is_kept(tmp_path: Path) -> None:
    head, phases = TEXT.split("[[phase]]", 1)
    text = f'build_args = {{ API_TOKEN = "{SECRET}" }}\n{head}[[phase]]{phases}'.replace(
        "> /first", f"> /first; echo {SECRET}"
    )
    own = find_scenario(str(folder(tmp_path, text)))
    assert own.phases[0].build_args == (("API_TOKEN", SECRET),)
    assert SECRET in own.phases[0].dockerfile
    assert SECRET not in repr(kept(own))


def test_a_file_that_lost_what_was_expected_says_so(tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    with RecordFile(file) as records:
        for cell in cells_of(folder(tmp_path)):
            keep_cell(records, cell)
    with pytest.raises(UsageError, match="has cells of the scenario mine, but not what it expects"):
        read_reports([str(file)])
