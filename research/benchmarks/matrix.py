"""All classic clients in one relay against their bare commands; four generations at once; where time goes."""

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from layerfork.app.experiment.clientbuild import make_endpoint
from layerfork.app.experiment.clientchoice import Plan, choose_clients, plan_relay
from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.app.experiment.measure import RunServices, make_bench, measure
from layerfork.app.experiment.relay import Relay, run_relay
from layerfork.builders.clients import CLIENTS
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.workspace import Workspace, make_tar, open_workspace
from layerfork.builders.process import run
from layerfork.record.build import Builder
from layerfork.record.progress import Progress
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import RunOptions

ROUNDS = 3
OPTIONS = RunOptions(builder=Builder.CLASSIC, controls=False)
GENERATIONS = ("private:20.10.5", "private:20.10", "private:26.1", "private:28.5")


def quiet(event: Progress) -> None:
    """A listener that prints nothing."""


def classic_plan(engine: RunningEngine, workspace: Workspace) -> tuple[Plan, Relay]:
    ids = [client.id for client in CLIENTS if Builder.CLASSIC in client.builders]
    bench = make_bench(engine, workspace.root, OPTIONS)
    probe = workspace.request("probe", 0, OPTIONS)
    endpoint = make_endpoint(bench, probe, engine.docker_host)
    plan = plan_relay(choose_clients(ids), Builder.CLASSIC, probe, endpoint, print)
    relay = Relay(
        plan=plan, bench=bench, endpoint=endpoint, workspace=workspace, options=OPTIONS, listener=quiet
    )
    return plan, relay


def time_side(side: str) -> float:
    """Seconds of all classic clients, ``bare`` or in a ``relay``, on a cold engine."""
    with open_workspace(find_scenario()) as workspace:
        make_tar(workspace)
        with open_engine("private").start(os.environ, print) as engine:
            plan, relay = classic_plan(engine, workspace)
            started = time.monotonic()
            if side == "relay":
                rows: list[TrialBuild] = []
                run_relay(relay, rows.append)
                assert all(row.steps for row in rows if row.seconds)
            else:
                for number, planned in enumerate(plan.builds, start=1):
                    request = workspace.request(planned.label, number, OPTIONS)
                    endpoint = make_endpoint(relay.bench, request, engine.docker_host, planned.toolchain)
                    command = planned.client.build_command(
                        request, endpoint, Builder.CLASSIC, planned.environment
                    )
                    assert run(command).ok, planned.label
            return time.monotonic() - started


def time_four_starts() -> float:
    """Seconds until four generations, started together, are ready with the base image."""
    started = time.monotonic()
    with ExitStack() as stack, ThreadPoolExecutor(len(GENERATIONS)) as pool:
        engines = [open_engine(spec).start(os.environ, print) for spec in GENERATIONS]
        for entered in [pool.submit(engine.__enter__) for engine in engines]:
            entered.result()
        seconds = time.monotonic() - started
        for engine in engines:
            stack.push(engine.__exit__)
        return seconds


def print_table() -> None:
    """All clients on the four generations: wall time, and where it went."""
    print(f"{'engine':16} {'builds':>6} {'wall s':>8} {'clients s':>10} {'engine s':>9} {'rest s':>7}")
    for spec in GENERATIONS:
        started = time.monotonic()
        options = RunOptions(clients=("all",), controls=False)
        measured = measure(find_scenario(), options, spec, RunServices(listener=quiet))
        wall = time.monotonic() - started
        clients = sum(row.seconds_of_client for row in measured.builds)
        engine = sum(row.seconds for row in measured.builds)
        built = sum(bool(row.steps) for row in measured.builds)
        print(f"{spec:16} {built:6} {wall:8.1f} {clients:10.1f} {engine:9.1f} {wall - clients:7.1f}")


def main() -> None:
    sides: dict[str, list[float]] = {"bare": [], "relay": []}
    for _ in range(ROUNDS):
        for side, times in sides.items():
            times.append(time_side(side))
    bare, relay = (statistics.median(times) for times in sides.values())
    print(f"all classic clients, bare {bare:.2f} s, in a relay {relay:.2f} s, ratio {relay / bare:.3f}")
    starts = [time_four_starts() for _ in range(ROUNDS)]
    print(f"four generations started together: {statistics.median(starts):.2f} s (limit 2 s)")
    print_table()


if __name__ == "__main__":
    main()
