"""A build is explained also where the store has no room for it."""

from pathlib import Path

import pytest
from corpus.make import path_of
from corpus.pairs import PAIRS

from layerfork.app.compare.baseline import explain_recorded
from layerfork.app.compare.comparison import named_builds
from layerfork.errors import LayerforkError
from layerfork.record.store.recordfile import read_records
from layerfork.record.store.store import RecordStore, open_store
from layerfork.report.formats import TEXT
from layerfork.report.rendering import Look

FILE = path_of(next(pair for pair in PAIRS if pair.name == "buildkit-content-before-install"))


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordStore:
    def add(*_: object) -> None:
        raise LayerforkError("cannot write it: No space left on device")

    monkeypatch.setattr(RecordStore, "add", add)
    store = open_store(str(tmp_path / "store"))
    store.prepare()
    return store


def test_the_analysis_is_there_before_the_loss_is_said(full: RecordStore) -> None:
    losses: list[LayerforkError] = []
    *_, reader = read_records(FILE)
    reports = explain_recorded([reader], full, named_builds(f"{FILE}#1"), losses)
    assert [answer.headline for answer in reports[0].answers] != []
    assert [loss.message for loss in losses] == ["cannot write it: No space left on device"]


def test_a_first_build_that_is_lost_is_no_baseline(full: RecordStore) -> None:
    first, *_ = read_records(FILE)
    reports = explain_recorded([first], full, (), [])
    said = "this build: no earlier build of this Dockerfile is known, and this one could not be kept\n"
    assert TEXT.render("diffs", reports, Look()) == said
