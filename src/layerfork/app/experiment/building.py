"""Builds the cells of one engine: scenario after scenario, client after client, each from a clean cache."""

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from layerfork.app.experiment.cells import CellName, MeasuredCell, cell_key, measured_cell
from layerfork.app.experiment.clientbuild import make_endpoint
from layerfork.app.experiment.clientchoice import PlannedBuild, ask_versions, choose_clients, plan_relay
from layerfork.app.experiment.earlierrun import BrokenEnvironments
from layerfork.app.experiment.judging import NOT_ASKED
from layerfork.app.experiment.measure import make_bench, prepare_engine, read_bases
from layerfork.app.experiment.phases import Clock, PhaseSetup, Work, run_chain
from layerfork.app.experiment.relay import EngineGoneError
from layerfork.builders.clients import BuildClient
from layerfork.builders.clients.own import OwnCommand
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.privatedir import socket_directory
from layerfork.builders.environments.workspace import open_workspace
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.progress import Listener, Progress
from layerfork.record.run import RunProblem, TrialBuild
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.scenarioresults import TimeSpent

_STANDING_FOR_URLS = ("http://localhost/context.tar", "http://localhost/context.git")
"""In the plan: where a context is really served shows when it is built."""


@dataclass(slots=True, kw_only=True)
class Found:
    """What one engine gave, also when it ended early. Filled while it runs."""

    cells: list[MeasuredCell] = field(default_factory=list)
    problems: list[RunProblem] = field(default_factory=list)
    built: int = 0
    """Builds that were made, not taken from an earlier run."""
    spent: TimeSpent = field(default_factory=TimeSpent)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """What all engines of a run share."""

    scenarios: Mapping[tuple[str, str], Scenario]
    """By name and content, as `CellName` has them."""
    options: RunOptions
    described: Mapping[str, OwnCommand]
    """Clients of the user's own settings file."""
    listener: Listener
    keep: Callable[[MeasuredCell], None]
    """Gets every cell the moment it is whole."""
    stop: threading.Event = field(default_factory=threading.Event)
    broken: BrokenEnvironments = field(default_factory=BrokenEnvironments)

    @property
    def clients(self) -> Sequence[tuple[str, BuildClient]]:
        """Raises: UsageError."""
        return choose_clients(self.options.clients, self.described)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnEngine:
    """What the cells of one engine share."""

    engine: RunningEngine
    clock: Clock
    versions: dict[str, str] = field(default_factory=dict)
    """Of clients, by label: asked once."""


def keys_of(run: CellRun, names: Sequence[CellName]) -> Mapping[CellName, str]:
    """What is asked of each cell, as `cell_key` says it."""
    pinned = {label: _pinned(client) for label, client in run.clients}
    address = {spec: open_engine(spec).address(os.environ) for spec in {name.engine for name in names}}
    return {
        name: cell_key(
            name,
            run.scenarios[name.scenario, name.content].phases,
            address[name.engine],
            pinned[name.client],
            served=run.scenarios[name.scenario, name.content].served,
        )
        for name in names
    }


def build_on_engine(run: CellRun, spec: str, cells: Mapping[CellName, str]) -> Found:
    """Build cells, each with its key, on one engine that is started for them."""
    found, clock, started = Found(), Clock(), time.monotonic()
    try:
        run.listener(Progress(text=f"starting the engine ({spec})", engine=spec))
        with contextlib.ExitStack() as stack:
            with clock.at(Work.STARTING):
                running = open_engine(spec).start(os.environ, lambda line: None)
                engine = stack.enter_context(running)
            if not engine.can_reset:
                raise UsageError(f"{spec} cannot be cleaned between clients", hint="--engine private")
            build_cells(run, OnEngine(engine=engine, clock=clock), cells, found)
            ended = stack.pop_all()
            with clock.at(Work.STARTING):
                ended.close()
    except (LayerforkError, EngineGoneError) as error:
        found.problems.append(RunProblem(what=f"{spec}: {error}"))
    found.spent = _spent(clock, time.monotonic() - started)
    return found


def build_cells(run: CellRun, on: OnEngine, cells: Mapping[CellName, str], found: Found) -> None:
    """Build cells, each with its key, on an engine that runs and can be cleaned.

    Raises: EngineError, EngineGoneError, UsageError.
    """
    for place in dict.fromkeys((name.scenario, name.content) for name in cells):
        mine = {name: key for name, key in cells.items() if (name.scenario, name.content) == place}
        _build_scenario(run, on, run.scenarios[place], mine, found)
        if run.stop.is_set():
            break


def _spent(clock: Clock, seconds: float) -> TimeSpent:
    parts = {work.value: clock.seconds[work] for work in Work}
    return TimeSpent(**parts, own=max(0.0, seconds - sum(parts.values())))


def _pinned(client: BuildClient) -> str:
    return f"{client.title} {client.environment.directory_name if client.environment else ''}"


def _build_scenario(
    run: CellRun, on: OnEngine, scenario: Scenario, mine: Mapping[CellName, str], found: Found
) -> None:
    """Raises: EngineError, EngineGoneError, UsageError."""
    by_label = {name.client: name for name in mine}
    chosen = [(label, client) for label, client in run.clients if label in by_label]
    engine = on.engine
    prepare_engine(engine, read_bases(scenario, run.options), run.options)
    number = itertools.count(1)
    with open_workspace(scenario) as workspace, socket_directory(workspace.root) as sockets:
        bench = make_bench(engine, sockets, run.options, run.stop)
        probe = workspace.request(
            "probe", 0, run.options, _STANDING_FOR_URLS if scenario.served else ("", "")
        )
        endpoint = make_endpoint(bench, probe, engine.docker_host)
        plan = plan_relay(chosen, run.options.builder, probe, endpoint, lambda line: None, run.broken)
        setup = PhaseSetup(
            bench=bench,
            workspace=workspace,
            phases=scenario.phases,
            options=run.options,
            clock=on.clock,
        )
        for row in ask_versions(plan, endpoint, on.versions).rows:
            started = time.monotonic()
            label = row.client if isinstance(row, TrialBuild) else row.label
            name = by_label[label]
            if not run.stop.is_set():
                run.listener(Progress(text=f"{scenario.name}, {label}: building", engine=name.engine))
            whole, builds = _built(setup, row, number.__next__)
            if not whole:
                return
            found.built += sum(build.outcome not in NOT_ASKED for build in builds)
            seconds = time.monotonic() - started
            cell = measured_cell(name, mine[name], engine.info, builds, seconds)
            found.cells.append(cell)
            run.keep(cell)


def _built(
    setup: PhaseSetup, row: PlannedBuild | TrialBuild, number: Callable[[], int]
) -> tuple[bool, Sequence[TrialBuild]]:
    """Whether a cell is whole, and its builds."""
    if setup.bench.stop.is_set():
        return False, ()
    if isinstance(row, TrialBuild):
        return True, (row,)
    builds = run_chain(setup, row, number)
    return len(builds) == len(setup.phases), builds
