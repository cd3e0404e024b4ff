"""What `layerfork check` takes, and what it tells a CI beside its output."""

from pathlib import Path

import pytest
from golden.recorded import compared

from layerfork.app.check import checking
from layerfork.app.check.checking import Checked, CheckOptions, exit_code
from layerfork.cli import call
from layerfork.cli.options import source_root
from layerfork.record.check import Against, CheckReport

FAILED = CheckReport(
    against=Against.AGAIN, diffs=tuple(compared("seed-buildkit")), steps=3, rebuilt=2, seconds_lost=2.0
)
PASSED = CheckReport(against=Against.AGAIN, steps=3, seconds_lost=0.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[CheckOptions]:
    """Every check that the command line asks for, in place of builds; the first fails, the others pass."""
    calls: list[CheckOptions] = []

    def check(options: CheckOptions, say: object) -> Checked:
        calls.append(options)
        report = FAILED if len(calls) == 1 else PASSED
        return Checked(exit_code=exit_code(report), report=report)

    monkeypatch.setattr(checking, "check_command", check)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    return calls


def test_a_path_and_options_are_a_build(asked: list[CheckOptions]) -> None:
    words = [
        "check",
        "ctx",
        "--build-arg",
        "A=1",
        "--allow",
        "content",
        "--allow",
        "step 3",
        "--max-lost",
        "2",
    ]
    assert call(words) == 1
    assert asked == [
        CheckOptions(
            argv=("docker", "build", "--build-arg", "A=1", "ctx"), allow=("content", "step 3"), max_lost_s=2.0
        )
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "there is nothing to build"),
        (("--",), "there is no command after --"),
        ((".", "--", "make"), "a PATH cannot be combined with a command after --"),
        (("--target", "t"), "--target needs a PATH"),
        ((".", "-o", "/nonexistent/a/b"), "cannot be written"),
        ((".", "--max-lost", "-1"), "x>=0"),
    ],
)
def test_what_does_not_go_together_is_named(
    words: tuple[str, ...], said: str, asked: list[CheckOptions], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["check", *words]) == 2
    assert said in capsys.readouterr().err
    assert asked == []


def test_github_gets_annotations_of_what_failed_after_the_text(
    asked: list[CheckOptions], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert call(["check", "."]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("check: 2 of 3 steps were built again")
    assert lines[-1].startswith("::error file=Dockerfile,line=4,title=layerfork%3A content::")
    assert call(["check", "."]) == 0
    assert "::" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [("--format", "json"), ("--no-ci",)])
def test_nothing_else_gets_them(
    words: tuple[str, ...],
    asked: list[CheckOptions],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    call(["check", ".", *words])
    assert "::error" not in capsys.readouterr().out


def test_the_job_summary_is_added_to(
    asked: list[CheckOptions],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    call(["check", "."])
    text = summary.read_text()
    assert text.startswith("before\n### layerfork check: failed\n\n2 of 3 steps were built again: 2.0 s\n")
    call(["check", ".", "--no-ci"])
    assert summary.read_text() == text
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
    assert call(["check", "."]) == 0
    assert "no job summary: cannot write" in capsys.readouterr().err


def test_paths_are_relative_to_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below = tmp_path / "repository" / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert source_root({}) in (str(below.resolve()), *map(str, below.resolve().parents))
    (tmp_path / "repository" / ".git").write_text("gitdir: elsewhere\n")
    assert source_root({}) == str((tmp_path / "repository").resolve())
    assert source_root({"CI_PROJECT_DIR": str(tmp_path)}) == str(tmp_path.resolve())
    assert source_root({"GITHUB_WORKSPACE": "/elsewhere"}) == str((tmp_path / "repository").resolve())
