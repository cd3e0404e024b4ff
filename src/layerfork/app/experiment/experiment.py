"""The experiment: measured, judged, rendered."""

import contextlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Thread

from layerfork import __version__
from layerfork.app.experiment.clientchoice import planned_row, row_taken
from layerfork.app.experiment.earlierrun import BrokenEnvironments, Earlier, read_earlier
from layerfork.app.experiment.findscenarios import find_scenario
from layerfork.app.experiment.judging import judged
from layerfork.app.experiment.measure import RunServices, prepared_relay, read_bases
from layerfork.app.experiment.resume import copy_earlier, measure_once, relay_key
from layerfork.app.machine import engines_at_once
from layerfork.builders.engines import ENGINES, default_spec, open_engine
from layerfork.errors import EngineError, ExitCode
from layerfork.record.answer import Verdict
from layerfork.record.progress import Listener, Progress
from layerfork.record.run import NOT_JUDGED, PlanReport, RunProblem, RunReport, VersionsUsed
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.store.recordfile import RecordFile
from layerfork.record.store.setaside import directory_around, recover, written_apart

_JUDGES = (
    "layerfork.app.experiment.judging",
    "layerfork.app.compare.answers",
    "layerfork.builders.recording.decoders",
)
"""Imported while the engine starts and clients build: nothing of them is needed before."""


def run_experiment(options: RunOptions, listener: Listener) -> tuple[RunReport, ...]:
    """Build with every client in order, on every engine, and judge what was seen: a report for each engine.

    Several engines run side by side, as many as processors and memory allow. What was measured before an
    engine died, or before Ctrl-C, is in the report with the reason; an engine that does not come up
    leaves the others alone.
    Raises: LayerforkError when the request is wrong, or the only engine does not come up.
    """
    scenario = find_scenario(options.path, options.dockerfile)
    specs = chosen_engines(options)
    Thread(target=lambda: [import_module(each) for each in _JUDGES], daemon=True).start()
    earlier = _read_earlier(options)
    output = options.save or options.resume
    with contextlib.ExitStack() as stack:
        file = _record_file(Path(output), scenario, listener, stack) if output else None
        if file:
            copy_earlier(file, earlier)
        services = RunServices(listener=listener, file=file, broken=_broken(earlier, file))
        if len(specs) == 1:
            return (_run_on(scenario, options, specs[0], services, earlier),)
        return _run_side_by_side(scenario, options, specs, services, earlier)


def _read_earlier(options: RunOptions) -> Earlier:
    """What the run that is to be resumed left, also if it was killed before it put that in its place."""
    if not options.resume:
        return Earlier()
    recover(Path(options.resume))
    return read_earlier(Path(options.resume))


def _record_file(
    path: Path, scenario: Scenario, listener: Listener, stack: contextlib.ExitStack
) -> RecordFile:
    """The file that the run writes; one in the context is written elsewhere and moved there at the end."""
    if directory_around(path, [scenario.context]) is not None:
        place = stack.enter_context(written_apart(path, hide=True))
        text = f"{path} lies in the context: it is at {place} until the run ends, or the builds would send it"
        listener(Progress(text=text, lasting=True))
        path = place
    return stack.enter_context(RecordFile(path))


def _broken(earlier: Earlier, file: RecordFile | None) -> BrokenEnvironments:
    """What is known to be broken, shared by all engines; what they learn goes to the file at once."""
    if file is None:
        return BrokenEnvironments(earlier.broken)
    return BrokenEnvironments(earlier.broken, lambda broken: file.add_note({"broken": broken}))


def chosen_engines(options: RunOptions) -> tuple[str, ...]:
    """The engines to run on; ``all`` is every one that layerfork brings itself.

    Raises: UsageError for an engine that does not exist.
    """
    specs: list[str] = []
    for spec in options.engines or (default_spec(os.environ),):
        specs += [engine.id for engine in ENGINES if engine.ours] if spec == "all" else [spec]
    for spec in specs:
        open_engine(spec)
    return tuple(dict.fromkeys(specs))


def _run_side_by_side(
    scenario: Scenario,
    options: RunOptions,
    specs: Sequence[str],
    services: RunServices,
    earlier: Earlier,
) -> tuple[RunReport, ...]:
    read_bases(scenario, options)

    def run_one(spec: str) -> RunReport:
        named = replace(services, listener=lambda event: services.listener(replace(event, engine=spec)))
        try:
            return _run_on(scenario, options, spec, named, earlier)
        except EngineError as error:
            return _without_engine(scenario, options, [_as_problem(spec, error)])

    with ThreadPoolExecutor(max_workers=engines_at_once()) as pool:
        futures = [pool.submit(run_one, spec) for spec in specs]
        try:
            wait(futures)
        except KeyboardInterrupt:
            services.stop.set()
        return tuple(future.result() for future in futures)


def _as_problem(spec: str, error: EngineError) -> RunProblem:
    hint = f"hint: {error.hint}" if error.hint else ""
    return RunProblem(what=f"{spec}: {error.message}", details="\n".join(filter(None, (hint, error.details))))


def _run_on(
    scenario: Scenario, options: RunOptions, spec: str, services: RunServices, earlier: Earlier
) -> RunReport:
    measured = measure_once(scenario, options, spec, services, earlier)
    report = replace(
        _without_engine(scenario, options, measured.problems),
        engine=measured.engine,
        builds=tuple(measured.builds),
        versions=measured.versions,
        seconds=measured.seconds,
        interrupted=measured.interrupted,
    )
    return judged(report, random_runs=scenario.random_runs)


def _without_engine(scenario: Scenario, options: RunOptions, problems: Sequence[RunProblem]) -> RunReport:
    """A report of nothing but problems."""
    return RunReport(
        scenario=scenario.name,
        scenario_path=str(scenario.context),
        engine=None,
        builder=options.builder,
        builds=(),
        judgement=NOT_JUDGED,
        versions=VersionsUsed(engine=(), clients=()),
        layerfork=__version__,
        problems=tuple(problems),
    )


def plan_experiment(options: RunOptions, listener: Listener) -> tuple[PlanReport, ...]:
    """What `run_experiment` would do: the engines are started, nothing is installed and nothing built.

    Of a run that it would go on with (``resume``), it says what would not be done again.
    Raises: LayerforkError.
    """
    scenario = find_scenario(options.path, options.dockerfile)
    earlier = _read_earlier(options)
    services = RunServices(listener=listener, install=False, broken=BrokenEnvironments(earlier.broken))
    return tuple(_plan_on(scenario, options, spec, services, earlier) for spec in chosen_engines(options))


def _plan_on(
    scenario: Scenario, options: RunOptions, spec: str, services: RunServices, earlier: Earlier
) -> PlanReport:
    key = relay_key(scenario, options, spec) if options.resume else ""
    if (relay := earlier.finished.get(key)) is not None:
        rows = tuple(row_taken(build, options.resume) for build in relay.builds)
        return PlanReport(scenario=scenario.name, engine=relay.engine, rows=rows)
    services = replace(services, rows=earlier.rows.get(key, {}))
    with prepared_relay(scenario, options, spec, services) as prepared:
        rows = tuple(planned_row(row, services.rows) for row in prepared.plan.rows)
        return PlanReport(scenario=scenario.name, engine=prepared.bench.engine.info, rows=rows)


def exit_code(reports: Sequence[RunReport]) -> ExitCode:
    """What the process should end with: interrupted, else a fork, else an engine that could not run."""
    verdicts = {report.judgement.verdict for report in reports}
    if any(report.interrupted for report in reports):
        return ExitCode.INTERRUPTED
    if Verdict.FORKED in verdicts:
        return ExitCode.FORKED
    return ExitCode.COULD_NOT_RUN if Verdict.ERROR in verdicts else ExitCode.AS_HOPED
