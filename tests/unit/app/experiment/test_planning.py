"""What a run of scenarios would do, before anything is started."""

from dataclasses import replace
from pathlib import Path

import pytest
from golden.recorded import RECORDS

from layerfork.app.experiment.building import CellRun, keys_of
from layerfork.app.experiment.cells import keep_cell, read_cells
from layerfork.app.experiment.planning import CatalogueOptions, outline, plan_of
from layerfork.record.scenario import RunOptions
from layerfork.record.scenarioresults import CatalogueOutline
from layerfork.record.store.recordfile import RecordFile
from layerfork.report.views.outcomes import outlined

NAMES = ("mode-group-writable", "mtime-touched")
OPTIONS = RunOptions(clients=("docker-build", "docker_py-build"), engines=("private:26.1", "podman:5.4"))
MEASURED = read_cells(RECORDS / "scenarios.jsonl").cells[0]


def test_everything_and_a_part() -> None:
    whole = outline(CatalogueOptions(names=NAMES), OPTIONS)
    assert whole == CatalogueOutline(
        scenarios=2, clients=2, cells=8, mine=8, left=(("private:26.1", 4), ("podman:5.4", 4)), builds=16
    )
    parts = [outline(CatalogueOptions(names=NAMES, shard=f"{part}/3"), OPTIONS) for part in (1, 2, 3)]
    assert [part.cells for part in parts] == [8, 8, 8]
    assert sorted(part.mine for part in parts) == [2, 3, 3]


def test_what_is_there_already_is_not_to_be_built_and_says_how_long_the_rest_takes(tmp_path: Path) -> None:
    asked, file = CatalogueOptions(names=NAMES), tmp_path / "cells.jsonl"
    plan = plan_of(asked, OPTIONS)
    run = CellRun(
        scenarios=plan.by_place,
        options=OPTIONS,
        described={},
        listener=lambda event: None,
        keep=lambda cell: None,
    )
    with RecordFile(file) as records:
        for name, key in list(keys_of(run, plan.mine).items())[:3]:
            keep_cell(records, replace(MEASURED, name=name, key=key, seconds=4.0))
    times = CatalogueOptions(names=NAMES, times=str(file))
    found = outline(times, replace(OPTIONS, resume=str(file)))
    assert (found.left, found.builds) == ((("private:26.1", 1), ("podman:5.4", 4)), 10)
    assert found.seconds == pytest.approx(20.0)
    assert outline(asked, OPTIONS).seconds is None
    again = outline(times, OPTIONS)
    assert again.seconds == pytest.approx(32.0)
    assert list(outlined(again)) == [
        "8 cells: 2 scenarios, 2 clients",
        "  private:26.1: 4 cells",
        "  podman:5.4: 4 cells",
        "to build: 8 cells, at most 16 builds, about 32 s if engines run one after the other",
    ]
    assert "already built: 3 cells" in list(outlined(found))
