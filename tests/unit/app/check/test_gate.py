"""What a gate counts, what it lets pass, and when it cannot say anything."""

from dataclasses import replace

import pytest
from golden.cases import NAMES_DIFFER

from layerfork.app.check.allowing import Allowed, read_allowed
from layerfork.app.check.checking import exit_code
from layerfork.app.check.gate import NOTHING_CHECKED, gate
from layerfork.errors import UsageError
from layerfork.record.answer import Cause, CauseStatus, Fork, Judgement, MissKind, Verdict
from layerfork.record.check import Against, CheckReport
from layerfork.record.record import StepRecord, StepStatus
from layerfork.record.run import DiffReport

LETTERS = {
    "H": StepStatus.HIT,
    "M": StepStatus.MISS,
    "U": StepStatus.UNKNOWN,
    "N": StepStatus.NOT_EVALUATED,
}


def fork(step: int, *codes: str, consequences: tuple[int, ...] = ()) -> Fork:
    return Fork(
        writer="first",
        reader="second",
        step=step,
        instruction="RUN x",
        miss_kind=MissKind.KEY_CHANGED,
        causes=tuple(Cause(code=code, status=CauseStatus.PROVEN, text=code) for code in codes),
        consequences=consequences,
    )


def compared(statuses: str, *forks: Fork, cacheable: str = "", seconds: float | None = 2.0) -> DiffReport:
    """A letter for each step; the first is a FROM. Step N is on line N."""
    steps = tuple(
        StepRecord(index=number, line=number, instruction="RUN x", status=LETTERS[letter], seconds=seconds)
        for number, letter in enumerate(statuses, 1)
    )
    return DiffReport(
        writer="first",
        reader="second",
        reader_steps=steps,
        judgement=Judgement(verdict=Verdict.FORKED if forks else Verdict.REUSED, classes=(), forks=forks),
        answers=tuple(replace(NAMES_DIFFER, line=each.step, step=each.step) for each in forks),
        cacheable=tuple(map(int, cacheable)) if cacheable else tuple(range(2, len(statuses) + 1)),
        dockerfile="/src/Dockerfile",
    )


def judged(
    report: DiffReport, *allow: str, max_lost_s: float | None = None
) -> tuple[bool, int, int, int, int]:
    found = gate([report], read_allowed(allow), Against.AGAIN, max_lost_s=max_lost_s)
    return found.passed, int(exit_code(found)), found.steps, found.rebuilt, found.allowed


def test_only_what_a_cache_can_hold_and_the_build_needed_is_counted() -> None:
    assert judged(compared("MHHH")) == (True, 0, 3, 0, 0)
    assert judged(compared("MHNH")) == (True, 0, 2, 0, 0)
    assert judged(compared("MHMH", cacheable="24")) == (True, 0, 2, 0, 0)


def test_a_step_that_was_built_again_fails() -> None:
    assert judged(compared("HHMM", fork(3, "content", consequences=(4,)))) == (False, 1, 3, 2, 0)


def test_so_does_one_that_nothing_explains() -> None:
    report = gate([compared("HHM")], Allowed(), Against.AGAIN)

    assert exit_code(report) == 1
    assert [(each.place, each.instruction) for each in report.unexplained] == [("Dockerfile:3", "RUN x")]
    assert judged(compared("HHM"), "Dockerfile:3") == (True, 0, 2, 0, 1)
    assert judged(compared("HHM"), "content") == (False, 1, 2, 1, 0)


@pytest.mark.parametrize("word", ["build-arg", "Dockerfile:3", "step 3", "step:3"])
def test_what_is_allowed_passes_with_what_follows_from_it(word: str) -> None:
    assert judged(compared("HHMM", fork(3, "build-arg", consequences=(4,))), word) == (True, 0, 3, 0, 2)


def test_a_fork_with_a_further_cause_does_not() -> None:
    report = compared("HHMM", fork(3, "build-arg", "content", consequences=(4,)))

    assert judged(report, "build-arg") == (False, 1, 3, 2, 0)
    assert judged(report, "build-arg", "content") == (True, 0, 3, 0, 2)


def test_nor_does_a_later_fork_that_has_a_cause_of_its_own() -> None:
    report = compared("HMMM", fork(2, "build-arg", consequences=(3, 4)), fork(3, "content"))

    assert judged(report, "build-arg") == (False, 1, 3, 1, 2)
    assert gate([report], read_allowed(["build-arg"]), Against.AGAIN).diffs[0].judgement.forks == (
        fork(3, "content"),
    )


@pytest.mark.parametrize(
    ("limit", "seconds", "code"), [(3.9, 2.0, 1), (4.0, 2.0, 0), (100.0, None, 1), (0.0, 0.0, 0)]
)
def test_so_many_seconds_may_be_lost(limit: float, seconds: float | None, code: int) -> None:
    report = compared("HHMM", fork(3, "content", consequences=(4,)), seconds=seconds)

    assert judged(report, max_lost_s=limit)[1] == code


def test_what_is_allowed_costs_nothing() -> None:
    report = compared("HMMM", fork(2, "build-arg", consequences=(3, 4)), fork(3, "content"))

    assert gate([report], read_allowed(["build-arg"]), Against.AGAIN).seconds_lost == 2.0


def test_what_is_not_known_does_not_pass() -> None:
    assert judged(compared("HHU")) == (False, 3, 2, 0, 0)
    failed = replace(compared("HHH"), failure="failed at step 4")
    assert judged(failed)[:2] == (False, 3)
    nothing = gate([compared("M")], Allowed(), Against.AGAIN)
    assert (nothing.problems, exit_code(nothing)) == ((NOTHING_CHECKED,), 3)
    none = gate([], Allowed(), Against.AGAIN)
    assert (none.passed, exit_code(none)) == (False, 3)


def test_a_proven_fork_fails_although_the_record_says_nothing_of_steps() -> None:
    report = gate([compared("HHUU", fork(3, "content", consequences=(4,)))], Allowed(), Against.AGAIN)

    assert (exit_code(report), report.rebuilt, report.open, report.problems) == (1, 1, 1, ())
    assert judged(compared("HHUU", fork(3, "content", consequences=(4,))), "content")[:2] == (True, 0)


def test_forks_that_may_cost_what_they_do_are_nobodys_fault() -> None:
    report = gate([compared("HM", fork(2, "content"))], Allowed(), Against.AGAIN, max_lost_s=2.0)

    assert len(report.diffs[0].judgement.forks) == 1
    assert report.blamed[0].judgement.forks == ()
    assert replace(report, max_lost_s=1.0).blamed == report.diffs
    assert replace(report, max_lost_s=float("nan")).blamed == report.diffs


@pytest.mark.parametrize(
    ("word", "said"),
    [("contnt", "did you mean content?"), ("8", "no cause, line or step"), ("Dockerfile:0", "no cause")],
)
def test_what_can_be_allowed_is_checked_before_anything_is_built(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        read_allowed([word])


def test_a_report_with_nothing_in_it_has_not_passed_by_itself() -> None:
    assert CheckReport(against=Against.AGAIN, problems=("no build",)).passed is False


@pytest.mark.parametrize(
    ("report", "allow", "notes"),
    [
        (compared("HHMM", fork(3, "content", "uid", consequences=(4,))), ["content"], ()),
        (compared("HHM", fork(3, "content")), ["Dockerfile:3", "step 3"], ()),
        (compared("HHM"), ["Dockerfile:3", "step 3"], ()),
        (compared("HHH"), [], ()),
        (
            compared("HHM", fork(3, "content")),
            ["uid", "content", "Dockerfile:9", "gid", "step 4", "other.Dockerfile:3"],
            ("nothing needed --allow gid, uid, Dockerfile:9, other.Dockerfile:3, `step 4`",),
        ),
        (compared("HHH"), ["content"], ("nothing needed --allow content",)),
    ],
)
def test_what_is_allowed_and_not_there_is_told(
    report: DiffReport, allow: list[str], notes: tuple[str, ...]
) -> None:
    assert gate([report], read_allowed(allow), Against.AGAIN).notes == notes
