"""The five-client relay with recording and explaining, against the bare five commands of the 2015 test.

Both on the same kind of cold private engine, classic builder, controls off; medians of several rounds,
taken in turns. The bare side runs the same client commands straight on the engine's socket, and
`docker history -q` after each, as the 2015 test did.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from layerfork.app.experiment.clientbuild import make_endpoint
from layerfork.app.experiment.clientchoice import Plan, choose_clients, plan_relay
from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.app.experiment.judging import judge_rows
from layerfork.app.experiment.measure import make_bench
from layerfork.app.experiment.relay import Relay, run_relay
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.installing import find_toolchain
from layerfork.builders.environments.workspace import Workspace, make_tar, open_workspace
from layerfork.builders.process import run
from layerfork.record.build import Builder, Command, Endpoint
from layerfork.record.progress import Progress
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import RunOptions

ROUNDS = 7
OPTIONS = RunOptions(builder=Builder.CLASSIC, controls=False)


def quiet(event: Progress) -> None:
    """A listener that prints nothing."""


def bare(engine: RunningEngine, workspace: Workspace, plan: Plan) -> float:
    """Seconds of the five commands, each followed by ``docker history -q``."""
    toolchain = find_toolchain(engine)
    make_tar(workspace)
    started = time.monotonic()
    for number, planned in enumerate(plan.builds, start=101):
        request = workspace.request(planned.label, number, OPTIONS)
        endpoint = Endpoint(
            docker_host=engine.docker_host,
            home=request.scratch / "home",
            toolchain=toolchain,
            api_version=engine.info.api_version,
        )
        command = planned.client.build_command(request, endpoint, Builder.CLASSIC, planned.environment)
        assert run(command).ok
        history = (str(toolchain.docker), "history", "-q", planned.client.image_ref(request))
        assert run(Command(argv=history, env=command.env)).ok
    return time.monotonic() - started


def recorded(engine: RunningEngine, workspace: Workspace, plan: Plan, sockets: Path) -> float:
    """Seconds of the relay, its judgement included."""
    make_tar(workspace)
    rows: list[TrialBuild] = []
    started = time.monotonic()
    bench = make_bench(engine, sockets, OPTIONS)
    endpoint = make_endpoint(bench, workspace.request("probe", 100, OPTIONS), engine.docker_host)
    relay = Relay(
        plan=plan, bench=bench, endpoint=endpoint, workspace=workspace, options=OPTIONS, listener=quiet
    )
    run_relay(relay, rows.append)
    _, judgement = judge_rows(rows)
    seconds = time.monotonic() - started
    assert len(judgement.classes) == 2, judgement.classes
    return seconds


def whole_command() -> float:
    """Seconds of the command as a person types it."""
    started = time.monotonic()
    layerfork = str(Path(sys.executable).with_name("layerfork"))
    command = [layerfork, "run", "--engine", "private", "--builder", "classic", "--no-controls"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1, done
    return time.monotonic() - started


def main() -> None:
    times: dict[str, list[float]] = {"bare": [], "relay": [], "start": [], "command": []}
    for _ in range(ROUNDS):
        for side in ("bare", "relay"):
            with open_workspace(find_scenario()) as workspace:
                chosen = choose_clients(())
                probe = workspace.request("probe", 0, OPTIONS)
                started = time.monotonic()
                with open_engine("private").start(os.environ, print) as engine:
                    times["start"].append(time.monotonic() - started)
                    bench = make_bench(engine, workspace.root, OPTIONS)
                    endpoint = make_endpoint(bench, probe, engine.docker_host)
                    plan = plan_relay(chosen, Builder.CLASSIC, probe, endpoint, print)
                    if side == "bare":
                        times["bare"].append(bare(engine, workspace, plan))
                    else:
                        times["relay"].append(recorded(engine, workspace, plan, workspace.root))
        times["command"].append(whole_command())
    median = {name: statistics.median(values) for name, values in times.items()}
    print(f"bare five commands           {median['bare']:.3f} s")
    print(
        f"relay, recorded and judged   {median['relay']:.3f} s   ratio {median['relay'] / median['bare']:.3f}"
    )
    alone = median["start"] + median["bare"]
    print(f"engine start + bare          {alone:.3f} s")
    print(f"whole `layerfork run`        {median['command']:.3f} s   ratio {median['command'] / alone:.3f}")


if __name__ == "__main__":
    main()
