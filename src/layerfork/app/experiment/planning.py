"""Which cells a run of scenarios has, which of them are this machine's, and which are built already."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from layerfork.app.experiment.building import CellRun, keys_of
from layerfork.app.experiment.cells import CellName, MeasuredCell, read_cells
from layerfork.app.experiment.clientchoice import choose_clients
from layerfork.app.experiment.experiment import chosen_engines
from layerfork.app.experiment.findscenarios import chosen_scenarios
from layerfork.app.experiment.shards import Part, part_of, read_part, times_of
from layerfork.builders.engines import open_engine
from layerfork.builders.environments.installing import described_clients
from layerfork.errors import UsageError
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.scenarioresults import CatalogueOutline
from layerfork.record.store.setaside import recover


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueOptions:
    """Options of `run --scenario` that `run` does not have."""

    names: tuple[str, ...]
    shard: str = ""
    """``3/16``: only that part of the cells."""
    times: str = ""
    """A file of an earlier run, whose times balance shards and batches."""
    dask: str = ""
    """Address of a Dask scheduler, whose workers build; empty builds here."""
    only: frozenset[CellName] | None = None
    """Of all cells only these; None is all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CataloguePlan:
    """Everything that is known before the first build."""

    scenarios: tuple[Scenario, ...]
    names: tuple[CellName, ...]
    """Of all machines."""
    part: Part | None
    mine: tuple[CellName, ...]
    """Of this machine."""
    times: Mapping[CellName, float]
    """Seconds of cells, where an earlier run says them."""
    earlier: Mapping[str, MeasuredCell]
    """What is built already, by its key."""

    @property
    def by_place(self) -> Mapping[tuple[str, str], Scenario]:
        """By name and content, as `CellName` has them."""
        return {(each.name, each.content): each for each in self.scenarios}


def plan_of(asked: CatalogueOptions, options: RunOptions) -> CataloguePlan:
    """Raises: UsageError, EvidenceError for a file that cannot be read."""
    scenarios = tuple(each for each in chosen_scenarios(asked.names) if len(each.phases) > 1)
    if not scenarios:
        raise UsageError(
            "none of these scenarios has a second phase", hint="layerfork run NAME compares clients"
        )
    part = read_part(asked.shard)
    names = _cell_names(scenarios, options)
    if asked.only is not None:
        names = tuple(name for name in names if name in asked.only)
    times = times_of(read_cells(Path(asked.times)).cells) if asked.times else {}
    return CataloguePlan(
        scenarios=scenarios,
        names=names,
        part=part,
        mine=part_of(names, part, times) if part else names,
        times=times,
        earlier=_earlier(options),
    )


def outline(asked: CatalogueOptions, options: RunOptions) -> CatalogueOutline:
    """What `run_catalogue` would do; nothing is started. Raises: UsageError, EvidenceError."""
    plan = plan_of(asked, options)
    run = CellRun(
        scenarios=plan.by_place,
        options=options,
        described=described_clients(Path.cwd()),
        listener=lambda event: None,
        keep=lambda cell: None,
    )
    left = [name for name, key in keys_of(run, plan.mine).items() if key not in plan.earlier]
    known = {cell.name: cell.seconds for cell in plan.earlier.values()} | dict(plan.times)
    usual = sum(known.values()) / len(known) if known else 0.0
    return CatalogueOutline(
        scenarios=len(plan.scenarios),
        clients=len({name.client for name in plan.names}),
        cells=len(plan.names),
        mine=len(plan.mine),
        left=tuple(Counter(name.engine for name in left).items()),
        builds=sum(len(plan.by_place[name.scenario, name.content].phases) for name in left),
        seconds=sum(known.get(name, usual) for name in left) if known else None,
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
