"""`layerfork run --scenario`: which cells there are, who builds them, and each judged once it is whole."""

import contextlib
import itertools
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from layerfork.app.experiment.building import CellRun, Found, build_on_engine, keys_of
from layerfork.app.experiment.cells import CellName, MeasuredCell, Shard, keep_cell, keep_scenario, kept
from layerfork.app.experiment.judging import judged_cell, report_of
from layerfork.app.experiment.planning import CatalogueOptions, CataloguePlan, plan_of
from layerfork.app.experiment.shards import plan_digest
from layerfork.app.machine import engines_at_once
from layerfork.builders.environments.installing import described_clients
from layerfork.builders.machinechecks import busy_share, read_ticks
from layerfork.errors import LayerforkError
from layerfork.record.progress import Listener, Progress
from layerfork.record.run import RunProblem
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.scenarioresults import CatalogueReport, Cell, Met, TimeSpent
from layerfork.record.store.recordfile import RecordFile

# Cells are judged while clients build the next ones.


class Judge:
    """Takes cells from any thread, judges each once, and says what became of it."""

    def __init__(self, scenarios: Mapping[tuple[str, str], Scenario], cells: int, listener: Listener) -> None:
        """``cells`` is how many there will be."""
        self._scenarios = scenarios
        self._total = cells
        self._listener = listener
        self._done = 0
        self._judged: dict[CellName, Future[Cell]] = {}
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="judge")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=error is not None)

    def take(self, cell: MeasuredCell) -> None:
        """Returns at once."""
        self._judged[cell.name] = self._pool.submit(self._judge, cell)

    def tell(self, event: Progress) -> None:
        """Hand on what happens, with how many cells are done."""
        self._listener(replace(event, done=self._done, total=self._total))

    def cells(self) -> Mapping[CellName, Cell]:
        """All that were taken, when the last is judged. Raises: what judging one raised."""
        return {name: future.result() for name, future in self._judged.items()}

    def _judge(self, cell: MeasuredCell) -> Cell:
        judged = judged_cell(cell, self._scenarios[cell.name.scenario, cell.name.content])
        self._done += 1
        self.tell(
            Progress(
                text=f"{cell.name.scenario}, {cell.name.client}: {judged.reason or judged.met.value}",
                lasting=judged.met is Met.UNEXPECTED,
                engine=cell.name.engine,
            )
        )
        return judged


def run_catalogue(asked: CatalogueOptions, options: RunOptions, listener: Listener) -> CatalogueReport:
    """Build every phase of every scenario with every client on every engine, and hold it against what is
    expected: each client from a clean cache of its own.

    Engines run side by side, as many as processors and memory allow; what was measured before one died, or
    before Ctrl-C, is in the report. Raises: LayerforkError when the request is wrong, or no engine comes up.
    """
    plan = plan_of(asked, options)
    started, ticks = time.monotonic(), read_ticks()
    with contextlib.ExitStack() as stack:
        output = options.save or options.resume
        file = stack.enter_context(RecordFile(Path(output))) if output else None
        if file is not None:
            _begin(file, plan)
        judge = stack.enter_context(Judge(plan.by_place, len(plan.mine), listener))
        run = CellRun(
            scenarios=plan.by_place,
            options=options,
            described=described_clients(Path.cwd()),
            listener=judge.tell,
            keep=partial(_keep, file, judge),
        )
        keys = keys_of(run, plan.mine)
        known = [plan.earlier[key] for key in keys.values() if key in plan.earlier]
        for cell in known:
            run.keep(cell)
        left = {name: key for name, key in keys.items() if key not in plan.earlier}
        found = _built_by_workers(run, left, asked.dask, plan.times) if asked.dask else _on_engines(run, left)
        judged = judge.cells()
    busy = None if asked.dask else busy_share(ticks, read_ticks())
    cells = {cell.name: cell for cell in itertools.chain(known, *(each.cells for each in found))}
    return report_of(
        [cells[name] for name in plan.mine if name in cells],
        plan.scenarios,
        judged=judged,
        problems=[problem for each in found for problem in each.problems]
        + ([_interrupted(len(cells), len(plan.mine), output)] if run.stop.is_set() else []),
        seconds=time.monotonic() - started,
        built=sum(each.built for each in found),
        spent=_spent(found, busy),
        interrupted=run.stop.is_set(),
    )


def _begin(file: RecordFile, plan: CataloguePlan) -> None:
    """What a file says before its cells."""
    if plan.part is not None:
        shard = Shard(
            part=plan.part.number,
            of=plan.part.of,
            plan=plan_digest(plan.names),
            cells=len(plan.mine),
        )
        file.add_note({"shard": shard})
    for scenario in plan.scenarios:
        if scenario.content:
            keep_scenario(file, kept(scenario))


def _interrupted(built: int, cells: int, file: str) -> RunProblem:
    way = (
        f"to continue, run the same command with --resume {file}"
        if file
        else "with -o FILE it could be continued later"
    )
    return RunProblem(what=f"interrupted: {built} of {cells} cells are built; {way}")


def _keep(file: RecordFile | None, judge: Judge, cell: MeasuredCell) -> None:
    if file is not None:
        keep_cell(file, cell)
    judge.take(cell)


def _spent(found: Sequence[Found], busy: float | None) -> TimeSpent:
    """Of all engines together."""
    each = [one.spent for one in found]
    return TimeSpent(
        starting=sum(one.starting for one in each),
        cleaning=sum(one.cleaning for one in each),
        building=sum(one.building for one in each),
        own=sum(one.own for one in each),
        busy=busy,
        processors=os.cpu_count() or 0,
    )


def _on_engines(run: CellRun, cells: Mapping[CellName, str]) -> list[Found]:
    specs = tuple(dict.fromkeys(name.engine for name in cells))
    if not specs:
        return []
    with ThreadPoolExecutor(max_workers=min(len(specs), engines_at_once())) as pool:
        mine = {spec: {name: key for name, key in cells.items() if name.engine == spec} for spec in specs}
        futures = [pool.submit(build_on_engine, run, spec, mine[spec]) for spec in specs]
        try:
            wait(futures)
        except KeyboardInterrupt:
            run.stop.set()
        return [future.result() for future in futures]


def _built_by_workers(
    run: CellRun, cells: Mapping[CellName, str], address: str, times: Mapping[CellName, float]
) -> list[Found]:
    """Raises: LayerforkError."""
    try:
        from layerfork.app.experiment.dask import build_on_workers  # late: Dask is an extra
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise LayerforkError(
            "--dask needs Dask, which is not installed here", hint="pip install 'layerfork[distributed]'"
        ) from error
    return build_on_workers(run, cells, address, times)
