"""`layerfork run --scenario`: which cells there are, and who builds them."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from layerfork.engines import open_engine
from layerfork.errors import UsageError
from layerfork.harness.environments.projectfile import described_clients
from layerfork.harness.phases.cells import CellName, MeasuredCell, Shard, read_cells
from layerfork.harness.records.apart import recover
from layerfork.harness.records.evidence import RecordFile
from layerfork.harness.relay.plan import choose_clients
from layerfork.model.catalogue import CatalogueReport
from layerfork.model.progress import Listener
from layerfork.model.scenario import RunOptions, Scenario
from layerfork.pipeline.experiment import chosen_engines
from layerfork.pipeline.parallel import engines_at_once
from layerfork.pipeline.scenarios.building import CellRun, Found, build_on_engine
from layerfork.pipeline.scenarios.choosing import chosen_scenarios, folder_of
from layerfork.pipeline.scenarios.judging import report_of
from layerfork.pipeline.scenarios.sharding import part_of, plan_digest, read_part, times_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueOptions:
    """What `run --scenario` was asked beside what `run` is asked."""

    names: tuple[str, ...]
    shard: str = ""
    """``3/16``: only that part of the cells."""
    times: str = ""
    """A file of an earlier run, whose times balance the shards."""


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
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        output = options.save or options.resume
        file = stack.enter_context(RecordFile(Path(output))) if output else None
        if file is not None and part is not None:
            file.add_note(
                {"shard": Shard(part=part.number, of=part.of, plan=plan_digest(names), cells=len(mine))}
            )
        run = CellRun(
            scenarios={(each.name, folder_of(each)): each for each in scenarios},
            options=options,
            listener=listener,
            file=file,
            earlier=earlier,
        )
        found = _on_engines(run, mine)
    return report_of(
        [cell for each in found for cell in each.cells],
        scenarios,
        problems=[problem for each in found for problem in each.problems],
        seconds=time.monotonic() - started,
        built=sum(each.built for each in found),
        interrupted=run.stop.is_set(),
    )


def _cell_names(scenarios: Sequence[Scenario], options: RunOptions) -> tuple[CellName, ...]:
    labels = [label for label, _ in choose_clients(options.clients, described_clients(Path.cwd()))]
    return tuple(
        CellName(
            scenario=scenario.name,
            folder=folder_of(scenario),
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


def _on_engines(run: CellRun, names: Sequence[CellName]) -> list[Found]:
    specs = tuple(dict.fromkeys(name.engine for name in names))
    if not specs:
        return []
    with ThreadPoolExecutor(max_workers=min(len(specs), engines_at_once())) as pool:
        mine = {spec: [name for name in names if name.engine == spec] for spec in specs}
        futures = [pool.submit(build_on_engine, run, spec, mine[spec]) for spec in specs]
        try:
            wait(futures)
        except KeyboardInterrupt:
            run.stop.set()
        return [future.result() for future in futures]
