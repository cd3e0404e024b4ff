"""Scenarios as JUnit: a suite for each scenario and engine, a test for each phase of a client."""

from collections.abc import Sequence

from junitparser import Failure, Skipped, TestCase, TestSuite

from layerfork.record.scenarioresults import CatalogueReport, Cell, CellPhase, Met
from layerfork.record.visible import visible
from layerfork.report.junit.report import document
from layerfork.report.rendering import Look


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """A phase that did not go as expected is a failure; one of which nobody can tell is skipped."""
    suites: dict[str, TestSuite] = {}
    for report in reports:
        for cell in report.cells:
            name = f"{cell.scenario} on {cell.engine}"
            suite = suites.setdefault(name, TestSuite(visible(name)))
            for phase in cell.phases:
                suite.add_testcase(_phase(cell, phase, name))
            if not cell.phases:
                suite.add_testcase(_skipped(TestCase(visible(cell.client), visible(name)), cell.reason))
    return document(suites.values())


def _phase(cell: Cell, phase: CellPhase, suite: str) -> TestCase:
    case = TestCase(visible(f"{cell.client} ({cell.builder}): {phase.title}"), visible(suite))
    if phase.met is Met.UNTOLD:
        return _skipped(case, phase.why)
    if phase.met is Met.UNEXPECTED:
        case.result = [Failure(visible(phase.why), "unexpected")]
    return case


def _skipped(case: TestCase, reason: str) -> TestCase:
    case.result = [Skipped(visible(reason))]
    return case
