"""GitHub's annotations and GitLab's code quality report."""

import json
from dataclasses import replace

from browser.hostile import hostile
from golden.cases import FORKED
from golden.recorded import compared, filed

from layerfork.record.check import Against, CheckReport, UnexplainedStep
from layerfork.report.formats import GITHUB, GITLAB
from layerfork.report.github import command
from layerfork.report.rendering import Look

(DIFF,) = compared("seed-buildkit")
AT_HOME = replace(DIFF, dockerfile="/src/app/Dockerfile", directory="/src/app")
FAILED = CheckReport(against=Against.AGAIN, diffs=(AT_HOME,), steps=3, rebuilt=2, seconds_lost=2.0)
CALM = replace(DIFF, judgement=replace(DIFF.judgement, forks=()), answers=())


def read(line: str) -> tuple[str, dict[str, str], str]:
    """As the runner reads a command.
    Source: actions/runner src/Runner.Common/ActionCommand.cs (TryParseV2) @ 079cdb1d05fe."""
    assert line.startswith("::")
    head, data = line[2:].split("::", 1)
    name, _, told = head.partition(" ")
    pairs = (each.split("=", 1) for each in told.split(","))
    return name, {key: unescaped(value) for key, value in pairs}, unescaped(data)


def unescaped(text: str) -> str:
    for replacement, token in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(replacement, token)
    return text


def test_an_annotation_stands_at_the_line() -> None:
    (line,) = GITHUB.render("checks", [FAILED], Look(root="/src")).splitlines()
    name, properties, text = read(line)

    assert name == "error"
    assert properties == {"file": "app/Dockerfile", "line": "4", "title": "layerfork: content"}
    assert text.splitlines()[0] == "COPY important.txt /  missed: important.txt changed"
    assert text.splitlines()[2].startswith("fix: ")


def test_nothing_in_a_name_ends_a_command_or_begins_another() -> None:
    odd = "a,line=1:b%0A\n::add-mask::x\r\n::stop-commands::y"
    line = command("error", odd, file=odd, title="t")

    assert len(line.splitlines()) == 1
    name, properties, text = read(line)
    assert (name, list(properties)) == ("error", ["file", "title"])
    assert text == properties["file"] == odd.replace("\r", "\n")


def test_hostile_reports_are_single_commands() -> None:
    for text in (
        GITHUB.render("diffs", [hostile(DIFF)], Look()),
        GITHUB.render("runs", [hostile(FORKED)], Look()),
    ):
        for line in text.splitlines():
            name, properties, _ = read(line)
            assert name == "warning"
            assert set(properties) <= {"file", "line", "title"}


def test_what_passed_is_a_notice() -> None:
    assert GITHUB.render("diffs", [CALM], Look()) == "::notice title=layerfork::no fork\n"
    passed = CheckReport(against=Against.AGAIN, diffs=(CALM,), steps=7, seconds_lost=0.0)
    text = GITHUB.render("checks", [passed], Look())
    assert text == "::notice title=layerfork::all 7 steps of the second build were reused\n"


def test_a_check_that_could_say_nothing_is_an_error_without_a_line() -> None:
    nothing = CheckReport(against=Against.AGAIN, problems=("no build was seen",))
    assert GITHUB.render("checks", [nothing], Look()) == "::error title=layerfork::no build was seen\n"


def test_a_step_that_nothing_explains_has_its_line_too() -> None:
    step = UnexplainedStep(build="", place="Dockerfile:9", instruction="RUN y")
    report = replace(
        FAILED, diffs=(replace(AT_HOME, judgement=CALM.judgement, answers=()),), unexplained=(step,)
    )
    (line,) = GITHUB.render("checks", [report], Look(root="/src")).splitlines()

    assert read(line)[1] == {"file": "app/Dockerfile", "line": "9", "title": "layerfork: unexplained"}


def test_gitlab_gets_what_it_requires_of_each() -> None:
    issues = json.loads(GITLAB.render("runs", filed("seed-engines"), Look()))

    assert len(issues) == sum(len(report.judgement.forks) for report in filed("seed-engines"))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1


def test_gitlab_paths_are_relative_to_the_repository() -> None:
    (issue,) = json.loads(GITLAB.render("checks", [FAILED], Look(root="/src")))

    assert issue["location"] == {"path": "app/Dockerfile", "lines": {"begin": 4}}
    assert issue["severity"] == "major"
    assert json.loads(GITLAB.render("diffs", [CALM], Look())) == []
