"""The costliest fork left alone: said, and in the exit code."""

from dataclasses import replace

import pytest
from unit.hypothesis.test_remedy import IGNORE, answer, point

from layerfork.record.answer import Answer, Fix, Way
from layerfork.record.fixing import Fate, FixReport, Proposal, RebuildCost, Remedy, exit_code_of_fixes


def costing(seconds: float | None, sentence: str = "do") -> Answer:
    made = answer(replace(point("content"), fix=Fix(sentence=sentence)))
    return replace(made, seconds=seconds, line=7)


def verified(seconds: float) -> Proposal:
    return Proposal(
        answer=costing(seconds),
        remedy=Remedy(way=Way.REBUILD, edits=(IGNORE,)),
        before=RebuildCost(forks=1, steps=1),
        fate=Fate.VERIFIED,
    )


@pytest.mark.parametrize(
    ("treated", "left", "line"),
    [
        ([1.0], [9.0], "the most expensive fork is left to you: Dockerfile:7, 9.0 s, no further step"),
        ([9.0], [1.0], ""),
        ([1.0, 9.0], [5.0, 2.0], ""),
        ([], [2.0, 3.0], "the most expensive fork is left to you: Dockerfile:7, 3.0 s, no further step"),
        ([], [2.0], "the fork is left to you: Dockerfile:7, 2.0 s, no further step"),
        ([], [], ""),
    ],
)
def test_the_costliest_fork_decides(treated: list[float], left: list[float], line: str) -> None:
    report = FixReport(proposals=tuple(map(verified, treated)), hopeless=tuple(map(costing, left)))
    assert report.left_line == line
    assert exit_code_of_fixes((report,)) == (1 if line else 0)


def test_nothing_to_fix_is_not_left() -> None:
    report = FixReport(hopeless=(costing(9.0, "nothing to fix: this step reads the edited files"),))
    assert (report.left_line, exit_code_of_fixes((report,))) == ("", 0)
