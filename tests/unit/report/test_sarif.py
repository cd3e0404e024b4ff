"""SARIF: valid by the published schema, results at lines, rules with help, edits as fixes.

The schema is the one that OASIS publishes with the specification (errata 01), as it stands in
oasis-tcs/sarif-spec, sarif-2.1/schema/sarif-schema-2.1.0.json @ a560296ca8c9.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser.hostile import hostile
from golden.cases import FORKED, NO_ENGINE, REUSED, TROUBLE
from golden.recorded import compared, filed
from jsonschema import Draft4Validator

from layerfork.app.explain import page_of
from layerfork.record.answer import Edit, Fix
from layerfork.record.cause import CausePage, CauseRow
from layerfork.record.check import Against, CheckReport
from layerfork.record.record import BuildOutcome
from layerfork.record.run import DiffReport, RunReport
from layerfork.report.formats import SARIF
from layerfork.report.rendering import Look

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "vectors" / "sarif-2.1.0" / "schema.json").read_text("utf-8")
)
(DIFF,) = compared("seed-buildkit")
AT_HOME = replace(DIFF, dockerfile="/src/app/Dockerfile", directory="/src/app")


def log_of(kind: Any, reports: Sequence[object], look: Look | None = None) -> dict[str, Any]:
    """The run of a log that is valid."""
    log = json.loads(SARIF.render(kind, reports, look or Look()))
    assert [error.message for error in Draft4Validator(SCHEMA).iter_errors(log)] == []
    (run,) = log["runs"]
    return dict(run)


def with_edits(*edits: Edit) -> DiffReport:
    (answer,) = DIFF.answers
    fix = Fix(sentence="do that", edits=edits)
    return replace(AT_HOME, answers=(replace(answer, points=(replace(answer.points[0], fix=fix),)),))


def test_the_schema_rejects_what_is_no_log() -> None:
    """What the other tests rely on."""
    log = json.loads(SARIF.render("diffs", [DIFF], Look()))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not Draft4Validator(SCHEMA).is_valid(log)


@pytest.mark.parametrize(
    "report", [FORKED, REUSED, TROUBLE, NO_ENGINE, hostile(FORKED), *filed("seed-engines")]
)
def test_runs_are_valid(report: RunReport) -> None:
    run = log_of("runs", [report])
    assert len(run["results"]) == len(report.judgement.forks)


def test_builds_that_were_compared_are_valid() -> None:
    for report in (DIFF, hostile(DIFF), replace(DIFF, answers=()), replace(DIFF, failure="failed at step 2")):
        run = log_of("diffs", [report])
        assert len(run["results"]) == 1 + bool(report.failure)


def test_a_result_stands_at_the_line_relative_to_the_root() -> None:
    run = log_of("diffs", [AT_HOME], Look(root="/src"))
    (result,) = run["results"]

    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "app/Dockerfile", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 4},
            }
        }
    ]
    assert (result["ruleId"], result["level"]) == ("content", "warning")
    assert result["message"]["text"].splitlines()[0] == "COPY important.txt /  missed: important.txt changed"


def test_one_that_lies_elsewhere_has_an_address_of_its_own() -> None:
    odd = replace(AT_HOME, dockerfile="/other/a b#?%/Dockerfile")
    (result,) = log_of("diffs", [odd], Look(root="/src"))["results"]

    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "file:///other/a%20b%23%3F%25/Dockerfile"}


def test_a_rule_brings_its_page_along() -> None:
    run = log_of("diffs", [DIFF], Look(page=page_of))
    (rule,) = run["tool"]["driver"]["rules"]

    assert rule["id"] == "content"
    assert rule["help"]["markdown"].startswith("# content\n")
    assert rule["shortDescription"]["text"]
    assert run["results"][0]["ruleIndex"] == 0


def test_rules_are_those_of_the_results_each_once() -> None:
    run = log_of("runs", filed("seed-engines"))
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert len(rules) == len(set(rules)) > 1
    assert {rules[each["ruleIndex"]] == each["ruleId"] for each in run["results"]} == {True}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (Edit(file="Dockerfile", line=2, before=("one", "two"), after=("three",)), "ARG a\nthree\nCOPY b\n"),
        (Edit(file="Dockerfile", line=2, after=("new",)), "ARG a\nnew\none\ntwo\nCOPY b\n"),
        (Edit(file="Dockerfile", line=2, before=("one", "two")), "ARG a\nCOPY b\n"),
    ],
)
def test_an_edit_is_a_fix_that_gives_the_text_it_should(edit: Edit, expected: str) -> None:
    (result,) = log_of("diffs", [with_edits(edit)], Look(root="/src"))["results"]
    (fix,) = result["fixes"]
    (change,) = fix["artifactChanges"]
    (replacement,) = change["replacements"]

    assert fix["description"]["text"] == "do that"
    assert change["artifactLocation"]["uri"] == "app/Dockerfile"
    assert replaced("ARG a\none\ntwo\nCOPY b\n", replacement) == expected


def replaced(text: str, replacement: dict[str, Any]) -> str:
    """What whoever applies a replacement makes of a text: regions are of characters, from 1 (3.30)."""
    region = replacement["deletedRegion"]
    lines = text.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column - 1

    begin = offset(region["startLine"], region["startColumn"])
    end = offset(region["endLine"], region["endColumn"])
    inserted: str = replacement.get("insertedContent", {}).get("text", "")
    return text[:begin] + inserted + text[end:]


def test_an_edit_without_a_line_is_only_said() -> None:
    (result,) = log_of("diffs", [with_edits(Edit(file=".dockerignore", after=("a",)))])["results"]

    assert "fixes" not in result
    assert "fix: do that" in result["message"]["text"]


def test_only_what_makes_a_check_fail_is_an_error() -> None:
    failed = CheckReport(against=Against.AGAIN, diffs=(DIFF,), steps=3, rebuilt=2, seconds_lost=2.0)
    assert [each["level"] for each in log_of("checks", [failed])["results"]] == ["error"]
    assert log_of("checks", [replace(failed, max_lost_s=3.0)])["results"] == []
    run = log_of("checks", [CheckReport(against=Against.AGAIN, problems=("no build was seen",))])
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "toolExecutionNotifications": [{"level": "error", "message": {"text": "no build was seen"}}],
        }
    ]


def test_fingerprints_stay_and_differ() -> None:
    def fingerprints(*reports: DiffReport) -> list[str]:
        return [
            each["partialFingerprints"]["layerforkFork/v1"] for each in log_of("diffs", reports)["results"]
        ]

    (answer,) = DIFF.answers
    moved = replace(DIFF, answers=(replace(answer, line=40),))
    first, other, twin = fingerprints(DIFF, replace(DIFF, build="web"), DIFF)
    assert fingerprints(moved) == [first]
    assert len({first, other, twin}) == 3


def test_a_page_that_is_not_there_leaves_the_rule() -> None:
    def page(code: str) -> CausePage | None:
        return CausePage(row=CauseRow(code=code, builders=(), summary="s"), text="t") if code == "x" else None

    assert log_of("diffs", [DIFF], Look(page=page))["tool"]["driver"]["rules"] == [{"id": "content"}]


def test_a_build_that_failed_is_told_at_its_step() -> None:
    (step, *_) = DIFF.reader_steps
    failed = replace(
        AT_HOME,
        outcome=BuildOutcome.FAILED,
        failure="failed at step 1: no such file",
        reader_steps=(replace(step, line=7, error="x"),),
        judgement=replace(DIFF.judgement, forks=()),
        answers=(),
    )
    (result,) = log_of("diffs", [failed], Look(root="/src"))["results"]
    assert result["ruleId"] == "build-failed"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
