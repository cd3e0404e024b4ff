"""`layerfork check --client A --client B`: do these clients share one cache?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from layerfork.app.check.allowing import Allowed, Sifted, read_allowed, sift, unmatched
from layerfork.app.check.checking import Checked, exit_code
from layerfork.app.check.gate import NOTHING_CHECKED, total_s
from layerfork.app.experiment.experiment import run_experiment
from layerfork.dockerfile import keyword_of
from layerfork.errors import ExitCode, UsageError
from layerfork.record.answer import Fork
from layerfork.record.check import Against, CheckReport
from layerfork.record.progress import Listener
from layerfork.record.record import BuildOutcome, StepRecord, StepStatus
from layerfork.record.run import AGAIN, RunReport, TrialBuild
from layerfork.record.scenario import RunOptions

_FEWEST = 2


def check_clients(
    options: RunOptions, allow: Sequence[str], max_lost_s: float | None, listener: Listener
) -> Checked:
    """Build with each client in order, twice, and judge whether all of them used one cache.

    Raises: LayerforkError.
    """
    allowed = read_allowed(allow)
    if len(set(options.clients)) < _FEWEST:
        raise UsageError(
            "one client cannot share a cache: at least two are compared",
            hint="name two: --client docker-build --client docker_py-build",
        )
    reports = run_experiment(options, listener)
    report = gate_clients(reports, allowed, max_lost_s)
    interrupted = any(each.interrupted for each in reports)
    return Checked(exit_code=ExitCode.INTERRUPTED if interrupted else exit_code(report), report=report)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gated:
    """One relay judged."""

    report: RunReport
    sifted: Sifted
    steps: int
    rebuilt: tuple[StepRecord, ...]
    allowed: int
    problems: tuple[str, ...]


def gate_clients(
    reports: Sequence[RunReport], allowed: Allowed, max_lost_s: float | None = None
) -> CheckReport:
    """Judge relays: no fork counts, every client built, and it is known which cache each used."""
    gated = [_gated(report, allowed) for report in reports]
    steps = sum(each.steps for each in gated)
    problems = [problem for each in gated for problem in each.problems]
    if not (steps or problems):
        problems.append(NOTHING_CHECKED)
    found = [pair for each in reports for pair in zip(each.judgement.forks, each.answers, strict=True)]
    return CheckReport(
        against=Against.CLIENTS,
        runs=tuple(each.report for each in gated),
        all_runs=tuple(reports),
        steps=steps,
        rebuilt=sum(len(each.rebuilt) for each in gated),
        allowed=sum(each.allowed for each in gated),
        allowed_answers=tuple(answer for each in gated for answer in each.sifted.allowed_answers),
        seconds_lost=total_s(step.seconds for each in gated for step in each.rebuilt),
        max_lost_s=max_lost_s,
        problems=tuple(problems),
        notes=unmatched(allowed, found),
    )


def _gated(report: RunReport, allowed: Allowed) -> _Gated:
    sifted = sift(report.judgement, report.answers, allowed)
    readers = dict(_readers(report))
    counted = {(name, step.index): step for name, steps in readers.items() for step in steps}
    lost = _places(sifted.judgement.forks)
    excused = _places(sifted.allowed) - lost
    return _Gated(
        report=replace(report, judgement=sifted.judgement, answers=sifted.answers),
        sifted=sifted,
        steps=len(counted),
        rebuilt=tuple(step for place, step in counted.items() if place in lost),
        allowed=len(excused & counted.keys()),
        problems=tuple(_problems(report)),
    )


def _readers(report: RunReport) -> Iterator[tuple[str, tuple[StepRecord, ...]]]:
    """Builds that should have reused everything: of each client but the first, and controls that did not."""
    for place, build in enumerate(report.builds):
        if place:
            yield build.client, _counted(build.steps)
        if build.control_record is not None:
            yield AGAIN.format(build.client), _counted(build.control_record.steps)


def _counted(steps: Sequence[StepRecord]) -> tuple[StepRecord, ...]:
    return tuple(
        step
        for step in steps
        if step.status is not StepStatus.NOT_EVALUATED and keyword_of(step.instruction) != "FROM"
    )


def _places(forks: Sequence[Fork]) -> set[tuple[str, int]]:
    return {(fork.reader, index) for fork in forks for index in (fork.step, *fork.consequences)}


def _problems(report: RunReport) -> Iterator[str]:
    yield from (problem.what for problem in report.problems)
    for build in report.builds:
        yield from _build_problems(build, report)
    if len(report.judgement.classes) > 1 and not report.judgement.forks:
        yield f"{len(report.judgement.classes)} caches were used, and no fork is known that says why"


def _build_problems(build: TrialBuild, report: RunReport) -> Iterator[str]:
    if build.outcome is not BuildOutcome.SUCCEEDED:
        yield f"{build.client}: {build.outcome.value}: {(build.reason or 'no reason given').splitlines()[0]}"
    elif build.client in report.judgement.class_unknown:
        yield f"{build.client}: which cache it used is not known"
    elif build.control == "miss" and AGAIN.format(build.client) not in {
        fork.reader for fork in report.judgement.forks
    }:
        yield f"{build.client} missed what its own first build had stored, and no fork is known that says why"
