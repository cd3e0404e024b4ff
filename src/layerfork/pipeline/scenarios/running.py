"""`layerfork run --scenario`: which cells there are, and who builds them."""

import contextlib
import itertools
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from layerfork.engines import open_engine
from layerfork.errors import LayerforkError, UsageError
from layerfork.harness.environments.projectfile import described_clients
from layerfork.harness.machine.processors import busy_share, read_ticks
from layerfork.harness.phases.cells import CellName, MeasuredCell, Shard, keep_cell, read_cells
from layerfork.harness.phases.kept import keep_scenario, kept
from layerfork.harness.records.apart import recover
from layerfork.harness.records.evidence import RecordFile
from layerfork.harness.relay.plan import choose_clients
from layerfork.model.catalogue import CatalogueReport, Spent
from layerfork.model.progress import Listener
from layerfork.model.scenario import RunOptions, Scenario
from layerfork.pipeline.run.experiment import chosen_engines
from layerfork.pipeline.run.parallel import engines_at_once
from layerfork.pipeline.scenarios.beside import Judge
from layerfork.pipeline.scenarios.building import CellRun, Found, build_on_engine, keys_of
from layerfork.pipeline.scenarios.choosing import chosen_scenarios
from layerfork.pipeline.scenarios.judging import report_of
from layerfork.pipeline.scenarios.sharding import part_of, plan_digest, read_part, times_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueOptions:
    """What `run --scenario` was asked beside what `run` is asked."""

    names: tuple[str, ...]
    shard: str = ""
    """``3/16``: only that part of the cells."""
    times: str = ""
    """A file of an earlier run, whose times balance shards and batches."""
    dask: str = ""
    """Address of a Dask scheduler, whose workers build; empty builds here."""


def run_catalogue(asked: CatalogueOptions, options: RunOptions, listener: Listener) -> CatalogueReport:
    """Build every phase of every scenario with every client on every engine, and hold it against what is
    expected: each client from a clean cache of its own.

    Engines run side by side, as many as processors and memory allow; what was measured before one died, or
    before Ctrl-C, is in the report. Raises: LayerforkError when the request is wrong, or no engine comes up.
    """
    scenarios = [each for each in chosen_scenarios(asked.names) if len(each.phases) > 1]
    if not scenarios:
        raise UsageError(
            "none of these scenarios has a second phase", hint="layerfork run NAME compares clients"
        )
    part = read_part(asked.shard)
    names = _cell_names(scenarios, options)
    times = times_of(read_cells(Path(asked.times)).cells) if asked.times else {}
    mine = part_of(names, part, times) if part else names
    earlier = _earlier(options)
    started, ticks = time.monotonic(), read_ticks()
    with contextlib.ExitStack() as stack:
        output = options.save or options.resume
        file = stack.enter_context(RecordFile(Path(output))) if output else None
        if file is not None and part is not None:
            file.add_note(
                {"shard": Shard(part=part.number, of=part.of, plan=plan_digest(names), cells=len(mine))}
            )
        if file is not None:
            for scenario in scenarios:
                if scenario.content:
                    keep_scenario(file, kept(scenario))
        by_place = {(each.name, each.content): each for each in scenarios}
        judge = stack.enter_context(Judge(by_place, len(mine), listener))
        run = CellRun(
            scenarios=by_place,
            options=options,
            described=described_clients(Path.cwd()),
            listener=judge.tell,
            keep=partial(_keep, file, judge),
        )
        keys = keys_of(run, mine)
        known = [earlier[key] for key in keys.values() if key in earlier]
        for cell in known:
            run.keep(cell)
        left = {name: key for name, key in keys.items() if key not in earlier}
        found = _built_by_workers(run, left, asked.dask, times) if asked.dask else _on_engines(run, left)
        judged = judge.cells()
    busy = None if asked.dask else busy_share(ticks, read_ticks())
    cells = {cell.name: cell for cell in itertools.chain(known, *(each.cells for each in found))}
    return report_of(
        [cells[name] for name in mine if name in cells],
        scenarios,
        judged=judged,
        problems=[problem for each in found for problem in each.problems],
        seconds=time.monotonic() - started,
        built=sum(each.built for each in found),
        spent=_spent(found, busy),
        interrupted=run.stop.is_set(),
    )


def _cell_names(scenarios: Sequence[Scenario], options: RunOptions) -> tuple[CellName, ...]:
    labels = [label for label, _ in choose_clients(options.clients, described_clients(Path.cwd()))]
    return tuple(
        CellName(
            scenario=scenario.name,
            content=scenario.content,
            engine=open_engine(spec).id,
            client=label,
            builder=options.builder,
        )
        for spec in chosen_engines(options)
        for scenario in scenarios
        for label in labels
    )


def _earlier(options: RunOptions) -> Mapping[str, MeasuredCell]:
    if not options.resume:
        return {}
    recover(Path(options.resume))
    return {cell.key: cell for cell in read_cells(Path(options.resume)).cells}


def _keep(file: RecordFile | None, judge: Judge, cell: MeasuredCell) -> None:
    if file is not None:
        keep_cell(file, cell)
    judge.take(cell)


def _spent(found: Sequence[Found], busy: float | None) -> Spent:
    """Of all engines together."""
    each = [one.spent for one in found]
    return Spent(
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
        from layerfork.pipeline.scenarios.workers.spreading import build_on_workers
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise LayerforkError(
            "--dask needs Dask, which is not installed here", hint="pip install 'layerfork[distributed]'"
        ) from error
    return build_on_workers(run, cells, address, times)
