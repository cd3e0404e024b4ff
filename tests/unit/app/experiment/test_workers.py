"""Cells on workers of a scheduler in this process; what they build is written down here, no engine starts."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import LocalCluster
from golden.recorded import RECORDS

from layerfork.app.experiment import dask as connecting
from layerfork.app.experiment import dask as spreading
from layerfork.app.experiment import worker as working
from layerfork.app.experiment.building import CellRun, Found
from layerfork.app.experiment.cells import CellName, MeasuredCell, read_cells
from layerfork.app.experiment.dask import build_on_workers
from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.app.experiment.planning import CatalogueOptions
from layerfork.app.experiment.runscenarios import run_catalogue
from layerfork.app.experiment.worker import why_unfit
from layerfork.errors import EngineError, LayerforkError, UsageError
from layerfork.record.progress import Progress
from layerfork.record.run import RunProblem
from layerfork.record.scenario import RunOptions

SCENARIO = find_scenario("mtime-touched")
MEASURED = read_cells(RECORDS / "scenarios.jsonl").cells[0]
NAMES = tuple(
    CellName(scenario=SCENARIO.name, engine=engine, client=f"c{number}")
    for engine in ("private:26.1", "podman:5.4")
    for number in range(5)
)
KEYS = {name: f"key of {name}" for name in NAMES}
SECRET = "hunter2-hunter2"


@pytest.fixture(scope="module")
def cluster() -> "Iterator[LocalCluster]":
    offer = {"engine": 1}
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0", resources=offer
    ) as made:
        yield made


class Kept:
    """What a run was given, in order."""

    def __init__(self) -> None:
        self.cells: list[MeasuredCell] = []
        self.events: list[Progress] = []

    def run(self, keep: Callable[[MeasuredCell], None] | None = None) -> CellRun:
        return CellRun(
            scenarios={(SCENARIO.name, ""): SCENARIO},
            options=RunOptions(build_args=(("TOKEN", SECRET),), load=("base.tar",)),
            described={},
            listener=self.events.append,
            keep=keep or self.cells.append,
        )


def built(run: CellRun, spec: str, cells: Mapping[CellName, str]) -> Found:
    found = Found()
    for name, key in cells.items():
        assert name.engine == spec
        assert all(Path(archive).is_absolute() for archive in run.options.load)
        found.cells.append(replace(MEASURED, name=name, key=key))
        run.keep(found.cells[-1])
        found.built += 2
    return found


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreading, "why_unfit", lambda version, engines, archives: "")
    monkeypatch.setattr(working, "build_on_engine", built)


@pytest.mark.usefixtures("fit")
def test_every_cell_is_kept_once_with_its_key_and_records(cluster: "LocalCluster") -> None:
    kept = Kept()
    found = build_on_workers(kept.run(), KEYS, cluster.scheduler_address, {})
    assert sorted(cell.key for cell in kept.cells) == sorted(KEYS.values())
    assert all(KEYS[cell.name] == cell.key for cell in kept.cells)
    assert [build.record for build in kept.cells[0].builds] == [build.record for build in MEASURED.builds]
    assert (sum(each.built for each in found), [each.problems for each in found if each.problems]) == (20, [])
    assert any(f"built {NAMES[0]} (inproc://" in event.text for event in kept.events)


@pytest.mark.usefixtures("fit")
def test_ctrl_c_ends_what_is_being_built(cluster: "LocalCluster", monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, ended = threading.Event(), threading.Event()

    def endless(run: CellRun, spec: str, cells: Mapping[CellName, str]) -> Found:
        if spec == NAMES[0].engine:
            assert at_work.wait(20)
            return built(run, spec, cells)
        at_work.set()
        assert run.stop.wait(20)
        ended.set()
        return built(run, spec, cells)

    def interrupted(cell: MeasuredCell) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(working, "build_on_engine", endless)
    monkeypatch.setattr(spreading, "batches_of", lambda names, at_once, times: (NAMES[:5], NAMES[5:]))
    kept = Kept()
    run = kept.run(interrupted)
    found = build_on_workers(run, KEYS, cluster.scheduler_address, {})
    assert ended.is_set()
    assert run.stop.is_set()
    assert [each.problems for each in found if each.problems] == []
    assert working._at_work == []


@pytest.mark.usefixtures("fit")
def test_a_defect_on_a_worker_is_a_problem_and_the_others_go_on(
    cluster: "LocalCluster", monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: CellRun, spec: str, cells: Mapping[CellName, str]) -> Found:
        if NAMES[1] in cells:
            raise RuntimeError("no such thing")
        return built(run, spec, cells)

    monkeypatch.setattr(working, "build_on_engine", broken)
    kept = Kept()
    found = build_on_workers(kept.run(), KEYS, cluster.scheduler_address, {})
    assert len(kept.cells) == len(NAMES) - 1
    assert [problem for each in found for problem in each.problems] == [
        RunProblem(what="private:26.1: 1 cells were not built: no such thing")
    ]


@pytest.mark.usefixtures("fit")
def test_cells_of_workers_are_taken_by_resume_and_reported_in_the_plans_order(
    cluster: "LocalCluster", tmp_path: Path
) -> None:
    file = str(tmp_path / "cells.jsonl")
    asked = CatalogueOptions(names=(SCENARIO.name,), dask=cluster.scheduler_address)
    clients = ("docker_py-build", "docker-build", "buildx-build")
    options = RunOptions(clients=clients, engines=("podman:5.4", "private:26.1"))
    first = run_catalogue(asked, replace(options, save=file), lambda event: None)
    again = run_catalogue(asked, replace(options, resume=file), lambda event: None)
    assert (first.built, again.built) == (12, 0)
    plan = [(engine, client) for engine in options.engines for client in clients]
    assert [(cell.engine, cell.client) for cell in first.cells] == plan
    assert [(cell.engine, cell.client) for cell in again.cells] == plan


def test_a_worker_that_cannot_is_named_with_the_reason(
    cluster: "LocalCluster", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "__version__", "0.0.1")
    with pytest.raises(EngineError, match="2 of 2 workers cannot build") as raised:
        build_on_workers(Kept().run(), KEYS, cluster.scheduler_address, {})
    worker = next(iter(cluster.workers.values())).address
    assert f"{worker}: it has layerfork 0.1.0, and 0.0.1 is asking" in str(raised.value)


def test_why_a_machine_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_unfit("0.1.0", (), ("/no/such.tar",)) == "it has no /no/such.tar (--load)"
    fetched = "layerfork.builders.engines.private.PrivateEngine.fetch"
    monkeypatch.setattr(fetched, lambda self, environment, say: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert why_unfit("0.1.0", ("private:26.1",), ()) == "private:26.1: running it needs root"
    assert "there is no engine 'nix'" in why_unfit("0.1.0", ("nix",), ())


def test_a_cluster_without_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as plain,
        pytest.raises(EngineError, match=r"none of the 1 workers of inproc://.* offers an engine") as raised,
    ):
        build_on_workers(Kept().run(), KEYS, plain.scheduler_address, {})
    assert raised.value.hint == "as root, on every machine: dask worker ADDRESS --resources engine=1"


def test_addresses_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "ANSWER_S", 0.3)
    with pytest.raises(EngineError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        build_on_workers(Kept().run(), KEYS, "tcp://127.0.0.1:1", {})
    with pytest.raises(UsageError, match="--dask nix://x cannot be asked"):
        build_on_workers(Kept().run(), KEYS, "nix://x", {})
    with pytest.raises(UsageError, match=r"--dask tls://.* cannot be asked: TLS expects"):
        build_on_workers(Kept().run(), KEYS, "tls://127.0.0.1:1", {})
    host = {CellName(scenario=SCENARIO.name, engine="host", client="c"): "key"}
    with pytest.raises(UsageError, match="host is not one"):
        build_on_workers(Kept().run(), host, "tcp://127.0.0.1:1", {})


def test_a_batch_is_printed_without_build_arguments() -> None:
    run = Kept().run()
    batch = spreading._batch("name", run, run.options, KEYS)
    assert SECRET in repr(batch.options)
    assert SECRET not in repr(batch) + str(batch)


def test_dask_is_imported_only_for_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys, layerfork.cli.run, layerfork.app.experiment.runscenarios;"
        "sys.exit(bool({'dask', 'distributed'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    monkeypatch.setitem(sys.modules, "distributed", None)
    for module in [
        name
        for name in sys.modules
        if name in ("layerfork.app.experiment.dask", "layerfork.app.experiment.worker")
    ]:
        monkeypatch.delitem(sys.modules, module)
    options = RunOptions(clients=("docker-build",), engines=("private:26.1",))
    with pytest.raises(LayerforkError, match="--dask needs Dask, which is not installed here") as raised:
        run_catalogue(CatalogueOptions(names=("modes",), dask="tcp://h:1"), options, lambda event: None)
    assert raised.value.hint == "pip install 'layerfork[distributed]'"
