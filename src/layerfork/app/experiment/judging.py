"""Builds and cells judged: keys, classes and forks of a relay, and phases against what scenarios expect."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from layerfork.app.compare.answers import answers_of_rows
from layerfork.app.compare.comparison import diff_records
from layerfork.app.experiment.cells import CellName, MeasuredCell
from layerfork.app.experiment.findscenarios import row_of
from layerfork.diagnose import (
    JudgedBuild,
    describe_failure,
    judge_pair,
    judge_relay,
    layer_contradictions,
    share_definitions,
)
from layerfork.dockerfile import parse_dockerfile
from layerfork.errors import ExitCode
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus, Caution, Judgement, Verdict
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.record import BuildOutcome, StepRecord, StepStatus
from layerfork.record.run import AGAIN, DiffReport, RunProblem, RunReport, TrialBuild
from layerfork.record.scenario import Expectation, Phase, Scenario
from layerfork.record.scenarioresults import CatalogueReport, Cell, CellPhase, Met, TimeSpent


def judged(report: RunReport, *, random_runs: bool = False) -> RunReport:
    """A report of measured builds with all that is said about them; ``random_runs`` as for `judge_rows`."""
    builds, judgement = judge_rows(report.builds, random_runs=random_runs)
    return replace(report, builds=builds, judgement=judgement, answers=answers_of_rows(judgement, builds))


def judge_rows(
    measured: Sequence[TrialBuild], *, random_runs: bool = False
) -> tuple[tuple[TrialBuild, ...], Judgement]:
    """Keys, identities, classes and forks of the builds of one relay.

    Builds that failed have no class, but what they stored can have been reused by later ones.
    ``random_runs``: every RUN of the Dockerfile writes a random value, so equal layers prove reuse.
    """
    lent = share_definitions(
        [
            JudgedBuild(client=row.client, record=row.record, keys=keys_of(row.record), control=row.control)
            for row in measured
            if row.record is not None
        ]
    )
    judgement = judge_relay(lent, random_runs=random_runs)
    doubts = tuple(layer_contradictions(lent, random_runs=random_runs))
    own = [judged_control for row in measured if (judged_control := _judge_control(row, lent)) is not None]
    judgement = replace(
        judgement,
        forks=judgement.forks + tuple(fork for each in own for fork in each.forks),
        warnings=judgement.warnings + tuple(caution for each in own for caution in each.warnings) + doubts,
    )
    rows = _with_identities(measured, lent)
    attempted = [row for row in rows if row.outcome is not BuildOutcome.UNSUPPORTED]
    succeeded = [row for row in rows if row.outcome is BuildOutcome.SUCCEEDED and row.record is not None]
    if not succeeded or (len(succeeded) == 1 and len(attempted) > 1):
        judgement = replace(judgement, verdict=Verdict.ERROR)
    index = {client: number for number, members in enumerate(judgement.classes) for client in members}
    return tuple(replace(row, class_index=index.get(row.client)) for row in rows), judgement


def _judge_control(row: TrialBuild, judged: Sequence[JudgedBuild]) -> Judgement | None:
    """Why a client's second build missed what its first had stored; None when it did not miss."""
    build = next((each for each in judged if each.client == row.client), None)
    record = row.control_record
    if build is None or record is None or row.record is None:
        return None
    name = AGAIN.format(row.client)
    judgement = judge_pair(
        replace(build, control=""), JudgedBuild(client=name, record=record, keys=keys_of(record))
    )
    if failure := describe_failure(record):
        caution = Caution(code="control-failed", client=row.client, text=f"{name}: the build {failure}")
        return replace(judgement, warnings=(caution,))
    return replace(judgement, warnings=())


def _with_identities(measured: Sequence[TrialBuild], judged: Sequence[JudgedBuild]) -> tuple[TrialBuild, ...]:
    """The rows, those of builds that succeeded with the identities that their keys give."""
    keys = {build.client: build.keys for build in judged}
    return tuple(
        replace(row, computed_identities=keys[row.client].chain_digests())
        if row.outcome is BuildOutcome.SUCCEEDED and row.client in keys
        else row
        for row in measured
    )


# A phase of a scenario compared with what was expected: which instruction missed first, and why.

BEFORE, NOW = "before", "now"


def met_phases(
    phases: Sequence[Phase], rows: Sequence[TrialBuild], engine: str, *, random_runs: bool = False
) -> Iterator[CellPhase]:
    """What became of each phase after the first, as far as there are rows: each against the one before.

    ``engine`` is its id.

    ``random_runs``: every RUN writes a random value, so its layer says whether it was reused.
    """
    doubts = _layers_say(rows, random_runs=random_runs)
    for number, (before, now) in enumerate(pairwise(rows), 1):
        plain = CellPhase(
            number=number,
            title=phases[number].title,
            outcome=now.outcome,
            expected=phases[number].expects(Builder(now.builder), now.client, engine),
            met=Met.INCONCLUSIVE,
        )
        met = _met(plain, phases[number], before, now, doubts.get(str(number), ""))
        never = met.met is Met.UNEXPECTED and _failed(rows[0]) and _failed(now)
        yield _never_built(met, rows[0]) if never else met


def _met(plain: CellPhase, phase: Phase, before: TrialBuild, now: TrialBuild, layers: str) -> CellPhase:
    if now.outcome is not BuildOutcome.SUCCEEDED or now.record is None:
        return _without_build(plain, now)
    if before.record is None:
        return replace(plain, why="there is no build before it")
    report = diff_records(before.record, now.record, BEFORE, NOW)
    if layers:
        return replace(plain, met=Met.UNEXPECTED, why=layers)
    if doubt := _doubt(report):
        return replace(plain, why=doubt)
    return _judged(plain, report, _Texts(phase.dockerfile))


class _Texts:
    """Instructions as the Dockerfile has them: BuildKit tells them with their variables replaced."""

    def __init__(self, dockerfile: str) -> None:
        self._lines = {
            each.first_line: each.text
            for stage in parse_dockerfile(dockerfile).stages
            for each in stage.instructions
        }

    def of(self, step: StepRecord) -> str:
        """White space counts once."""
        return " ".join(self._lines.get(step.line, step.instruction).split())


def _failed(build: TrialBuild) -> bool:
    return build.outcome in (BuildOutcome.FAILED, BuildOutcome.REFUSED)


def _never_built(row: CellPhase, first: TrialBuild) -> CellPhase:
    """Nothing of the scenario can be built there, so a failure says nothing about the cache."""
    return replace(row, met=Met.INCONCLUSIVE, why=f"its first phase does not build either: {_reason(first)}")


def _reason(build: TrialBuild) -> str:
    """How it ended, and the first line of why."""
    return f"{build.outcome.value}: {build.reason.splitlines()[0] if build.reason else 'no build'}"


def _without_build(row: CellPhase, now: TrialBuild) -> CellPhase:
    failure = _failed(now)
    if row.expected is not None and row.expected.fails and failure:
        return replace(row, met=Met.AS_EXPECTED)
    return replace(row, met=Met.UNEXPECTED if failure else Met.INCONCLUSIVE, why=_reason(now))


def _doubt(report: DiffReport) -> str:
    """What is unknown about the build; empty when all is known."""
    counted = set(report.cacheable)
    unknown = [
        step.index
        for step in report.reader_steps
        if step.index in counted and step.status is StepStatus.UNKNOWN
    ]
    return f"whether step {unknown[0]} was reused is not known" if unknown else ""


def _layers_say(rows: Sequence[TrialBuild], *, random_runs: bool) -> Mapping[str, str]:
    """By number of the phase a step whose layer contradicts what the engine said of it."""
    builds = [
        JudgedBuild(client=str(number), record=row.record, keys=keys_of(row.record))
        for number, row in enumerate(rows)
        if row.record is not None
    ]
    found = layer_contradictions(builds, random_runs=random_runs)
    return {caution.client: caution.text for caution in found}


def _judged(row: CellPhase, report: DiffReport, texts: _Texts) -> CellPhase:
    first = _first_missed(report)
    causes = report.judgement.forks[0].causes if report.judgement.forks else ()
    row = replace(
        row,
        missed=texts.of(first) if first else "",
        causes=tuple(cause.code for cause in causes),
        proven=bool(causes) and all(cause.status is CauseStatus.PROVEN for cause in causes),
        answer=report.answers[0] if report.answers else None,
    )
    if row.answer is not None and _builds_without_cache(row):
        return replace(row, why=row.answer.culprit)
    why = _surprise(row, row.expected) or _lost(report, row.expected, texts)
    return replace(row, met=Met.UNEXPECTED if why else Met.AS_EXPECTED, why=why)


def _builds_without_cache(row: CellPhase) -> bool:
    """The client asks for no cache by itself (``buildah bud``), or the engine has none for it, whatever the
    scenario is about."""
    off = CauseCode.CACHE_OFF.value
    return row.causes == (off,) and row.expected is not None and off not in row.expected.causes


def _first_missed(report: DiffReport) -> StepRecord | None:
    counted = set(report.cacheable)
    missed = (
        step for step in report.reader_steps if step.index in counted and step.status is StepStatus.MISS
    )
    return next(missed, None)


def _surprise(row: CellPhase, expected: Expectation | None) -> str:
    """What is not as expected, as a sentence; empty when all is."""
    if expected is None:
        return "no result was expected"
    if expected.fails:
        return "it was expected to fail, but succeeded"
    if row.missed != expected.missed:
        found = f"{row.missed} was built again" if row.missed else "everything was reused"
        wanted = (
            f"{expected.missed} was to be built again" if expected.missed else "everything was to be reused"
        )
        return f"{found}, but {wanted}"
    if expected.causes and set(row.causes) != set(expected.causes):
        return f"because of {', '.join(row.causes) or 'nothing known'}, not of {', '.join(expected.causes)}"
    return ""


def _lost(report: DiffReport, expected: Expectation | None, texts: _Texts) -> str:
    """An instruction that was to be reused and was not, as a sentence; empty when there is none."""
    if expected is None:
        return ""
    reused = {texts.of(step) for step in report.reader_steps if step.status is StepStatus.HIT}
    lost = next((named for named in expected.reused if named not in reused), "")
    return f"{lost} was built again, but was to be reused" if lost else ""


# Cells compared with what their scenarios expect.

NOTHING_SPENT = TimeSpent()
NOT_ASKED = (BuildOutcome.UNSUPPORTED, BuildOutcome.SKIPPED)
"""Outcomes of a client that was not let build."""


def report_of(
    cells: Sequence[MeasuredCell],
    scenarios: Sequence[Scenario],
    *,
    judged: Mapping[CellName, Cell] | None = None,
    problems: Sequence[RunProblem] = (),
    seconds: float = 0.0,
    built: int = 0,
    spent: TimeSpent = NOTHING_SPENT,
    interrupted: bool = False,
) -> CatalogueReport:
    """Cells compared with what their scenarios expect; ``judged`` are those that were judged already."""
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
