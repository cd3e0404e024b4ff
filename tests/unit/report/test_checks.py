"""What a check says, in every format."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from golden.cases import FORKED, NAMES_DIFFER
from golden.recorded import compared

from layerfork.record.check import Against, CheckReport, UnexplainedStep
from layerfork.report.formats import Format, formats_for
from layerfork.report.rendering import Look
from layerfork.report.views.checks import hit_rate, sentence

DIFFS = tuple(compared("seed-buildkit"))
FAILED = CheckReport(
    against=Against.AGAIN, diffs=DIFFS, all_diffs=DIFFS, steps=7, rebuilt=2, seconds_lost=41.2
)
CALM = replace(DIFFS[0], judgement=replace(DIFFS[0].judgement, forks=()), answers=())
PASSED = CheckReport(against=Against.AGAIN, diffs=(CALM,), steps=7, seconds_lost=0.0)
NOTHING = CheckReport(against=Against.AGAIN, problems=("no build was seen", "nor anything else"))


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (PASSED, "all 7 steps of the second build were reused"),
        (replace(PASSED, steps=1), "the only step of the second build was reused"),
        (replace(PASSED, diffs=DIFFS * 3), "all 7 steps of 3 builds were reused"),
        (replace(PASSED, against=Against.BASELINE, baseline="a.jsonl"), "all 7 steps have a key of a.jsonl"),
        (FAILED, "2 of 7 steps were built again: 41 s"),
        (replace(FAILED, rebuilt=1, seconds_lost=None), "1 of 7 steps was built again"),
        (replace(FAILED, seconds_lost=0.01), "2 of 7 steps were built again: under 0.1 s"),
        (replace(FAILED, max_lost_s=50.0), "2 of 7 steps were built again: 41 s; the limit is 50 s"),
        (replace(FAILED, rebuilt=0, allowed=2), "2 of 7 steps were built again, which is allowed"),
        (
            replace(FAILED, against=Against.BASELINE, baseline="a.jsonl", seconds_lost=1.25),
            "2 of 7 steps have no key of a.jsonl: 1.2 s",
        ),
        (NOTHING, "no build was seen, and 1 more problem"),
        (replace(FAILED, problems=("no such",)), "2 of 7 steps were built again: 41 s"),
    ],
)
def test_one_line_says_what_came_of_it(report: CheckReport, said: str) -> None:
    assert sentence(report) == said
    text = formats_for("checks")["text"].render("checks", [report], Look())
    assert text.splitlines()[-1] == f"check: {said}"


@pytest.mark.parametrize(
    ("report", "rate"),
    [
        (PASSED, "100 %, 7 of 7 steps"),
        (FAILED, "71 %, 5 of 7 steps"),
        (replace(FAILED, rebuilt=1, allowed=1), "71 %, 5 of 7 steps"),
        (replace(FAILED, open=3), "at least 28 %, 2 of 7 steps"),
        (NOTHING, ""),
    ],
)
def test_the_hit_rate_counts_what_was_reused(report: CheckReport, rate: str) -> None:
    assert hit_rate(report) == rate
    summary = formats_for("checks")["markdown"].render("checks", [report], Look())
    assert (f"**Hit rate:** {rate}\n" in summary) is bool(rate)


def test_the_text_is_the_three_lines_of_each_fork_and_one() -> None:
    lines = formats_for("checks")["text"].render("checks", [FAILED], Look()).splitlines()

    assert [line.partition("  ")[0] for line in lines[:1]] == ["Dockerfile:4"]
    assert "  PROVEN content" in lines[1]
    assert lines[2].startswith("  fix: ")
    assert len(lines) == 4
    assert lines[3] == "check: 2 of 7 steps were built again: 41 s"


def test_hints_stand_below_the_verdict() -> None:
    hint = "lint finds 2 problems in this file: run `layerfork lint Dockerfile`"
    report = replace(PASSED, hints=(hint,))
    text = formats_for("checks")["text"].render("checks", [report], Look())
    assert text.splitlines() == ["check: all 7 steps of the second build were reused", hint]
    assert "\n- lint finds 2 problems" in formats_for("checks")["markdown"].render("checks", [report], Look())
    assert json.loads(formats_for("checks")["json"].render("checks", [report], Look()))["hints"] == [hint]


def test_what_was_allowed_and_what_nothing_explains_is_named() -> None:
    step = UnexplainedStep(build="web", place="Dockerfile:9", instruction="RUN y")
    report = replace(
        PASSED, allowed=1, allowed_answers=(NAMES_DIFFER,), unexplained=(step,), notes=("api: no",)
    )
    for name in ("text", "markdown"):
        text = formats_for("checks")[name].render("checks", [report], Look())
        assert "web: Dockerfile:9  RUN y  was built again, and no known difference explains it" in text
        assert "allowed: Dockerfile:3" in text
        assert "api: no" in text


@pytest.mark.parametrize("reporter", formats_for("checks").values(), ids=lambda reporter: reporter.name)
@pytest.mark.parametrize("report", [PASSED, FAILED, NOTHING, replace(FAILED, diffs=(), runs=(FORKED,))])
def test_every_format_renders_every_outcome(reporter: Format, report: CheckReport) -> None:
    assert reporter.render("checks", [report], Look()).endswith("\n")


def test_the_document_holds_the_contract() -> None:
    document = json.loads(formats_for("checks")["json"].render("checks", [FAILED], Look()))

    assert (document["schema"], document["passed"], document["against"]) == (
        *("layerfork/check/1", False, "again"),
    )
    assert (document["steps"], document["rebuilt"], document["seconds_lost"]) == (7, 2, 41.2)
    assert document["builds"][0]["schema"] == "layerfork/diff/1"


def test_a_test_report_fails_when_the_check_does() -> None:
    def failing(report: CheckReport) -> list[str]:
        text = formats_for("checks")["junit"].render("checks", [report], Look())
        return [
            f"{child.tag} {case.get('name')}"
            for case in ElementTree.fromstring(text).iter("testcase")
            for child in case
        ]

    assert failing(PASSED) == []
    assert failing(NOTHING) == ["error every step is reused"]
    assert failing(FAILED) == ["failure 3 COPY important.txt /", "failure every step is reused"]
    assert failing(replace(FAILED, max_lost_s=60.0)) == []


def test_pages_and_pictures_show_what_was_allowed_as_well() -> None:
    report = replace(PASSED, all_diffs=DIFFS, allowed=2, allowed_answers=DIFFS[0].answers)
    for name in ("html", "svg"):
        assert "important.txt changed" in formats_for("checks")[name].render("checks", [report], Look())
