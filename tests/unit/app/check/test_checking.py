"""Which builds of a command a check compares, and how it ends when the command does not end well."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from golden.recorded import RECORDS, recorded

from layerfork.app.check import checking
from layerfork.app.check.checking import Checked, CheckOptions, check_command
from layerfork.builders.recording.wrap import Wrapped
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord, StepStatus

FIRST, CHANGED = recorded("seed-buildkit")[:2]
"""The second is built with another important.txt: of its three steps below FROM two were built again."""
FILE = str(RECORDS / "seed-buildkit.jsonl")


def named(record: BuildRecord, name: str) -> BuildRecord:
    return replace(record, place=replace(record.place, name=name))


def ran(*records: BuildRecord, code: int = 0, interrupted: bool = False) -> Wrapped:
    return Wrapped(exit_code=code, records=records, interrupted=interrupted)


def checked(monkeypatch: pytest.MonkeyPatch, runs: Sequence[Wrapped], baseline: str = "") -> Checked:
    """A check of a command that was run with these results."""
    monkeypatch.setattr(checking, "_recorded", lambda options, say, times: list(runs))
    return check_command(CheckOptions(argv=("true",), baseline=baseline), lambda line: None)


def all_hits(record: BuildRecord) -> BuildRecord:
    """A build that found in its cache what the first had stored."""
    return replace(record, steps=tuple(replace(step, status=StepStatus.HIT) for step in record.steps))


def test_the_second_run_is_compared_with_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    calm = checked(monkeypatch, [ran(FIRST), ran(all_hits(FIRST))])
    assert (calm.exit_code, calm.report.steps, calm.report.problems) == (0, 3, ())
    forked = checked(monkeypatch, [ran(FIRST), ran(CHANGED)])
    assert (forked.exit_code, forked.report.rebuilt) == (1, 2)
    assert [answer.place for answer in forked.report.diffs[0].answers] == ["Dockerfile:4"]


def test_each_build_is_compared_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = named(FIRST, "one"), named(FIRST, "two")
    done = checked(monkeypatch, [ran(one, two), ran(all_hits(two), all_hits(one))])
    assert (done.exit_code, done.report.steps) == (0, 6)
    assert [diff.build for diff in done.report.diffs] == ["two", "one"]
    twice = checked(
        monkeypatch, [ran(one, named(CHANGED, "one")), ran(all_hits(one), all_hits(named(CHANGED, "one")))]
    )
    assert (twice.exit_code, len(twice.report.diffs)) == (0, 2)


def test_a_build_that_one_run_lacks_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = named(FIRST, "one"), named(FIRST, "two")
    fewer = checked(monkeypatch, [ran(one, two), ran(all_hits(one))])
    assert (fewer.exit_code, fewer.report.problems) == (3, ("two was built the first time only",))
    more = checked(monkeypatch, [ran(one), ran(all_hits(one), two)])
    assert (more.exit_code, more.report.problems) == (3, ("two was built the second time only",))


@pytest.mark.parametrize(
    ("runs", "code", "said"),
    [
        ([ran(code=5)], 5, "the command failed with exit code 5"),
        ([ran(FIRST), ran(FIRST, code=7)], 7, "the command failed with exit code 7"),
        ([ran(FIRST, interrupted=True)], 130, "the command was interrupted"),
        ([ran(), ran()], 3, "no build passed through the recorder"),
        ([ran(FIRST), ran()], 3, "built nothing the second time"),
    ],
)
def test_what_was_not_checked_has_not_passed(
    monkeypatch: pytest.MonkeyPatch, runs: Sequence[Wrapped], code: int, said: str
) -> None:
    done = checked(monkeypatch, runs)
    assert done.exit_code == code
    assert said in done.report.problems[0]
    assert done.report.passed is False


def test_a_baseline_is_judged_by_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the engine had does not count: hits of a changed build are misses, misses of the same are hits."""
    same = checked(monkeypatch, [ran(FIRST)], f"{FILE}#1")
    assert (same.exit_code, same.report.steps, same.report.rebuilt) == (0, 3, 0)
    other = checked(monkeypatch, [ran(all_hits(CHANGED))], f"{FILE}#1")
    assert (other.exit_code, other.report.rebuilt) == (1, 2)
    assert [answer.place for answer in other.report.diffs[0].answers] == ["Dockerfile:4"]


def test_another_engine_does_not_matter_to_a_baseline_but_another_builder_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert FIRST.engine is not None
    away = replace(FIRST, engine=replace(FIRST.engine, instance="another"), builder_instance="another")
    assert checked(monkeypatch, [ran(away)], f"{FILE}#1").exit_code == 0
    classic = replace(recorded("seed-classic")[0], place=FIRST.place)
    assert classic.builder is Builder.CLASSIC
    forked = checked(monkeypatch, [ran(classic)], f"{FILE}#1")
    assert forked.exit_code == 1
    assert [fork.causes[0].code for fork in forked.report.diffs[0].judgement.forks] == ["builder"]


def test_a_build_that_the_baseline_lacks_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = replace(FIRST, request=replace(FIRST.request, target="other"))
    done = checked(monkeypatch, [ran(FIRST, other)], f"{FILE}#1")
    assert done.exit_code == 0
    (note,) = done.report.notes
    assert "holds no such build" in note
    alone = checked(monkeypatch, [ran(other, replace(other, id="x"))], f"{FILE}#1")
    assert (alone.exit_code, alone.report.diffs) == (3, ())
