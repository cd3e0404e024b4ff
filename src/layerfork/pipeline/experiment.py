"""The experiment: measured, judged, rendered."""

import time
from collections.abc import Sequence
from dataclasses import replace

from layerfork import __version__
from layerfork.cachekey import keys_of
from layerfork.errors import ExitCode
from layerfork.explain import JudgedBuild, judge_relay, layer_contradictions
from layerfork.harness.experiment import measure
from layerfork.harness.identity import add_identities
from layerfork.model.judgement import Judgement, Verdict
from layerfork.model.progress import Listener
from layerfork.model.record import BuildOutcome
from layerfork.model.report import RunReport, TrialBuild
from layerfork.model.scenario import RunOptions
from layerfork.reporters import json_report, terminal
from layerfork.reporters.console import Look
from layerfork.scenarios import find_scenario


def run_experiment(options: RunOptions, listener: Listener) -> RunReport:
    """Build with every client in order and judge what was seen.

    What was measured before an engine died, or before Ctrl-C, is in the report with the reason.
    Raises: LayerforkError when nothing could be measured.
    """
    started = time.monotonic()
    scenario = find_scenario(options.path, options.dockerfile)
    measured = measure(scenario, options, listener)
    builds, judgement = judge_rows(measured.builds, random_runs=scenario.random_runs)
    return RunReport(
        scenario=scenario.name,
        scenario_path=str(scenario.context),
        engine=measured.engine,
        builder=options.builder,
        builds=builds,
        judgement=judgement,
        versions=measured.versions,
        layerfork=__version__,
        seconds=time.monotonic() - started,
        problems=tuple(measured.problems),
        interrupted=measured.interrupted,
    )


def judge_rows(
    measured: Sequence[TrialBuild], *, random_runs: bool = False
) -> tuple[tuple[TrialBuild, ...], Judgement]:
    """Keys, identities, classes and forks of the builds of one relay.

    ``random_runs``: every RUN of the Dockerfile writes a random value, so equal layers prove reuse.
    """
    rows, judged = [], []
    for row in measured:
        if row.record is not None and row.outcome is BuildOutcome.SUCCEEDED:
            keys = keys_of(row.record)
            record = add_identities(row.record, keys)
            row = replace(row, record=record, steps=record.steps)
            judged.append(JudgedBuild(client=row.client, record=record, keys=keys, control=row.control))
        rows.append(row)
    judgement = judge_relay(tuple(judged))
    doubts = tuple(layer_contradictions(judged, random_runs=random_runs))
    judgement = replace(judgement, warnings=judgement.warnings + doubts)
    attempted = [row for row in rows if row.outcome is not BuildOutcome.UNSUPPORTED]
    if not judged or (len(judged) == 1 and len(attempted) > 1):
        judgement = replace(judgement, verdict=Verdict.ERROR)
    index = {client: number for number, members in enumerate(judgement.classes) for client in members}
    return tuple(replace(row, class_index=index.get(row.client)) for row in rows), judgement


def render_run(report: RunReport, form: str, color: bool, width: int | None, verbose: bool) -> str:
    """The report as ``text`` or ``json``."""
    if form == "json":
        return json_report.render_run(report)
    return terminal.render_run(report, Look(color=color, width=width, verbose=verbose))


def exit_code(report: RunReport) -> ExitCode:
    """What the process should end with."""
    if report.interrupted:
        return ExitCode.INTERRUPTED
    return {
        Verdict.REUSED: ExitCode.AS_HOPED,
        Verdict.FORKED: ExitCode.FORKED,
        Verdict.ERROR: ExitCode.COULD_NOT_RUN,
    }[report.judgement.verdict]
