"""Scenarios on 1, 2 and 4 workers of a Dask scheduler on this machine, and what a large plan would cost.

Workers of one machine share its processors: the curve ends where those are busy.
"""

import os
import tempfile
from dataclasses import replace
from pathlib import Path

from distributed import LocalCluster

from layerfork.app.experiment.cells import CellName
from layerfork.app.experiment.dask import MOST_CELLS, batches_of
from layerfork.app.experiment.planning import CatalogueOptions
from layerfork.app.experiment.runscenarios import run_catalogue
from layerfork.record.progress import Progress
from layerfork.record.scenario import RunOptions
from layerfork.record.scenarioresults import CatalogueReport, Met

SCENARIOS = ("mode-group-writable", "mtime-touched")
OPTIONS = RunOptions(
    clients=(
        "docker-build",
        "docker-context-build",
        "docker_py-build",
        "docker_py-context-build",
        "buildx-build",
        "docker-compose-build",
    ),
    engines=("private:26.1",),
)
WORKERS = (1, 2, 4)
REPOSITORIES, ENGINES = 10_000, 8
FLEETS = (16, 64, 256)


def quiet(event: Progress) -> None:
    """A listener that prints nothing."""


def measured(workers: int, file: str) -> CatalogueReport:
    """The plan on so many workers, each with one engine at once; none is this process itself."""
    if not workers:
        return whole(run_catalogue(CatalogueOptions(names=SCENARIOS), replace(OPTIONS, save=file), quiet))
    offer = {"engine": 1}
    with LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=":0", resources=offer
    ) as cluster:
        asked = CatalogueOptions(names=SCENARIOS, dask=cluster.scheduler_address)
        return whole(run_catalogue(asked, replace(OPTIONS, save=file), quiet))


def whole(report: CatalogueReport) -> CatalogueReport:
    assert not report.problems, report.problems
    assert not report.count(Met.UNEXPECTED)
    assert all(cell.builds for cell in report.cells), [cell.reason for cell in report.cells]
    return report


def print_curve(file: str) -> dict[int, CatalogueReport]:
    print(
        f"{'workers':>10} {'cells':>6} {'wall s':>7} {'cells a minute':>15} {'of one worker':>14} {'busy':>6}"
    )
    reports = {workers: measured(workers, file) for workers in (0, *WORKERS)}
    for workers, report in reports.items():
        cells, waited = len(report.cells), sum(cell.waited for cell in report.cells)
        name = str(workers) if workers else "no Dask"
        rate, times = 60 * cells / report.seconds, reports[1].seconds / report.seconds
        busy = waited / report.seconds / max(1, workers)
        print(f"{name:>10} {cells:6} {report.seconds:7.1f} {rate:15.1f} {times:14.2f} {busy:6.0%}")
    return reports


def print_cost(report: CatalogueReport, evidence: int) -> None:
    """One client, each repository a scenario of two builds such as these: from the times of one worker."""
    names = [
        CellName(scenario=cell.scenario, engine=cell.engine, client=cell.client) for cell in report.cells
    ]
    batches = len(batches_of(names, 1, {}))
    cell = sum(each.waited for each in report.cells) / len(names)
    batch = (report.seconds - sum(each.waited for each in report.cells)) / batches
    cells = REPOSITORIES * ENGINES
    hours = cells * (cell + batch / MOST_CELLS) / 3600
    print(f"a cell {cell:.2f} s (of {builds(report):.1f} builds), a batch beside its cells {batch:.2f} s")
    print(f"{REPOSITORIES} repositories x {ENGINES} engines = {cells} cells, in batches of {MOST_CELLS}:")
    print(f"  {cells} x ({cell:.2f} s + {batch:.2f} s / {MOST_CELLS}) = {hours:.0f} hours of one engine")
    for engines in FLEETS:
        print(f"  {engines:4} engines at once: {hours / engines:6.1f} hours")
    print(
        "  counted, not measured: equal builds, engines that share no processors, a scheduler that keeps up"
    )


def builds(report: CatalogueReport) -> float:
    return sum(cell.builds for cell in report.cells) / len(report.cells)


def main() -> None:
    print(f"{os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "cells.jsonl")
        reports = print_curve(str(file))
        print_cost(reports[1], file.stat().st_size)


if __name__ == "__main__":
    main()
