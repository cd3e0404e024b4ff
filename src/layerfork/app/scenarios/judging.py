"""Cells held against what their scenarios expect."""

from collections.abc import Mapping, Sequence

from layerfork.app.phases.cells import CellName, MeasuredCell
from layerfork.app.scenarios.choosing import row_of
from layerfork.app.scenarios.meeting import met_phases
from layerfork.errors import ExitCode
from layerfork.record.catalogue import CatalogueReport, Cell, Met, Spent
from layerfork.record.record import BuildOutcome
from layerfork.record.report import Problem
from layerfork.record.scenario import Scenario

NOTHING_SPENT = Spent()
NOT_ASKED = (BuildOutcome.UNSUPPORTED, BuildOutcome.SKIPPED)
"""Outcomes of a client that was not let build."""


def report_of(
    cells: Sequence[MeasuredCell],
    scenarios: Sequence[Scenario],
    *,
    judged: Mapping[CellName, Cell] | None = None,
    problems: Sequence[Problem] = (),
    seconds: float = 0.0,
    built: int = 0,
    spent: Spent = NOTHING_SPENT,
    interrupted: bool = False,
) -> CatalogueReport:
    """Cells held against what their scenarios expect; ``judged`` are those of which that is known."""
    by_name = {(each.name, each.content): each for each in scenarios}
    known = judged or {}
    return CatalogueReport(
        scenarios=tuple(row_of(scenario) for scenario in scenarios),
        engines=tuple(dict.fromkeys(cell.engine for cell in cells)),
        cells=tuple(
            known.get(cell.name) or judged_cell(cell, by_name[cell.name.scenario, cell.name.content])
            for cell in cells
        ),
        problems=tuple(problems),
        seconds=seconds,
        built=built,
        spent=spent,
        interrupted=interrupted,
    )


def judged_cell(cell: MeasuredCell, scenario: Scenario) -> Cell:
    first = cell.builds[0]
    asked = any(build.outcome not in NOT_ASKED for build in cell.builds)
    built = cell.builds if asked else ()
    return Cell(
        scenario=cell.name.scenario,
        engine=cell.name.engine,
        client=cell.name.client,
        version=first.version,
        builder=first.builder,
        phases=tuple(met_phases(scenario.phases, built, cell.name.engine, random_runs=scenario.random_runs)),
        reason="" if built else first.reason,
        seconds=sum(build.seconds_of_client for build in built),
        waited=cell.seconds,
        builds=sum(build.outcome not in NOT_ASKED for build in built),
    )


def exit_code(report: CatalogueReport) -> ExitCode:
    """1 when something was not as expected, 3 when nothing was measured or an engine was missing."""
    if report.interrupted:
        return ExitCode.INTERRUPTED
    if report.count(Met.UNEXPECTED):
        return ExitCode.FORKED
    if report.problems or not report.count(Met.AS_EXPECTED):
        return ExitCode.COULD_NOT_RUN
    return ExitCode.AS_HOPED
