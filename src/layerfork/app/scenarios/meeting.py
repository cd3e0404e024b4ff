"""A phase of a scenario held against what was expected: which instruction missed first, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from layerfork.app.compare.comparison import diff_records
from layerfork.diagnose import JudgedBuild, layer_contradictions
from layerfork.dockerfile import parse_dockerfile
from layerfork.keys import keys_of
from layerfork.record.build import Builder
from layerfork.record.catalogue import CellPhase, Met
from layerfork.record.cause import CauseCode
from layerfork.record.judgement import CauseStatus
from layerfork.record.phase import Expectation, Phase
from layerfork.record.record import BuildOutcome, StepRecord, StepStatus
from layerfork.record.report import DiffReport, TrialBuild

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
            met=Met.UNTOLD,
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
    return replace(row, met=Met.UNTOLD, why=f"its first phase does not build either: {_reason(first)}")


def _reason(build: TrialBuild) -> str:
    """How it ended, and the first line of why."""
    return f"{build.outcome.value}: {build.reason.splitlines()[0] if build.reason else 'no build'}"


def _without_build(row: CellPhase, now: TrialBuild) -> CellPhase:
    told = _failed(now)
    if row.expected is not None and row.expected.fails and told:
        return replace(row, met=Met.AS_EXPECTED)
    return replace(row, met=Met.UNEXPECTED if told else Met.UNTOLD, why=_reason(now))


def _doubt(report: DiffReport) -> str:
    """What nobody can tell of the build; empty when all is known."""
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
        return "nothing was expected of it"
    if expected.fails:
        return "it was expected to fail, and built"
    if row.missed != expected.missed:
        found = f"{row.missed} was built again" if row.missed else "everything was reused"
        wanted = f"{expected.missed} was to be built again" if expected.missed else "all was to be reused"
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
