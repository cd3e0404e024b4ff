"""Histories of any size, made up: what is in them is written down here, and nothing is explained."""

from dataclasses import dataclass

from layerfork.diagnose.trends import trends_of
from layerfork.record.answer import (
    Answer,
    CauseStatus,
    Fix,
    Judgement,
    LaterStep,
    MissKind,
    Point,
    Side,
    Situation,
    Verdict,
)
from layerfork.record.history import CIRun, ExplainedBuild, HistoryReport
from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.record.run import DiffReport
from layerfork.record.trends import ForeseenFix, MeasuredBuild, MeasuredStep, StepName, Stored

STEPS = (
    ("WORKDIR /app", 0.1),
    ("COPY package.json /app/", 0.2),
    ("RUN npm ci", 30.0),
    ("COPY . .", 0.4),
    ("RUN npm run build", 12.0),
)
FIX = "copy package.json before `RUN npm ci`, and the rest after it"


def commit_of(number: int) -> str:
    return f"{number:012x}".ljust(40, "0")


def name_of(instruction: str) -> StepName:
    return StepName(stage="0", platform="", instruction=instruction, number=1)


@dataclass(frozen=True, kw_only=True)
class Made:
    """One build: the step that missed first, of `STEPS` from 0; as many as there are when none did."""

    first_miss: int
    slower: float = 1.0
    """The factor of its times."""
    commit: str = ""
    builder: str = "one"
    dockerfile: str = "d"
    branch: str = ""
    stored: bool = False
    """An earlier build had stored all."""
    series: str = "app"
    foreseen: bool = True


def explained(number: int, made: Made) -> ExplainedBuild:
    steps = tuple(
        MeasuredStep(
            name=name_of(text),
            line=at + 2,
            status=StepStatus.MISS if at >= made.first_miss else StepStatus.HIT,
            seconds=seconds * made.slower if at >= made.first_miss else 0.0,
            stored=Stored.SURE if made.stored else Stored.NOT_KNOWN,
        )
        for at, (text, seconds) in enumerate(STEPS)
    )
    answers = (answer_of(steps, made.first_miss),) if number and made.first_miss < len(STEPS) else ()
    judgement = Judgement(verdict=Verdict.FORKED if answers else Verdict.REUSED, classes=(), forks=())
    seconds = sum(step.seconds or 0.0 for step in steps)
    recorded_at = f"2026-12-{1 + number // 24:02}T{number % 24:02}:00:00+00:00"
    run = None
    if made.branch:
        run = CIRun(project="github.com/o/p", id=str(number), url="", branch=made.branch, base="main")
    return ExplainedBuild(
        id=f"b{number:011}",
        recorded_at=recorded_at,
        what=made.series,
        where="docker",
        outcome=BuildOutcome.SUCCEEDED,
        seconds=seconds + 1.0,
        steps=len(STEPS),
        reused=made.first_miss,
        seconds_lost=answers[0].seconds if answers else None,
        report=DiffReport(writer="earlier", reader="this", judgement=judgement, answers=answers)
        if number
        else None,
        files="the record",
        files_known=True,
        run=run,
        measured=MeasuredBuild(
            series=made.series,
            line=made.branch,
            steps=steps,
            builder=made.builder,
            dockerfile=made.dockerfile,
            commit=made.commit or commit_of(number),
            foreseen=tuple(_foreseen(made) for _ in answers),
        ),
    )


def _foreseen(made: Made) -> ForeseenFix:
    if not made.foreseen:
        return ForeseenFix(unknown="the files are not what they were")
    return ForeseenFix(steps=(name_of("RUN npm ci"),) if made.first_miss <= 2 else ())


def answer_of(steps: tuple[MeasuredStep, ...], first: int) -> Answer:
    later = tuple(
        LaterStep(step=at + 2, line=step.line, instruction=step.name.instruction, seconds=step.seconds)
        for at, step in enumerate(steps)
        if at > first
    )
    point = Point(
        culprit="src/a.js changed",
        code="content",
        pattern="copy-before-install" if first <= 2 else "",
        status=CauseStatus.INFERRED,
        causes=(0,),
        fix=Fix(sentence=FIX, warning="install scripts may read other files"),
    )
    return Answer(
        writer=Side(name="before"),
        reader=Side(name="now"),
        situation=Situation.AGAIN,
        line=steps[first].line,
        step=first + 2,
        instruction=steps[first].name.instruction,
        miss_kind=MissKind.KEY_CHANGED,
        points=(point,),
        seconds=sum(step.seconds or 0.0 for step in steps[first:]),
        later=later,
    )


def report_of(*made: Made) -> HistoryReport:
    """The builds in the order of their times."""
    builds = [explained(number, each) for number, each in enumerate(made)]
    return HistoryReport(builds=tuple(reversed(builds)), trends=trends_of(builds))


def usual(builds: int, first_miss: int = 3) -> tuple[Made, ...]:
    """Every third build changes nothing."""
    return tuple(Made(first_miss=len(STEPS) if at % 3 == 2 else first_miss) for at in range(builds))
