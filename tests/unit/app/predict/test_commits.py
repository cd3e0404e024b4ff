"""Commits predicted one after the other, from records that real engines made of the same first version."""

import json
import os
from pathlib import Path

import pytest
from unit.builders.commits.repositories import MadeRepository, new_repository
from unit.hypothesis.recorded import CORPUS

from layerfork.app.predict.commits import predict_histories
from layerfork.cli import call
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.prediction import HistoryPrediction, PredictedStatus

FIRST = "FROM alpine\nCOPY a /\n"
SECOND = FIRST + "RUN true\n"
OF_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="the record was made of files of root, whose owner counts"
)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeRepository:
    """What the records' builds sent, committed; then changes of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = new_repository(tmp_path / "repository")
    put(made, "before", {})
    put(made, "as it was built", {"Dockerfile": FIRST, "a": "one"})
    put(made, "docs", {"README.md": "read me"})
    put(made, "content", {"a": "two"})
    put(made, "a step more", {"Dockerfile": SECOND})
    put(made, "content as it was", {"a": "one"})
    put(made, "both as before", {"a": "two"})
    put(made, "no Dockerfile", {"Dockerfile": None})
    put(made, "with it again", {"Dockerfile": SECOND})
    return made


def put(made: MadeRepository, subject: str, files: dict[str, str | None]) -> None:
    for name, text in files.items():
        if text is None:
            (made.directory / name).unlink()
        else:
            (made.directory / name).write_text(text)
    made.commit(subject)


def predict(made: MadeRepository, builder: str, wanted: str = "HEAD~8..HEAD") -> HistoryPrediction:
    against = f"{CORPUS[f'{builder}-content']}#1"
    (history,) = predict_histories(str(made.directory), wanted, against=against)
    return history


HIT, MISS = PredictedStatus.HIT, PredictedStatus.MISS


@pytest.mark.parametrize("builder", [pytest.param("classic", marks=OF_ROOT), "buildkit"])
def test_each_commit_is_built_after_the_one_before(made: MadeRepository, builder: str) -> None:
    history = predict(made, builder)
    found = {
        each.subject: each.prediction and tuple(step.prediction for step in each.prediction.steps)
        for each in history.commits
    }
    assert found == {
        "as it was built": (HIT, HIT),
        "docs": (HIT, HIT),
        "content": (HIT, MISS),
        "a step more": (HIT, HIT, MISS),
        "content as it was": (HIT, HIT, MISS),
        "both as before": (HIT, HIT, HIT),
        "no Dockerfile": None,
        "with it again": (HIT, HIT, HIT),
    }
    (gone,) = (each for each in history.commits if each.prediction is None)
    assert gone.problem == "it has no file Dockerfile"


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_what_made_them_slow_is_named(made: MadeRepository, builder: str) -> None:
    history = predict(made, builder)
    by_subject = {each.subject: each for each in history.commits}
    (answer,) = by_subject["content"].prediction.answers  # type: ignore[union-attr]
    assert answer.headline == "Dockerfile:2  COPY a /  will miss: a changed"
    blamed = {(each.name, each.code): each.commits for each in history.blamed}
    assert blamed["a", "content"][0] == by_subject["content"].id


@OF_ROOT
def test_a_command_line_gives_a_table_and_a_document(
    made: MadeRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    against = f"{CORPUS['classic-content']}#1"
    words = ["predict", str(made.directory), "--against", against]
    assert call([*words, "--git", "HEAD~8..HEAD"]) == 1
    text = capsys.readouterr().out
    assert text.startswith("3 of 8 commits miss steps")
    assert "Dockerfile:2: a changed" in text
    assert "not predicted: it has no file Dockerfile" in text
    assert call([*words, "--git", "HEAD~8..HEAD~6"]) == 0
    assert capsys.readouterr().out.startswith("none of 2 commits is known to miss a step")
    assert call([*words, "--git", "HEAD~2..HEAD~1"]) == 3
    capsys.readouterr()
    assert call([*words, "--git", "HEAD~6..HEAD~5", "--format", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "layerfork/predict-git/1"
    (commit,) = document["commits"]
    assert commit["id"] == made.git("rev-parse", "HEAD~5")
    assert [step["prediction"] for step in commit["steps"]] == ["hit", "miss"]
    assert commit["steps"][1]["causes"][0]["path"] == "a"
    assert (commit["steps_missed"], commit["steps_unknown"], commit["problem"]) == (1, 0, None)
    assert document["blamed"][0]["commits"] == [commit["id"]]


@OF_ROOT
def test_a_file_that_a_checkout_converts_makes_its_step_unknown(made: MadeRepository) -> None:
    put(made, "attributes", {".gitattributes": "a filter=lfs\n"})
    put(made, "more of it", {"README.md": "more"})
    history = predict(made, "classic", "HEAD~2..HEAD")
    for commit in history.commits:
        assert commit.prediction is not None
        assert [step.prediction for step in commit.prediction.steps][1] is PredictedStatus.UNKNOWN
        assert commit.unmodelled == (("a", "filter=lfs"),)
    assert any(line.startswith("not modelled: a (filter=lfs)") for line in history.assumes)


def test_what_goes_not_together_is_said(made: MadeRepository, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["predict", "--git", "HEAD~1..HEAD", "--changed", "a", str(made.directory)]) == 2
    assert "--git cannot be combined with --changed" in capsys.readouterr().err


def test_a_bad_range_and_no_record_are_said(made: MadeRepository) -> None:
    with pytest.raises(UsageError, match="HEAD is not a range of commits"):
        predict(made, "classic", "HEAD")
    with pytest.raises(EvidenceError, match=r"no build of .* was recorded yet"):
        predict_histories(str(made.directory), "HEAD~1..HEAD")
