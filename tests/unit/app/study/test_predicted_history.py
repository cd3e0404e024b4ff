"""What commits of a clone would have rebuilt; each number is worked out by hand."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from layerfork.app.study.studying import predict_history
from layerfork.cli.root import root
from layerfork.errors import EvidenceError, UsageError
from research.histories.walk import git

DOCKERFILE = """\
FROM debian:12
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
RUN python -m compileall src
"""
IGNORED = ".git\n.dockerignore\nDockerfile\ntests\n"


def commit(place: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = place / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(place, "add", "--all")
    git(place, "commit", "--quiet", "--allow-empty", "--message", "a commit")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Five commits after the first: three of a source, one of a test that is not sent, one of the list."""
    place = tmp_path / "clone"
    place.mkdir()
    git(place, "init", "--quiet", "--initial-branch", "main")
    first = {"Dockerfile": DOCKERFILE, "requirements_txt": "one\n", "src__a_py": "1\n", "tests__t_py": "1\n"}
    commit(place, _dockerignore=IGNORED, **first)
    for number in (2, 3, 4):
        commit(place, src__a_py=f"{number}\n")
    commit(place, tests__t_py="2\n")
    commit(place, requirements_txt="two\n")
    return place


def test_the_line_that_costs_most_and_the_edit_that_saves(clone: Path) -> None:
    """Four commits miss `COPY . .` and run both RUNs again; with the list copied first, three of the installs
    are reused."""
    said: list[str] = []
    report = predict_history(clone, 100, said.append)
    (found,) = report.dockerfiles
    (line,) = found.lines
    (edit,) = found.edits

    assert (found.dockerfile, found.context, found.counts.commits) == ("Dockerfile", ".", 5)
    assert (found.counts.busting, found.counts.all_reused) == (4, 1)
    assert (line.line, line.instruction, line.commits) == (3, "COPY . .", 4)
    assert (line.runs, line.installs, line.paths) == (8, 4, (("src/a.py", 3), ("requirements.txt", 1)))
    assert edit.saving.rules == ("copy-before-install",)
    assert (edit.saving.runs_saved, edit.saving.runs_lost) == (3, 0)
    assert edit.sentences == ("put `COPY requirements.txt ./` and line 4 above line 3",)
    assert said == ["Dockerfile: 5 commits are predicted"]


def test_the_clone_is_only_read(clone: Path) -> None:
    def state() -> tuple[str, ...]:
        return tuple(git(clone, *words) for words in (("status", "--porcelain"), ("for-each-ref",)))

    before = state()
    (clone / "left").write_text("uncommitted")
    predict_history(clone, 2, lambda _: None)
    (clone / "left").unlink()

    assert state() == before


def test_fewer_commits(clone: Path) -> None:
    assert predict_history(clone, 2, lambda _: None).dockerfiles[0].counts.commits == 2


def test_what_cannot_be_predicted_is_refused(tmp_path: Path, clone: Path) -> None:
    with pytest.raises(UsageError, match="is no git repository"):
        predict_history(tmp_path, 10, lambda _: None)
    git(clone, "rm", "--quiet", "Dockerfile")
    git(clone, "commit", "--quiet", "--message", "gone")
    with pytest.raises(EvidenceError, match="has no Dockerfile"):
        predict_history(clone, 10, lambda _: None)


def typed(*words: str) -> Result:
    return CliRunner().invoke(root, ["history", *words], catch_exceptions=True)


def test_the_command(clone: Path, tmp_path: Path) -> None:
    done = typed(str(clone), "--predict", "100", "--report", f"json:{tmp_path / 'found.json'}")
    document = json.loads((tmp_path / "found.json").read_text("utf-8"))

    assert done.exit_code == 0, done.output
    assert "Dockerfile: of 5 builds of commits 4 build a step again, 4 run a RUN again" in done.output
    assert "copy-before-install: saves 3 of 8 RUN steps" in done.output
    assert document["schema"] == "layerfork/predict-history/1"
    assert document["dockerfiles"][0]["lines"][0]["runs"] == 8


def test_formats_that_say_nothing_of_it_are_refused_first(clone: Path, tmp_path: Path) -> None:
    done = typed(str(clone), "--predict", "100", "--report", f"html:{tmp_path / 'page.html'}")

    assert isinstance(done.exception, UsageError)
    assert isinstance(typed("a", "b", "--predict", "1").exception, UsageError)
