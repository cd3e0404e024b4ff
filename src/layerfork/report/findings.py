"""Forks and failed builds, each at its line of a file, as formats for code review show them."""

import os.path
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256

from layerfork.record.answer import Answer, Edit, Fork
from layerfork.record.check import CheckReport
from layerfork.record.lint import LintReport
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.views.checks import sentence
from layerfork.report.views.overview import answer_to

BUILD_FAILED = "build-failed"
"""Code of a finding that is no fork: a build that ended early."""
UNEXPLAINED = "unexplained"
BAD_FILE = "bad-file"
"""Code of a finding about a file that cannot be read."""


class Level(StrEnum):
    """How severe a finding is."""

    ERROR = "error"
    """It makes a check fail."""
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file."""

    path: str
    """Relative to the root of the report, or absolute when it lies elsewhere."""
    line: int = 0
    """From 1; 0 when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeFinding:
    """A fork, an unexplained step, or a build that ended early."""

    code: str
    """Code of the cause that explains most."""
    level: Level
    place: Place
    sentence: str
    """What happened, on one line: ``COPY . .  missed: src/a.js changed``."""
    details: tuple[str, ...] = ()
    """Cost and certainty, then what to do, a line each."""
    fix: str = ""
    """What to do, in one sentence."""
    edits: tuple[tuple[str, Edit], ...] = ()
    """The edits of the fix whose line is known, each with the path of its file as in `Place`."""
    fingerprint: str = ""
    """Stays the same from run to run while the same step forks for the same cause; one for each finding."""


# Findings of reports, each at its line.


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Findings of reports, and problems that have no line."""

    found: tuple[CodeFinding, ...]
    problems: tuple[str, ...] = ()
    """Why there is no result, or only part of one, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """The build that findings are about."""

    name: str
    """Distinguishes builds of one report, whatever machine or file they come from."""
    directory: str
    """Absolute path of the context; empty when nothing shows it."""
    dockerfile: str
    """Absolute path; empty when nothing shows it."""
    root: str
    level: Level

    def path(self, file: str) -> str:
        """The path of a file that is named relative to the context."""
        return _relative(os.path.join(self.directory, file), self.root)  # noqa: PTH118 - of any machine

    def place(self, line: int, file: str = "Dockerfile") -> Place:
        """A line of the Dockerfile; ``file`` is what the build calls it."""
        path = _relative(self.dockerfile, self.root) if self.dockerfile else self.path(file)
        return Place(path=path, line=line)


def of_diffs(reports: Sequence[DiffReport], root: str, level: Level = Level.WARNING) -> Findings:
    """Findings of builds that were compared."""
    found = [each for report in reports for each in _of_diff(report, root, level)]
    return Findings(found=_numbered(found))


def of_runs(reports: Sequence[RunReport], root: str, level: Level = Level.WARNING) -> Findings:
    """Findings of relays."""
    found = [each for report in reports for each in _of_run(report, root, level)]
    problems = (problem.what for report in reports for problem in report.problems)
    return Findings(found=_numbered(found), problems=tuple(dict.fromkeys(problems)))


def of_checks(reports: Sequence[CheckReport], root: str) -> Findings:
    """Findings of checks: only what makes them fail."""
    found: list[CodeFinding] = []
    problems: list[str] = []
    for report in reports:
        found += of_diffs(report.blamed, root, Level.ERROR).found
        found += of_runs(report.blamed_runs, root, Level.ERROR).found
        found += _of_unexplained(report, root) if report.too_slow else ()
        problems += report.problems or ([] if report.passed or found else [sentence(report)])
    return Findings(found=_numbered(found), problems=tuple(problems))


def of_lints(reports: Sequence[LintReport], root: str) -> Findings:
    """Findings of lint: traps, and files that cannot be read."""
    found: list[CodeFinding] = []
    for report in reports:
        for trap in report.traps:
            place = Place(path=_relative(trap.path, root), line=trap.line)
            warning = (f"warning: {trap.fix.warning}",) if trap.fix.warning else ()
            found.append(
                CodeFinding(
                    code=trap.code,
                    level=Level.WARNING,
                    place=place,
                    sentence=f"{trap.subject}  {trap.cost}",
                    details=(f"fix: {trap.fix.sentence}", *warning),
                    fix=trap.fix.sentence,
                    edits=tuple((_relative(edit.file, root), edit) for edit in trap.fix.edits),
                    fingerprint=_digest(trap.code, place.path, trap.subject),
                )
            )
        for bad in report.bad:
            place = Place(path=_relative(bad.path, root), line=bad.line)
            print_ = _digest(BAD_FILE, place.path, bad.reason)
            found.append(
                CodeFinding(
                    code=BAD_FILE, level=Level.ERROR, place=place, sentence=bad.reason, fingerprint=print_
                )
            )
    return Findings(found=_numbered(found))


def _of_diff(report: DiffReport, root: str, level: Level) -> Iterator[CodeFinding]:
    build = _Build(
        name=report.build,
        directory=report.directory,
        dockerfile=report.dockerfile,
        root=root,
        level=level,
    )
    for fork in report.judgement.forks:
        yield _of_fork(fork, answer_to(fork, report.judgement.forks, report.answers), build)
    if report.failure:
        line = next((step.line for step in report.reader_steps if step.error), 0)
        failure = f"the build {report.failure}"
        yield CodeFinding(
            code=BUILD_FAILED,
            level=Level.ERROR,
            place=build.place(line),
            sentence=failure.splitlines()[0],
            details=tuple(failure.splitlines()[1:]),
            fingerprint=_digest(BUILD_FAILED, build.name, failure),
        )


def _of_run(report: RunReport, root: str, level: Level) -> Iterator[CodeFinding]:
    engine = "" if report.engine is None else f"{report.engine.kind} {report.engine.version}"
    for fork in report.judgement.forks:
        build = _Build(
            name=f"{report.scenario} {engine} {fork.reader}",
            directory=report.scenario_path,
            dockerfile="",
            root=root,
            level=level,
        )
        finding = _of_fork(fork, answer_to(fork, report.judgement.forks, report.answers), build)
        who = f"{fork.reader} did not reuse what {fork.writer} had stored"
        yield replace(finding, details=(f"{who} on {engine}" if engine else who, *finding.details))


def _of_fork(fork: Fork, answer: Answer | None, build: _Build) -> CodeFinding:
    codes = sorted({str(cause.code) for cause in fork.causes})
    fingerprint = _digest(build.name, fork.stage, fork.platform, fork.instruction, *codes)
    instruction = " ".join(fork.instruction.split())
    if answer is None:
        code = codes[0] if codes else UNEXPLAINED
        return CodeFinding(
            code=code,
            level=build.level,
            place=build.place(0),
            sentence=f"step {fork.step}  {instruction}  missed",
            fingerprint=fingerprint,
        )
    return CodeFinding(
        code=answer.points[0].code,
        level=build.level,
        place=build.place(answer.line, answer.file),
        sentence=" ".join(f"{answer.instruction}  {answer.verb}: {answer.culprit}".splitlines()),
        details=(f"{answer.cost}, {answer.status.value} {answer.points[0].named}", *_advice(answer)),
        fix=answer.fix.sentence,
        edits=tuple((build.path(edit.file), edit) for edit in answer.fix.edits),
        fingerprint=fingerprint,
    )


def _advice(answer: Answer) -> Iterator[str]:
    yield f"fix: {answer.fix.sentence}"
    if answer.fix.warning:
        yield f"warning: {answer.fix.warning}"


def _of_unexplained(report: CheckReport, root: str) -> Iterator[CodeFinding]:
    diffs = {diff.build: diff for diff in report.diffs}
    for step in report.unexplained:
        diff = diffs[step.build]
        build = _Build(
            name=step.build,
            directory=diff.directory,
            dockerfile=diff.dockerfile,
            root=root,
            level=Level.ERROR,
        )
        line = step.place.rpartition(":")[2]
        yield CodeFinding(
            code=UNEXPLAINED,
            level=Level.ERROR,
            place=build.place(int(line) if line.isdecimal() else 0),
            sentence=f"{step.instruction}  was built again, and no known difference explains it",
            fingerprint=_digest(UNEXPLAINED, step.build, step.instruction),
        )


def _numbered(found: Sequence[CodeFinding]) -> tuple[CodeFinding, ...]:
    """Equal fingerprints are numbered, so that two equal instructions that forked alike differ."""
    seen: Counter[str] = Counter()
    apart = []
    for each in found:
        seen[each.fingerprint] += 1
        number = seen[each.fingerprint]
        again = _digest(each.fingerprint, str(number)) if number > 1 else each.fingerprint
        apart.append(replace(each, fingerprint=again))
    return tuple(apart)


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _relative(path: str, root: str) -> str:
    if not (root and os.path.isabs(path)):  # noqa: PTH117 - a path of any machine, not to be touched
        return path
    return os.path.relpath(path, root) if f"{path}/".startswith(f"{root.rstrip('/')}/") else path


# What stands at a line of a file: forks and failed builds, as formats for code review show them.

__all__ = ["CodeFinding", "Findings", "Level", "of_checks", "of_diffs", "of_lints", "of_runs"]
