"""Builders in containers, remote ones, BuildKit without Docker: nobody asks them for the layers of images."""

from dataclasses import replace

import pytest
from unit.hypothesis.recorded import pair

from layerfork.app.predict.nextbuild import NextBuild
from layerfork.app.predict.predicting import predict_build
from layerfork.record.answer import CauseStatus
from layerfork.record.prediction import Baseline, PredictedStatus, Prediction
from layerfork.record.record import BuildRecord

HIT, MISS, UNKNOWN = PredictedStatus.HIT, PredictedStatus.MISS, PredictedStatus.UNKNOWN
ALPINE = "docker-image://docker.io/library/alpine:latest"
ONE, OTHER = "@sha256:" + "1" * 64, "@sha256:" + "2" * 64


def builds(digest: str = "", before: str | None = None) -> tuple[BuildRecord, BuildRecord]:
    """Two real builds between which a file's content changed, the first a day before, as such a builder would
    have been recorded: the definition names the image's digest, or its name alone."""
    first, second = pair("buildkit-content")
    first = replace(first, recorded_at="2026-01-01T00:00:00Z")
    second = replace(second, recorded_at="2026-01-02T00:00:00Z")
    return _as_named(first, digest if before is None else before), _as_named(second, digest)


def _as_named(record: BuildRecord, digest: str) -> BuildRecord:
    assert record.definition is not None
    ops = tuple(
        replace(op, source=replace(op.source, identifier=ALPINE + digest))
        if op.source is not None and op.source.identifier == ALPINE
        else op
        for op in record.definition.ops
    )
    return replace(record, base_images=(), definition=replace(record.definition, ops=ops))


def predict(record: BuildRecord, sent: BuildRecord, *earlier: BuildRecord) -> Prediction:
    """With what another build sent."""
    assert sent.context is not None
    baseline = Baseline(id=record.id, recorded_at=record.recorded_at, age_s=0.0)
    return predict_build(record, NextBuild(contexts=(sent.context,)), baseline, earlier)


def forecasts(prediction: Prediction) -> tuple[PredictedStatus, ...]:
    return tuple(step.prediction for step in prediction.steps)


@pytest.mark.parametrize("digest", ["", ONE])
def test_what_is_the_same_is_found(digest: str) -> None:
    first, _ = builds(digest)
    assert forecasts(predict(first, first)) == (HIT, HIT)


@pytest.mark.parametrize("digest", ["", ONE])
def test_what_changed_is_missed_and_proven(digest: str) -> None:
    first, second = builds(digest)
    prediction = predict(first, second)
    assert forecasts(prediction) == (HIT, MISS)
    assert [(cause.code, cause.status) for cause in prediction.steps[1].causes] == [
        ("content", CauseStatus.PROVEN)
    ]


@pytest.mark.parametrize(
    ("digest", "before", "forecast"),
    [(ONE, ONE, HIT), (ONE, OTHER, UNKNOWN), ("", "", UNKNOWN), (ONE, "", UNKNOWN), ("", ONE, UNKNOWN)],
)
def test_an_earlier_build_counts_where_it_had_the_same_image(
    digest: str, before: str, forecast: PredictedStatus
) -> None:
    """The file is again as the first build had it: only of one digest the layers are surely the same; of
    two digests they may be, and what a name meant the day before nobody knows."""
    first, second = builds(digest, before)
    assert forecasts(predict(second, first, first)) == (HIT, forecast)
