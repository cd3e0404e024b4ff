"""Scenarios as `layerfork run --scenario` builds them, against the same builds bare; where the rest goes.

Bare: the same clients with the same contexts and Dockerfiles, phase by phase, the cache cleaned as often; no
recorder, no record, no judging. Both build on one engine, scenario by scenario, one right after the other and
each of them first in turn, so that what else the machine does meets both. In a run cells are judged while the
next are built: here that is waited for after each scenario, and counted apart.
"""

import itertools
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.app.experiment.building import CellRun, Found, OnEngine, build_cells, keys_of
from layerfork.app.experiment.cells import CellName, MeasuredCell, keep_cell
from layerfork.app.experiment.clientbuild import Bench, make_endpoint
from layerfork.app.experiment.clientchoice import PlannedBuild, choose_clients, plan_relay
from layerfork.app.experiment.findscenarios import chosen_scenarios
from layerfork.app.experiment.measure import make_bench, prepare_engine, read_bases
from layerfork.app.experiment.phases import Clock, Work, lifetime
from layerfork.app.experiment.runscenarios import Judge
from layerfork.builders.clients import ContextForm
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.workspace import Workspace, make_tar, open_workspace, write_context
from layerfork.builders.process import run
from layerfork.record.progress import Progress
from layerfork.record.scenario import OWN_PLATFORM, Phase, RunOptions, Scenario
from layerfork.record.store.recordfile import RecordFile

ENGINE = "private:28.5"
CLIENTS = ("docker-build", "docker_py-build")
FAMILIES = ("modes", "owners", "names")
ROUNDS = 3
LIMIT = 1.05


def quiet(event: Progress) -> None:
    """A listener that prints nothing."""


def bare(scenario: Scenario, engine: RunningEngine, options: RunOptions) -> tuple[float, int]:
    """Seconds, and how many builds there were."""
    started, number = time.monotonic(), itertools.count(1)
    prepare_engine(engine, read_bases(scenario, options), options)
    with open_workspace(scenario) as workspace:
        bench = make_bench(engine, workspace.root, options)
        probe = workspace.request("probe", 0, options)
        endpoint = make_endpoint(bench, probe, engine.docker_host)
        plan = plan_relay(choose_clients(options.clients), None, probe, endpoint, lambda line: None)
        for planned in plan.builds:
            engine.reset()
            image = ""
            with lifetime(engine, workspace.root) as life:
                for phase in scenario.phases:
                    for event in phase.before:
                        life.let(event, image)
                    image = build_bare(planned, workspace, bench, phase, next(number))
    return time.monotonic() - started, next(number) - 1


def build_bare(planned: PlannedBuild, workspace: Workspace, bench: Bench, phase: Phase, number: int) -> str:
    """Build a phase as it is asked for; the image."""
    write_context(phase, workspace.context)
    if planned.client.context_form is ContextForm.TAR:
        make_tar(workspace)
    engine = bench.engine
    asked = RunOptions(build_args=phase.build_args, labels=phase.labels, target=phase.target)
    request = workspace.request(planned.label, number, asked)
    own = f"{engine.info.os}/{engine.info.architecture}"
    request = replace(
        request,
        platform=own if phase.platform == OWN_PLATFORM else phase.platform,
        no_cache=phase.no_cache,
    )
    endpoint = make_endpoint(bench, request, engine.docker_host, planned.toolchain)
    if not planned.client.why_not(request):
        run(planned.client.build_command(request, endpoint, planned.choice.asked, planned.environment))
    return planned.client.image_ref(request)


def with_layerfork(
    scenario: Scenario,
    on: OnEngine,
    options: RunOptions,
    file: RecordFile,
    judged: list[float],
) -> tuple[float, int]:
    """Seconds until the last cell is written, and how many builds there were; judging adds to ``judged``."""
    started = time.monotonic()
    names = [CellName(scenario=scenario.name, engine=ENGINE, client=client) for client in options.clients]
    found = Found()
    with Judge({(scenario.name, ""): scenario}, len(names), quiet) as judge:

        def keep(cell: MeasuredCell) -> None:
            keep_cell(file, cell)
            judge.take(cell)

        asked = CellRun(
            scenarios={(scenario.name, ""): scenario},
            options=options,
            described={},
            listener=quiet,
            keep=keep,
        )
        build_cells(asked, on, keys_of(asked, names), found)
        seconds = time.monotonic() - started
        assert len(judge.cells()) == len(names)
        judged.append(time.monotonic() - started - seconds)
    return seconds, found.built


def compare(scenarios: Sequence[Scenario], file: RecordFile) -> None:
    options = RunOptions(clients=CLIENTS, engines=(ENGINE,))
    clock, judged, pairs, own_cpu = Clock(), list[float](), list[tuple[float, float]](), 0.0
    with open_engine(ENGINE).start(os.environ, print) as engine:
        on = OnEngine(engine=engine, clock=clock)
        sides: tuple[Callable[[Scenario], tuple[float, int]], ...] = (
            lambda scenario: bare(scenario, engine, options),
            lambda scenario: with_layerfork(scenario, on, options, file, judged),
        )
        for side in sides:  # what an engine is asked once is asked: a client's version is
            side(scenarios[0])
        clock.seconds.clear()
        judged.clear()
        for turn in range(ROUNDS):
            for place, scenario in enumerate(scenarios):
                times, builds = [0.0, 0.0], [0, 0]
                for which in (0, 1) if (turn + place) % 2 else (1, 0):
                    cpu = time.process_time()
                    times[which], builds[which] = sides[which](scenario)
                    own_cpu += (time.process_time() - cpu) * which
                assert builds[0] == builds[1], (scenario.name, builds)
                pairs.append((times[0], times[1]))
    print_ratio(pairs, clock, sum(judged))
    print(f"processor time of layerfork itself: {own_cpu / sum(each for _, each in pairs):.1%} of that time")


def print_ratio(pairs: Sequence[tuple[float, float]], clock: Clock, judged: float) -> None:
    all_bare, all_recorded = (sum(side) for side in zip(*pairs, strict=True))
    middle = statistics.median(recorded / alone for alone, recorded in pairs)
    print(f"{len(pairs)} pairs, bare {all_bare:.1f} s, with layerfork {all_recorded:.1f} s")
    print(f"ratio {all_recorded / all_bare:.3f}, of the middle pair {middle:.3f} (limit {LIMIT})")
    building, cleaning = clock.seconds[Work.BUILDING], clock.seconds[Work.CLEANING]
    rest = all_recorded - building - cleaning
    shares = ((building, "clients' processes"), (cleaning, "cleaning"), (rest, "the rest"))
    print("with layerfork: " + ", ".join(f"{name} {each / all_recorded:.1%}" for each, name in shares))
    print(
        f"judging that was left when the last cell was written: {judged / all_recorded:.1%} of that time more"
    )


def main() -> None:
    families = sys.argv[1:] or FAMILIES
    with tempfile.TemporaryDirectory() as directory, RecordFile(Path(directory, "cells.jsonl")) as file:
        compare(chosen_scenarios(families), file)
    assert threading.active_count() == 1, threading.enumerate()


if __name__ == "__main__":
    main()
