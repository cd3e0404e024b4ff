"""`layerfork explain` as a person types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from layerfork.cli import call
from layerfork.cli.root import root
from layerfork.errors import ExitCode
from layerfork.record.cause import CauseCode
from layerfork.record.lint import TrapCode

PAGES = Path(__file__).parents[3] / "docs" / "causes"


def explain(*words: str) -> str:
    result = CliRunner().invoke(root, ["explain", *words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("code", CauseCode)
def test_a_pipe_gets_the_page_as_it_is_written(code: str) -> None:
    assert explain(code) == (PAGES / f"{code}.md").read_text("utf-8")


@pytest.mark.parametrize("code", TrapCode)
def test_a_rule_of_lint_has_a_page_as_well(code: str) -> None:
    assert explain(code) == (PAGES.parent / "lint" / f"{code}.md").read_text("utf-8")


def test_without_a_code_each_has_one_line() -> None:
    lines = explain().splitlines()
    assert [line.split()[0] for line in lines] == [*CauseCode, *TrapCode]


def test_programs_get_documents() -> None:
    listed = json.loads(explain("--format", "json"))
    assert (listed["schema"], len(listed["causes"])) == (
        "layerfork/causes/1",
        len(CauseCode) + len(TrapCode),
    )
    page = json.loads(explain("Mode", "--format", "json"))
    assert (page["schema"], page["code"], page["builders"]) == (
        "layerfork/cause/1",
        "mode",
        ["classic", "buildkit", "buildah"],
    )
    assert page["text"] == (PAGES / "mode.md").read_text("utf-8")


def test_an_unknown_code_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["explain", "mood"]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert "there is no cause or rule 'mood'" in said.err
    assert "mode" in said.err
