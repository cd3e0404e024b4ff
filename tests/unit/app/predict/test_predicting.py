"""Predictions held against builds that did happen: records of real engines, each made on a clean cache."""

import functools
from dataclasses import fields, replace

import pytest
from unit.hypothesis.recorded import CORPUS, pair

from layerfork.app.predict.nextbuild import NextBuild
from layerfork.app.predict.predicting import predict_build
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.answer import CauseStatus
from layerfork.record.change import Change, DefinitionIs
from layerfork.record.prediction import Baseline, PredictedStatus, Prediction
from layerfork.record.record import BuildRecord, StepStatus

LOST = frozenset({"cache-empty", "cache-record-gone", "parallel-build", "unexplained"})
"""Pairs in which the cache lost what the first build had stored: no prediction can know."""


def _predict(writer: BuildRecord, reader: BuildRecord, *more: Change) -> Prediction:
    contexts = (reader.context, *reader.named_contexts)
    next_build = NextBuild(
        contexts=tuple(each for each in contexts if each is not None),
        dockerfile=reader.request.dockerfile,
        build_args=dict(reader.request.build_args),
        target=reader.request.target,
        changes=more,
    )
    return predict_build(writer, next_build, _baseline(writer))


def _baseline(record: BuildRecord) -> Baseline:
    return Baseline(id=record.id, recorded_at=record.recorded_at, age_s=0.0)


def _same_but_what_is_planned(writer: BuildRecord, reader: BuildRecord) -> bool:
    """Whether the builds differ in nothing that a prediction is not told."""
    told = ("dockerfile", "dockerfile_lines_sha256", "build_args", "target", "tags", "headers")
    requests = [
        {
            field.name: getattr(each.request, field.name)
            for field in fields(each.request)
            if field.name not in told
        }
        for each in (writer, reader)
    ]
    return (
        requests[0] == requests[1]
        and writer.builder is reader.builder
        and writer.engine == reader.engine
        and writer.builder_instance == reader.builder_instance
        and _bases(writer) == _bases(reader)
    )


def _bases(record: BuildRecord) -> object:
    """Images that the build used; BuildKit names their digests in its definition."""
    ops = record.definition.ops if record.definition is not None else ()
    known = {
        op.source.identifier for op in ops if op.source is not None and "image://" in op.source.identifier
    }
    return dict(record.base_images), known


@functools.cache
def _predictable() -> list[str]:
    """Pairs whose second build can be known from the first and from what is planned."""
    return [
        name
        for name in CORPUS
        if name.partition("-")[2] not in LOST and _same_but_what_is_planned(*pair(name))
    ]


@pytest.mark.parametrize("name", CORPUS)
def test_what_is_predicted_is_what_the_engine_did(name: str) -> None:
    """Also with the definition that a frontend made: that of the later build, in a request that nobody
    modelled, makes the prediction no other."""
    if name not in _predictable():
        return
    writer, reader = pair(name)
    prediction = _predict(writer, reader)
    certain = [step for step in prediction.steps if step.prediction is not PredictedStatus.UNKNOWN]
    if len(certain) == len(prediction.steps):
        assert len(certain) == len(reader.steps)
    actual = {step.index: step.status.value for step in reader.steps}
    assert {step.index: step.prediction.value for step in certain} == {
        step.index: actual[step.index] for step in certain
    }
    if reader.definition is None:
        return
    made = DefinitionIs(definition=reader.definition, steps=reader.steps)
    found = _predict(writer, reader, made)
    for step in found.steps:
        if step.prediction is not PredictedStatus.UNKNOWN:
            assert step.prediction.value == actual[step.index], step
    assert len(found.steps) == len(reader.steps)
    assert _unknown(found) <= _unknown(prediction)


def _unknown(prediction: Prediction) -> set[int]:
    return {step.index for step in prediction.steps if step.prediction is PredictedStatus.UNKNOWN}


def test_what_forks_cost_is_what_all_misses_cost() -> None:
    for name in _predictable():
        prediction = _predict(*pair(name))
        if prediction.count(PredictedStatus.UNKNOWN) or prediction.seconds_lost is None:
            continue
        told = sum(fork.seconds_lost or 0 for fork in prediction.judgement.forks)
        assert told == pytest.approx(prediction.seconds_lost), name


def test_most_steps_are_certain() -> None:
    steps = [step for name in _predictable() for step in _predict(*pair(name)).steps]
    unknown = [step for step in steps if step.prediction is PredictedStatus.UNKNOWN]
    assert len(steps) > 600
    assert len(unknown) < 0.1 * len(steps)
    assert all(step.reason for step in unknown)


@pytest.mark.parametrize("name", ["classic-content", "buildkit-content", "buildah-content"])
def test_a_miss_says_why_and_costs_what_the_step_took(name: str) -> None:
    writer, reader = pair(name)
    prediction = _predict(writer, reader)
    copied = next(step for step in prediction.steps if step.instruction.startswith("COPY"))
    assert copied.prediction is PredictedStatus.MISS
    assert [(cause.code, cause.path, cause.status) for cause in copied.causes] == [
        ("content", "a", CauseStatus.PROVEN)
    ]
    assert "no engine has built this" in " ".join(copied.causes[0].evidence)
    built = [step for step in writer.steps if step.status is StepStatus.MISS]
    missed = {step.index for step in prediction.steps if step.prediction is PredictedStatus.MISS}
    assert prediction.seconds_lost == pytest.approx(sum(s.seconds or 0 for s in built if s.index in missed))
    assert [answer.verb for answer in prediction.answers] == ["will miss"]


@pytest.mark.parametrize("name", sorted(CORPUS)[::20])
def test_a_build_is_predicted_to_hit_itself(name: str) -> None:
    """Unless it adds what is fetched anew, or no definition was recorded, and then what builds on that."""
    writer, _ = pair(name)
    open_lines = set[str]()
    for step in predict_build(writer, NextBuild(), _baseline(writer)).steps:
        if step.prediction is PredictedStatus.HIT:
            continue
        below = any(f"builds on {line}," in step.reason for line in open_lines)
        assert below or "http" in step.reason or "definition" in step.reason
        open_lines.add(f"line {step.line}")


@pytest.mark.parametrize("name", ["classic-content", "buildkit-content"])
def test_one_image_by_two_names_is_one_image(name: str) -> None:
    writer, _ = pair(name)
    text = (writer.request.dockerfile or "").replace("FROM alpine", "FROM docker.io/library/alpine:latest")
    assert text != writer.request.dockerfile
    found = predict_build(writer, NextBuild(dockerfile=text), _baseline(writer))
    assert [step.prediction for step in found.steps] == [PredictedStatus.HIT] * len(writer.steps)


def test_another_image_is_not_guessed_at() -> None:
    writer, _ = pair("buildkit-content")
    text = (writer.request.dockerfile or "").replace("FROM alpine", "FROM alpine:3")
    found = predict_build(writer, NextBuild(dockerfile=text), _baseline(writer))
    assert found.steps[0].prediction is PredictedStatus.UNKNOWN
    assert "the image that docker.io/library/alpine:3 refers to now is unknown" in found.steps[0].reason


def test_what_cannot_be_predicted_is_said() -> None:
    writer, _ = pair("classic-content")
    with pytest.raises(UsageError, match="no stage nowhere"):
        predict_build(writer, NextBuild(target="nowhere"), _baseline(writer))
    with pytest.raises(UsageError, match="does not parse"):
        predict_build(writer, NextBuild(dockerfile="COPY"), _baseline(writer))
    unseen = replace(writer, request=replace(writer.request, dockerfile=None))
    with pytest.raises(EvidenceError, match="does not hold the build's Dockerfile"):
        predict_build(unseen, NextBuild(), _baseline(writer))


def test_what_an_earlier_build_found_for_a_base_image_is_known() -> None:
    _, newest = pair("classic-text-and-variables")
    facts = replace(newest.base_images[0][1], image_id="sha256:" + "5" * 64)
    earlier = replace(newest, id="earlier", base_images=(("once:seen", facts),))
    next_build = NextBuild(build_args={**dict(newest.request.build_args), "BASE": "once:seen"})

    def forecasts(prediction: Prediction) -> list[PredictedStatus]:
        """Of the steps of the stage that begins with the other image."""
        own = [step for step in prediction.steps if step.stage == "s1" and step.instruction[:4] != "FROM"]
        return [step.prediction for step in own]

    alone = predict_build(newest, next_build, _baseline(newest))
    assert set(forecasts(alone)) == {PredictedStatus.UNKNOWN}
    assert not any("once:seen" in each for each in alone.assumes)
    both = predict_build(newest, next_build, _baseline(newest), (earlier,))
    assert set(forecasts(both)) == {PredictedStatus.MISS}
    assert "base image once:seen is what an earlier build found" in both.assumes
