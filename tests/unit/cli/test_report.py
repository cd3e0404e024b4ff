"""Reports in files: `layerfork report`, and ``--report`` of other commands."""

from pathlib import Path

import pytest

from layerfork.cli import call
from layerfork.errors import ExitCode

RECORDS = Path(__file__).parents[2] / "golden" / "records"
RUN = str(RECORDS / "seed-default.run.jsonl")
BUILDS = str(RECORDS / "seed-buildkit.jsonl")
STARTS = {
    "html": "<!doctype html>",
    "svg": "<svg ",
    "markdown": "### layerfork: ",
    "junit": "<testsuites ",
    "json": "{",
    "text": "",
}


@pytest.mark.parametrize("form", STARTS)
@pytest.mark.parametrize("file", [RUN, BUILDS])
def test_every_format_of_both_kinds_of_files(tmp_path: Path, form: str, file: str) -> None:
    out = tmp_path / "out"

    assert call(["report", file, "--format", form, "-o", str(out)]) == ExitCode.AS_HOPED
    assert out.read_text("utf-8").startswith(STARTS[form])


def test_text_is_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    call(["report", RUN])
    assert capsys.readouterr().out.startswith("seed on Engine 26.1.5")
    call(["report", BUILDS])
    assert "missed: important.txt changed" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(("theme", "paper"), [("light", "#ffffff"), ("dark", "#14181d")])
def test_a_theme_has_no_other_colours(capsys: pytest.CaptureFixture[str], theme: str, paper: str) -> None:
    call(["report", RUN, "--format", "svg", "--theme", theme])

    picture = capsys.readouterr().out
    assert paper in picture
    assert "prefers-color-scheme" not in picture


def test_several_reports_beside_the_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, tests = tmp_path / "forks.html", tmp_path / "forks.xml"

    code = call(
        ["diff", f"{BUILDS}#1", f"{BUILDS}#2", "--report", f"html:{page}", "--report", f"junit:{tests}"]
    )

    assert code == ExitCode.FORKED
    assert page.read_text("utf-8").startswith(STARTS["html"])
    assert tests.read_text("utf-8").startswith(STARTS["junit"])
    assert "missed: important.txt" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("html", "is not FORMAT:FILE"),
        ("html:", "is not FORMAT:FILE"),
        ("pdf:a.pdf", "'pdf' is not one of 'text', "),
        ("html:/no/such/place/a.html", "there is no directory /no/such/place"),
        ("html:/", "is a directory"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_done(
    capsys: pytest.CaptureFixture[str], asked: str, told: str
) -> None:
    assert call(["run", "--report", asked, "/no/such/context"]) == ExitCode.USAGE
    assert told in capsys.readouterr().err


def test_a_file_that_nobody_may_write_is_told_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    asked = f"html:{tmp_path}/a.html"
    assert call(["run", "--report", asked, "/no/such/context"]) == ExitCode.USAGE
    assert "a.html cannot be written: permission denied" in capsys.readouterr().err


def test_a_plan_has_nothing_to_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call(["run", "--plan", "--report", f"html:{tmp_path}/a.html"]) == ExitCode.USAGE
    assert "--plan builds nothing" in capsys.readouterr().err


def test_one_build_alone_has_nothing_to_be_compared_with(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["report", f"{BUILDS}#1"]) == ExitCode.USAGE
    assert "there is nothing to compare" in capsys.readouterr().err
    assert call(["report", f"{BUILDS}#1", f"{BUILDS}#2"]) == ExitCode.AS_HOPED


def test_a_format_without_words_for_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["report", BUILDS, "--format", "table"]) == ExitCode.USAGE
    assert "`--format table` is not available for compared builds" in capsys.readouterr().err
