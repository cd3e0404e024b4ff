"""A line that moved is named and said to be where it is, and comes after what else changed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from unit.hypothesis.recorded import pair

from layerfork.app.predict.earlierbuilds import EarlierBuilds
from layerfork.app.predict.nextbuild import NextBuild
from layerfork.app.predict.predicting import baseline_at, predict_next
from layerfork.record.context import Digest
from layerfork.record.prediction import Prediction
from layerfork.record.record import BuildRecord

RECORDED = "FROM alpine\nWORKDIR /w\nCOPY . .\nRUN echo npm ci\nRUN echo end\n"


def recorded(builder: str) -> BuildRecord:
    record, _ = pair(f"{builder}-content-before-install")
    assert record.request.dockerfile == RECORDED
    return record


def predict(builder: str, *texts: str, edited: bool = False) -> Prediction:
    """Builds of Dockerfiles, one after the other; for the last one files may be edited."""
    record = recorded(builder)
    earlier_builds, baseline = EarlierBuilds(record), baseline_at(record, datetime.now(UTC))
    for text in texts[:-1]:
        made = predict_next(earlier_builds, NextBuild(dockerfile=text), baseline).build
        assert made is not None
        earlier_builds.go_on(made)
    assert record.context is not None
    entries = tuple(
        replace(entry, content=Digest("sha256:" + "1" * 64)) if edited and entry.name == "a.js" else entry
        for entry in record.context.entries
    )
    next_build = NextBuild(dockerfile=texts[-1], contexts=(replace(record.context, entries=entries),))
    return predict_next(earlier_builds, next_build, baseline).prediction


def said(prediction: Prediction) -> dict[int, list[str]]:
    """Of each step that forks what is said to have changed."""
    return {answer.step: [point.culprit for point in answer.points] for answer in prediction.answers}


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_another_line_that_moved_is_named(builder: str) -> None:
    """The COPY is step 3 as before, and the RUN that forks is another line."""
    turned = "FROM alpine\nRUN echo npm ci\nCOPY . .\nWORKDIR /w\nRUN echo end\n"
    [(step, culprits)] = said(predict(builder, turned)).items()
    assert step == 2
    assert "the line `COPY . .` is after `RUN echo npm ci`, was after `WORKDIR /w`" in culprits
    assert not any("this line" in each for each in culprits)


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_a_line_that_moved_is_this_line(builder: str) -> None:
    text = "FROM alpine\nWORKDIR /w\nRUN echo end\nCOPY . .\nRUN echo npm ci\n"
    assert said(predict(builder, text)) == {3: ["this line is step 3, was step 5"]}


BEFORE = "FROM alpine\nRUN echo 1\nRUN echo 2\nCOPY . /d\nRUN echo 3\nRUN echo end\n"
AFTER = "FROM alpine\nRUN echo 3\nRUN echo end\nCOPY . /d\nRUN echo 1\nRUN echo 2\n"


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_at_the_same_number_it_stands_after_another_line(builder: str) -> None:
    assert said(predict(builder, BEFORE, AFTER))[4] == [
        "this line is after `RUN echo end`, was after `RUN echo 2`",
    ]


@pytest.mark.parametrize("builder", ["classic", "buildkit"])
def test_what_else_changed_comes_first(builder: str) -> None:
    prediction = predict(builder, BEFORE, AFTER, edited=True)
    fork = next(each for each in prediction.judgement.forks if each.step == 4)
    assert fork.causes[0].code == "content"
    assert fork.causes[-1].code == "instruction-order"
