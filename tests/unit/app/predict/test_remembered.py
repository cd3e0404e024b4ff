"""A prediction is only taken from memory while everything that it was made of is the same."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.hypothesis.recorded import CORPUS

from layerfork.app.predict import nearestbuilds, remembered
from layerfork.app.predict.nextbuild import PredictOptions
from layerfork.record.prediction import PredictedStatus, Prediction

DAY_S = 86_400.0


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a record's build sent, left alone for an hour."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    now = time.time_ns() + 3600 * 10**9
    monkeypatch.setattr("layerfork.context.walk.time.time_ns", lambda: now)
    root = tmp_path / "context"
    root.mkdir()
    (root / "Dockerfile").write_text("FROM alpine\nCOPY a /\n")
    (root / "a").write_text("one")
    (tmp_path / "record.jsonl").write_bytes(CORPUS["classic-content"].read_bytes())
    return root


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was really predicted: paths that were asked for."""
    paths: list[str] = []
    really = nearestbuilds.predict_each

    def predict_each(
        path: str, asked: PredictOptions, **options: Any
    ) -> tuple[nearestbuilds.PredictionWithInputs, ...]:
        paths.append(path)
        return really(path, asked, **options)

    monkeypatch.setattr(nearestbuilds, "predict_each", predict_each)
    return paths


def predict(root: Path, asked: PredictOptions | None = None, max_age_s: float | None = None) -> Prediction:
    against = f"{root.parent / 'record.jsonl'}#1"
    (found,) = remembered.predict_builds(
        str(root), asked or PredictOptions(), against=against, max_age_s=max_age_s
    )
    return found


def ageless(prediction: Prediction) -> Prediction:
    steps = tuple(replace(step, age_s=None) for step in prediction.steps)
    return replace(prediction, steps=steps, against=replace(prediction.against, age_s=0.0))


def test_the_same_question_is_answered_from_memory(root: Path, made: list[str]) -> None:
    first = predict(root)
    assert ageless(predict(root)) == ageless(first)
    assert len(made) == 1
    (root / "a").write_text("two")
    missed = predict(root)
    assert missed.count(PredictedStatus.MISS) == 1
    assert ageless(predict(root)) == ageless(missed)
    assert len(made) == 2


def kept(store: Path) -> None:
    store.mkdir(parents=True)
    (store / "new").write_text("")


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda root: (root / "a").write_text("two"),
    "mode": lambda root: (root / "a").chmod(0o755),
    "new file": lambda root: (root / "b").write_text("new"),
    "Dockerfile": lambda root: (root / "Dockerfile").write_text("FROM alpine\nCOPY a /other\n"),
    "ignore file": lambda root: (root / ".dockerignore").write_text("b\n"),
    "record": lambda root: os.utime(root.parent / "record.jsonl"),
    "another record": lambda root: (root.parent / "record.jsonl").write_bytes(
        CORPUS["classic-mode"].read_bytes()
    ),
    "a build that was kept": lambda root: kept(root.parent / "state/layerfork/records"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_anything_else_is_predicted(root: Path, made: list[str], change: str) -> None:
    predict(root)
    CHANGES[change](root)
    predict(root)
    assert len(made) == 2


def test_a_dockerfile_that_is_not_sent_is_looked_at(root: Path, made: list[str]) -> None:
    (root / ".dockerignore").write_text("Dockerfile\n.dockerignore\n")
    predict(root)
    (root / "Dockerfile").write_text("FROM alpine\nCOPY a /other\n")
    assert predict(root).count(PredictedStatus.MISS) == 1
    assert len(made) == 2


@pytest.mark.parametrize(
    "asked",
    [
        PredictOptions(build_args=(("A", "secret"),)),
        PredictOptions(changed=("a",)),
        PredictOptions(target="0"),
    ],
)
def test_another_question_has_another_answer(root: Path, made: list[str], asked: PredictOptions) -> None:
    predict(root)
    predict(root, asked)
    assert len(made) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="the record was made of files of root, whose owner counts")
def test_ages_go_on(root: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = predict(root)
    now = time.time() + 10 * DAY_S
    monkeypatch.setattr("layerfork.app.predict.remembered.time.time", lambda: now)
    later = predict(root, max_age_s=5 * DAY_S)
    assert len(made) == 1
    assert later.against.age_s == pytest.approx(first.against.age_s + 10 * DAY_S, abs=60)
    for before, after in zip(first.steps, later.steps, strict=True):
        if before.age_s is not None and after.age_s is not None:
            assert after.age_s == pytest.approx(before.age_s + 10 * DAY_S, abs=60)
            assert after.over_age
    assert any(step.over_age for step in later.steps)


def test_a_damaged_memory_is_no_memory(root: Path, made: list[str]) -> None:
    predict(root)
    (file,) = (root.parent / "cache/layerfork/contexts").glob("*.prediction")
    file.write_bytes(file.read_bytes()[:-1])
    predict(root)
    assert len(made) == 2


def test_code_that_has_changed_predicts_anew(
    root: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    predict(root)
    code = root.parent / "code"
    (code / "app" / "predict").mkdir(parents=True)
    (code / "rules.py").write_text("")
    monkeypatch.setattr(remembered, "__file__", str(code / "app" / "predict" / "remembered.py"))
    remembered._form.cache_clear()
    predict(root)
    predict(root)
    assert len(made) == 2
    os.utime(code / "rules.py", ns=(1, 1))
    remembered._form.cache_clear()
    predict(root)
    assert len(made) == 3
    remembered._form.cache_clear()
