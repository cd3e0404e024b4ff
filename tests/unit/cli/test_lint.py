"""`layerfork lint` as a person and a program read it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator

from layerfork.cli import call
from layerfork.errors import ExitCode

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "vectors" / "sarif-2.1.0" / "schema.json").read_text("utf-8")
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/Dockerfile").write_text("FROM node\nWORKDIR /app\nCOPY . .\nRUN npm ci\n")
    (tmp_path / "app/package.json").write_text("{}")
    (tmp_path / "app/.dockerignore").write_text("Dockerfile\n.dockerignore\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


TEXT = """\
app/Dockerfile:1  FROM node  moving-base
  each release moves node:latest, and makes the RUN of line 4 miss; two machines that pulled it on different days share nothing
  fix: name a version, or the digest: FROM node:latest@sha256:…
app/Dockerfile:3  COPY . .  copy-before-install
  a change of any copied file runs line 4 again: npm ci
  fix: put `COPY package.json ./` and line 4 above line 3
  warning: safe unless package.json names local packages, or a postinstall or prepare script of it needs the sources
lint: 2 traps in 2 files
"""  # noqa: E501


def test_three_lines_for_each(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app/index.js").write_text("1")
    assert call(["lint"]) == ExitCode.FORKED
    assert capsys.readouterr().out == TEXT


def test_a_test_for_each_trap(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app/index.js").write_text("1")
    assert call(["lint", "--format", "junit"]) == ExitCode.FORKED
    root = ElementTree.fromstring(capsys.readouterr().out)
    failed = {str(case.get("name")): [child.tag for child in case] for case in root.iter("testcase")}
    assert failed == {
        "app/Dockerfile:1 moving-base": ["failure"],
        "app/Dockerfile:3 copy-before-install": ["failure"],
    }
    (project / "app/Dockerfile").write_text("FROM node:22\n")
    assert call(["lint", "--format", "junit"]) == ExitCode.AS_HOPED
    root = ElementTree.fromstring(capsys.readouterr().out)
    assert [(case.get("name"), len(case)) for case in root.iter("testcase")] == [("no trap in 2 files", 0)]


def test_help_names_formats_that_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["lint", "--help"]) == ExitCode.AS_HOPED
    told = " ".join(capsys.readouterr().out.split())
    assert "--format [text|json|junit|sarif|gitlab|github]" in told
    assert "such as sarif:lint.sarif or junit:lint.xml" in told
    assert "html" not in told


def test_nothing_to_say(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app/Dockerfile").write_text("FROM node:22\n")
    assert call(["lint", "app"]) == ExitCode.AS_HOPED
    assert capsys.readouterr().out == "lint: no traps in 2 files\n"


def test_a_secret_in_a_line_is_hidden(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secret = "zuzuzu123456"
    (project / "app/index.js").write_text("1")
    (project / "app/Dockerfile").write_text(
        f"FROM node:22\nWORKDIR /app\nCOPY . .\nRUN NPM_TOKEN={secret} npm ci\n"
    )
    (project / "compose.yml").write_text(
        "services:\n"
        + "".join(
            f"  {name}:\n    build:\n      context: {name}\n"
            f"      cache_to: ['type=s3,bucket=b,name=n,secret_access_key={secret},mode=max']\n"
            for name in "ab"
        )
    )
    for form in ("text", "json", "sarif", "gitlab", "github"):
        assert call(["lint", "--format", form]) == ExitCode.FORKED
        out = capsys.readouterr().out
        assert "copy-before-install" in out
        assert "cache-overwritten" in out
        assert secret not in out


def test_a_bad_file_is_two(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "Dockerfile").write_text("FROM\n")
    assert call(["lint"]) == ExitCode.USAGE
    out = capsys.readouterr().out
    assert "Dockerfile:1: " in out
    assert out.endswith("lint: 1 trap in 2 files, 1 bad file\n")


def test_programs_get_a_document(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["lint", "--format", "json", "--rule", "moving-base"]) == ExitCode.FORKED
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "layerfork/lint/1"
    assert (document["files"], document["bad"], document["ignored"]) == (2, [], 0)
    (trap,) = document["traps"]
    path = str(project / "app/Dockerfile")
    assert (trap["code"], trap["path"], trap["line"]) == ("moving-base", path, 1)
    assert trap["fix"]["sentence"].startswith("name a version")


def test_sarif_is_valid_and_has_the_pages(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "Dockerfile").write_text("FROM\n")
    (project / "app/index.js").write_text("1")
    assert call(["lint", "--format", "sarif"]) == ExitCode.USAGE
    log = json.loads(capsys.readouterr().out)
    assert [error.message for error in Draft4Validator(SCHEMA).iter_errors(log)] == []
    (run,) = log["runs"]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert sorted(rules) == ["bad-file", "copy-before-install", "moving-base"]
    assert rules["moving-base"]["help"]["markdown"].startswith("# moving-base\n")
    moving, copied, bad = run["results"]
    place = copied["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "app/Dockerfile"
    assert place["region"] == {"startLine": 3}
    (change,) = copied["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "app/Dockerfile"
    assert [moving["level"], bad["level"]] == ["warning", "error"]


def test_reviews_stand_at_lines(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["lint", "--format", "gitlab"]) == ExitCode.FORKED
    (issue,) = json.loads(capsys.readouterr().out)
    assert (issue["check_name"], issue["severity"]) == ("moving-base", "minor")
    assert issue["location"] == {"path": "app/Dockerfile", "lines": {"begin": 1}}
    assert call(["lint", "--format", "github"]) == ExitCode.FORKED
    line = capsys.readouterr().out
    assert line.startswith(
        "::warning file=app/Dockerfile,line=1,title=layerfork%3A moving-base::FROM node  each "
    )


def test_names_of_others_move_no_cursor(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "app/\x1b[2J\n.Dockerfile").write_text("FROM node\nRUN x\n")
    for form in ("text", "github", "json", "sarif"):
        assert call(["lint", "--format", form]) == ExitCode.FORKED
        assert "\x1b" not in capsys.readouterr().out


def test_a_format_that_lint_does_not_have(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["lint", "--format", "table"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "`--format table` is not available for lint: choose from text, json, junit, " in said
