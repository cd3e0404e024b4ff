"""JUnit XML, as CI systems show it."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from layerfork.record.answer import Answer, Fork
from layerfork.record.check import CheckReport
from layerfork.record.lint import LintReport
from layerfork.record.record import BuildOutcome
from layerfork.record.run import AGAIN, DiffReport, RunReport, TrialBuild
from layerfork.record.scenarioresults import CatalogueReport, Cell, CellPhase, Met
from layerfork.record.visible import visible
from layerfork.report.rendering import Look, Renderers
from layerfork.report.views.checks import left_lines, sentence
from layerfork.report.views.overview import answer_to, engine_names
from layerfork.report.views.sentences import findings

Key = TypeVar("Key", bound=Hashable)
NOT_TRIED = (BuildOutcome.UNSUPPORTED, BuildOutcome.SKIPPED)


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """A suite for each engine and scenario, a test for each client.

    A client fails when the builds of its class left that of an earlier one; it is an error when its own build
    failed, and skipped when it could not be asked, or when its class is unknown.
    """
    names = engine_names(reports)
    return document(_run(report, name) for report, name in zip(reports, names, strict=True))


def _run(report: RunReport, engine: str) -> TestSuite:
    suite = _suite(f"{report.scenario} on Engine {engine}")
    forks = _forks_by(report.judgement.forks, lambda fork: fork.reader)
    left = {
        client: forks[member]
        for members in report.judgement.classes
        for member in members
        if member in forks
        for client in members
    }
    for build in report.builds:
        suite.add_testcase(_client(build, report, left, suite.name))
        again = AGAIN.format(build.client)
        if again in forks:
            case = _case(again, suite.name, 0.0)
            suite.add_testcase(_failed(case, forks[again], report.judgement.forks, report.answers))
    for problem in report.problems:
        suite.add_testcase(_error(_case(problem.what, suite.name, 0.0), problem.what, str(problem)))
    return suite


def _client(build: TrialBuild, report: RunReport, left: Mapping[str, Sequence[Fork]], group: str) -> TestCase:
    case = _case(build.client, group, build.seconds_of_client or build.seconds)
    reason = build.reason or "no reason given"
    if build.outcome in NOT_TRIED:
        return _skipped(case, f"{build.outcome.value}: {reason}")
    if build.outcome is not BuildOutcome.SUCCEEDED:
        return _error(case, f"{build.outcome.value}: {reason.splitlines()[0]}", reason)
    if build.client in report.judgement.class_unknown:
        return _skipped(case, "which cache it used is unknown")
    if build.client in left:
        return _failed(case, left[build.client], report.judgement.forks, report.answers)
    return case


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """A suite for each pair of builds, a test for each step of the later one; a step that forked fails."""
    return document(_pair(report) for report in reports)


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """The suites of what was compared, and one with the check itself: it fails when too much was built again,
    and is an error when nothing can be said."""
    return document(suite for report in reports for suite in _check(report))


def _check(report: CheckReport) -> Iterator[TestSuite]:
    names = engine_names(report.runs)
    yield from (_run(run, name) for run, name in zip(report.blamed_runs, names, strict=True))
    yield from (_pair(diff) for diff in report.blamed)
    suite = _suite("layerfork check")
    result_line = sentence(report)
    case = _case("every step is reused", suite.name, 0.0)
    if report.too_slow:
        result = Failure(visible(result_line), "rebuilt")
        result.text = visible("\n".join((result_line, *left_lines(report))))
        case.result = [result]
    elif report.problems:
        case = _error(case, result_line, "\n".join(report.problems))
    suite.add_testcase(case)
    yield suite


def render_lints(reports: Sequence[LintReport], look: Look) -> str:
    """A suite for each look at files, a test for each trap, which fails; one that passes when there is none.

    A file that cannot be read is an error.
    """
    return document(_lint(report) for report in reports)


def _lint(report: LintReport) -> TestSuite:
    suite = _suite("layerfork lint")
    for trap in report.traps:
        case = _case(f"{trap.file}:{trap.line} {trap.code}", suite.name, 0.0)
        warning = [f"warning: {trap.fix.warning}"] if trap.fix.warning else []
        result = Failure(visible(f"{trap.subject}  {trap.cost}"), trap.code)
        result.text = visible("\n".join((trap.subject, trap.cost, f"fix: {trap.fix.sentence}", *warning)))
        case.result = [result]
        suite.add_testcase(case)
    for bad in report.bad:
        place = f"{bad.file}:{bad.line}" if bad.line else bad.file
        suite.add_testcase(_error(_case(place, suite.name, 0.0), bad.reason, bad.reason))
    if not (report.traps or report.bad):
        suite.add_testcase(_case(f"no trap in {report.files} files", suite.name, 0.0))
    return suite


def _pair(report: DiffReport) -> TestSuite:
    suite = _suite(report.build or " and ".join(filter(None, (report.writer, report.reader))))
    forks = _forks_by(report.judgement.forks, lambda fork: fork.step)
    for step in report.reader_steps:
        case = _case(f"{step.index} {step.instruction}", suite.name, step.seconds or 0.0)
        if step.index in forks:
            case = _failed(case, forks[step.index], report.judgement.forks, report.answers)
        suite.add_testcase(case)
    if report.failure:
        failure = f"the build {report.failure}"
        suite.add_testcase(_error(_case("the build", suite.name, 0.0), failure.splitlines()[0], failure))
    return suite


def _forks_by(forks: Sequence[Fork], key: Callable[[Fork], Key]) -> Mapping[Key, Sequence[Fork]]:
    """A client may leave a cache at several steps, in stages or platforms that do not need each other."""
    found: dict[Key, list[Fork]] = {}
    for fork in forks:
        found.setdefault(key(fork), []).append(fork)
    return found


def document(suites: Iterable[TestSuite]) -> str:
    """The whole file."""
    made = JUnitXml("layerfork")
    for suite in suites:
        made.add_testsuite(suite)
    made.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = made.tostring()  # type: ignore[no-untyped-call]
    return text.decode("utf-8") + "\n"


def _suite(name: str) -> TestSuite:
    return TestSuite(visible(name))


def _case(name: str, group: str, seconds: float) -> TestCase:
    return TestCase(visible(name), classname=visible(group), time=round(seconds, 3))


def _failed(
    case: TestCase, own: Sequence[Fork], forks: Sequence[Fork], answers: Sequence[Answer]
) -> TestCase:
    """One failure for all forks of a test: readers may show the first element alone."""
    answered = [(fork, answer_to(fork, forks, answers)) for fork in own]
    heads = (
        answer.headline if answer else f"step {fork.step}  {fork.instruction}  missed"
        for fork, answer in answered
    )
    kinds = dict.fromkeys(name for each in answered for _, name in findings(*each))
    result = Failure(visible("; ".join(heads)), visible(", ".join(kinds)))
    result.text = visible("\n\n".join("\n".join(_lines(*each)) for each in answered))
    case.result = [result]
    return case


def _lines(fork: Fork, answer: Answer | None) -> Iterator[str]:
    """The answer, then each cause in a sentence."""
    if answer:
        yield from (answer.headline, answer.cost, f"fix: {answer.fix.sentence}", "")
    yield f"{fork.reader} did not reuse what {fork.writer} had stored ({fork.miss_kind.value})"
    yield from (f"{cause.status.value} {cause.code}: {cause.text}" for cause in fork.causes)


def _error(case: TestCase, message: str, text: str) -> TestCase:
    result = Error(visible(message), "error")
    result.text = visible(text)
    case.result = [result]
    return case


def _skipped(case: TestCase, message: str) -> TestCase:
    case.result = [Skipped(visible(message))]
    return case


# Scenarios as JUnit: a suite for each scenario and engine, a test for each phase of a client.


def render_catalogues(reports: Sequence[CatalogueReport], look: Look) -> str:
    """A phase that did not go as expected is a failure; an inconclusive one is skipped."""
    suites: dict[str, TestSuite] = {}
    for report in reports:
        for cell in report.cells:
            name = f"{cell.scenario} on {cell.engine}"
            suite = suites.setdefault(name, TestSuite(visible(name)))
            for phase in cell.phases:
                suite.add_testcase(_phase(cell, phase, name))
            if not cell.phases:
                suite.add_testcase(
                    _skipped_phases(TestCase(visible(cell.client), visible(name)), cell.reason)
                )
    return document(suites.values())


def _phase(cell: Cell, phase: CellPhase, suite: str) -> TestCase:
    case = TestCase(visible(f"{cell.client} ({cell.builder}): {phase.title}"), visible(suite))
    if phase.met is Met.INCONCLUSIVE:
        return _skipped_phases(case, phase.why)
    if phase.met is Met.UNEXPECTED:
        case.result = [Failure(visible(phase.why), "unexpected")]
    return case


def _skipped_phases(case: TestCase, reason: str) -> TestCase:
    case.result = [Skipped(visible(reason))]
    return case


RENDERERS: Renderers = {
    "runs": render_runs,
    "diffs": render_diffs,
    "checks": render_checks,
    "lints": render_lints,
    "catalogues": render_catalogues,
}
