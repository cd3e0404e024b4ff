"""What layers say against what builders say."""

from dataclasses import replace

from layerfork.diagnose.classes import step_layers
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild
from layerfork.diagnose.warnings import layer_contradictions
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, StepRecord, StepStatus

BASE = ImageFacts(image_id="sha256:base", history=(), diff_ids=("base",))


def build(client: str, *steps: tuple[str, StepStatus, str]) -> JudgedBuild:
    """A build from instruction, status and layer of each step after FROM."""
    record = BuildRecord(
        id=client,
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.BUILDKIT,
        steps=(
            StepRecord(index=1, instruction="FROM alpine", status=StepStatus.HIT),
            *(
                StepRecord(index=index, instruction=instruction, status=status)
                for index, (instruction, status, _) in enumerate(steps, start=2)
            ),
        ),
        result=BuildResult(
            outcome=BuildOutcome.SUCCEEDED,
            image=ImageFacts(
                image_id=client, history=(), diff_ids=("base", *(layer for *_, layer in steps if layer))
            ),
        ),
        base_images=(("alpine", BASE),),
    )
    return JudgedBuild(client=client, record=record, keys=BuildKeys(rules="buildkit", steps=()))


MISS, HIT = StepStatus.MISS, StepStatus.HIT


def test_honest_builds_give_no_warning() -> None:
    builds = [
        build("one", ("RUN random", MISS, "a"), ("ENV X=1", MISS, ""), ("COPY f /", MISS, "b")),
        build("two", ("RUN random", HIT, "a"), ("ENV X=1", HIT, ""), ("COPY f /", MISS, "c")),
    ]
    assert list(layer_contradictions(builds, random_runs=True)) == []


def test_a_hit_whose_layer_nobody_stored_is_reported() -> None:
    builds = [build("one", ("RUN random", MISS, "a")), build("two", ("RUN random", HIT, "z"))]
    (caution,) = layer_contradictions(builds)
    assert (caution.code, caution.client, caution.step) == ("contradiction", "two", 2)


def test_a_miss_with_the_layer_of_an_earlier_random_run_is_reported() -> None:
    builds = [build("one", ("RUN random", MISS, "a")), build("two", ("RUN random", MISS, "a"))]
    (caution,) = layer_contradictions(builds, random_runs=True)
    assert "the one of one" in caution.text
    assert list(layer_contradictions(builds)) == []


def test_layers_that_cannot_be_matched_say_nothing() -> None:
    one = build("one", ("RUN random", MISS, "a"), ("COPY f /", MISS, "b"))
    assert len(step_layers(one.record)) == 2
    assert step_layers(replace(one.record, base_images=())) == ()
    fewer = replace(one.record.result, image=ImageFacts(image_id="x", history=(), diff_ids=("base", "a")))
    assert step_layers(replace(one.record, result=fewer)) == ()
    other = replace(one.record.result, image=ImageFacts(image_id="x", history=(), diff_ids=("x", "a", "b")))
    assert step_layers(replace(one.record, result=other)) == ()


def test_a_layer_may_be_of_a_build_that_has_no_image() -> None:
    failed = build("failed", ("RUN random", MISS, ""))
    failed = replace(failed, record=replace(failed.record, result=BuildResult(outcome=BuildOutcome.FAILED)))
    first, last = build("one", ("RUN random", MISS, "a")), build("two", ("RUN random", HIT, "z"))

    assert list(layer_contradictions([first, failed, last])) == []
    assert len(list(layer_contradictions([first, last]))) == 1
