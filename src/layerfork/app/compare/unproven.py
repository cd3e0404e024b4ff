"""Builds that were imported from logs: what they lack, what missed, and what is suspected of each line.

A log shows no key, so nothing about a changed key can be proven from it. What fits is said as suspected.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from layerfork.app.compare.logfiles import (
    AtHand,
    Changed,
    arguments_above,
    changed_files,
    find_dockerfile,
    reads_files,
    suspicions_of_lint,
)
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.record.answer import NOTHING_TO_FIX, Answer, Cause, CauseStatus, Fix, Fork, Point
from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.lint import TrapCode
from layerfork.record.record import BuildRecord, StepRecord, StepStatus
from layerfork.record.run import DiffReport, Lack, MissedStep, Suspicion, Unproven

_FACTS = {
    "log": "a part of the build",
    "context": "files",
    "request": "build arguments",
    "definition": "keys",
    "steps": "which steps were reused",
}
"""What the gaps of a record mean for the person who compares it, in the order of their weight."""
_RECORD = "layerfork record"
_EXPORT = f"keep the .dockerbuild in CI, or build under `{_RECORD}`"
_WRAP = f"build under `{_RECORD}` in CI"
_NAMED = 3
_MEANT = f"{NOTHING_TO_FIX} if these files were meant to change"
_NOT_PROVEN = "not proven: the log does not show which files were sent"


def shows_no_key(record: BuildRecord) -> bool:
    """Whether a build was imported from something that holds no definition: a log, or little more."""
    return bool(record.imported_from) and record.definition is None


def with_suspicions(
    report: DiffReport, writer: BuildRecord, reader: BuildRecord, directory: Path = Path()
) -> DiffReport:
    """The report, with what can be said where one of two builds shows no key; else as it is.

    The Dockerfile and the commits of the builds are looked for in ``directory``.
    """
    if not report.compared or not (shows_no_key(writer) or shows_no_key(reader)):
        return report
    named = ((report.writer, writer), (report.reader, reader))
    lacks = tuple(_lack(name, record) for name, record in named if record.imported_from)
    missed = _ordered(tuple(_missed(report, writer, reader, directory)))
    return replace(_renamed(report, missed), unproven=Unproven(lacks=lacks, missed=missed))


def _ordered(missed: Sequence[MissedStep]) -> tuple[MissedStep, ...]:
    """The most expensive first, with what it made miss."""

    def rank(step: MissedStep) -> tuple[float, int]:
        return -(step.seconds_lost or step.seconds or 0), step.step

    first = sorted((each for each in missed if not each.follows), key=rank)
    return tuple(
        each
        for step in first
        for each in (step, *sorted((other for other in missed if other.follows == step.step), key=rank))
    )


def _renamed(report: DiffReport, missed: Sequence[MissedStep]) -> DiffReport:
    """Forks that nothing explains, with the files that commits make likely: so every format says it."""
    likely = {step.step: step.suspicions[0] for step in missed if _is_of_files(step)}
    forks = tuple(
        replace(fork, causes=(_cause_of(fork, likely[fork.step]),)) if fork.step in likely else fork
        for fork in report.judgement.forks
    )
    answers = tuple(
        replace(answer, points=(_point_of(likely[answer.step]),)) if answer.step in likely else answer
        for answer in report.answers
    )
    return replace(report, judgement=replace(report.judgement, forks=forks), answers=answers)


def _is_of_files(step: MissedStep) -> bool:
    first = step.suspicions[0] if step.suspicions else None
    return first is not None and (first.code, first.status) == (CauseCode.CONTENT, CauseStatus.SUSPECTED)


def _cause_of(fork: Fork, likely: Suspicion) -> Cause:
    return Cause(
        code=likely.code,
        status=likely.status,
        sentence=likely.text,
        text=f"{fork.instruction} forked: {likely.text}",
        evidence=(_NOT_PROVEN,),
        remedy=_MEANT,
    )


def _point_of(likely: Suspicion) -> Point:
    return Point(
        culprit=likely.text,
        code=likely.code,
        status=likely.status,
        causes=(0,),
        fix=Fix(sentence=_MEANT),
    )


def _lack(name: str, record: BuildRecord) -> Lack:
    gaps = {gap.where for gap in record.gaps}
    has_export = record.builder is Builder.BUILDKIT and "request" in gaps
    return Lack(
        name=name,
        form=record.imported_from,
        lacks=tuple(fact for where, fact in _FACTS.items() if where in gaps),
        keep=_EXPORT if has_export else _WRAP,
    )


def _missed(
    report: DiffReport, writer: BuildRecord, reader: BuildRecord, directory: Path
) -> Iterator[MissedStep]:
    forks = {fork.step: fork for fork in report.judgement.forks}
    answers = {answer.step: answer for answer in report.answers}
    above = {step: fork.step for fork in report.judgement.forks for step in fork.consequences}
    steps = [step for step in reader.steps if step.status is StepStatus.MISS or step.index in forks]
    if not steps:
        return
    at_hand = find_dockerfile(reader, directory)
    by_themselves = [step for step in steps if step.index in forks]
    traps = suspicions_of_lint(reader, at_hand, by_themselves)
    changed = changed_files(writer, reader, directory) if by_themselves else None
    for step in steps:
        fork = forks.get(step.index)
        found: list[Suspicion] = []
        if fork is not None:
            found += _of_fork(fork, answers[step.index], step, changed)
            found = found or [_unexplained(step, reader, at_hand)]
            found += (each for each in traps.get(step.index, ()) if _may_be(each, changed, reader))
        yield MissedStep(
            step=step.index,
            line=step.line or (at_hand.lines.get(step.index, 0) if at_hand is not None else 0),
            platform=step.platform,
            instruction=step.instruction,
            seconds=step.seconds,
            seconds_lost=fork.seconds_lost if fork is not None else None,
            follows=above.get(step.index, 0),
            suspicions=tuple(found),
        )


def _may_be(suspicion: Suspicion, changed: Changed | None, reader: BuildRecord) -> bool:
    """Whether the commits leave a suspicion of lint standing: an unchanged Dockerfile made nothing miss."""
    if changed is None or suspicion.code != TrapCode.DOCKERFILE_COPIED:
        return True
    names = (reader.request.dockerfile_name or "Dockerfile", ".dockerignore")
    return any(path.rpartition("/")[2].endswith(names) for path in changed.paths)


def _of_fork(fork: Fork, answer: Answer, step: StepRecord, changed: Changed | None) -> Iterator[Suspicion]:
    """What the two logs themselves show, then what git shows of the files that the line names."""
    known = [point for point in answer.points if point.status is not CauseStatus.UNEXPLAINED]
    for point in known:
        yield Suspicion(status=point.status, code=point.code, text=point.culprit, fix=point.fix.sentence)
    instruction = printed_instruction(step.instruction)
    if known or changed is None or instruction is None or not reads_files(instruction):
        return
    paths = changed.named_by(instruction)
    if paths:
        yield Suspicion(
            status=CauseStatus.SUSPECTED,
            code=CauseCode.CONTENT,
            text=f"{_listed(paths)} changed {changed.span}",
        )
    else:
        text = f"no committed file that this line names changed {changed.span}"
        yield Suspicion(status=CauseStatus.UNEXPLAINED, code=CauseCode.UNEXPLAINED, text=text)


def _unexplained(step: StepRecord, reader: BuildRecord, at_hand: AtHand | None) -> Suspicion:
    """What the log leaves open: it shows neither files nor the values of arguments."""
    instruction = printed_instruction(step.instruction)
    text = "the log does not show what changed"
    if instruction is not None and reads_files(instruction):
        text = "the log does not show which files changed"
    elif instruction is not None and instruction.keyword == "RUN":
        names = arguments_above(step, reader.steps, at_hand)
        if names:
            text += f"; another value of {_listed(names)} would do: a RUN reads every ARG above it"
    return Suspicion(status=CauseStatus.UNEXPLAINED, code=CauseCode.UNEXPLAINED, text=text)


def _listed(paths: Sequence[str]) -> str:
    """``a.txt, b.txt and 3 more``."""
    more = len(paths) - _NAMED
    if more <= 0:
        return ", ".join(paths)
    return f"{', '.join(paths[:_NAMED])} and {more} more"
