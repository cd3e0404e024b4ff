"""Steps of a build that asked for no output: only what the image's history really shows."""

from dataclasses import replace

import pytest

from layerfork.builders.recording.imagefacts import add_quiet_steps
from layerfork.record.build import Builder
from layerfork.record.engine import ImageFacts, ImageStep
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

BASE, RAN, LABELLED = (ImageStep(image_id="sha256:" + each * 64, created_by=each) for each in "brl")


def facts(*rows: ImageStep) -> ImageFacts:
    return ImageFacts(image_id=rows[-1].image_id, history=rows, diff_ids=())


QUIET = BuildRecord(
    id="one",
    recorded_at="2026-01-02T03:04:05Z",
    builder=Builder.CLASSIC,
    request=RecordedRequest(dockerfile="FROM alpine\nRUN true\n"),
    base_images=(("alpine", facts(BASE)),),
    result=BuildResult(outcome=BuildOutcome.SUCCEEDED, image=facts(BASE, RAN)),
)


def test_each_instruction_has_the_image_that_the_history_shows() -> None:
    first, second = add_quiet_steps(QUIET).steps
    assert (first.instruction, first.identity, first.created_by) == ("FROM alpine", BASE.image_id, "")
    assert (second.instruction, second.identity, second.created_by) == ("RUN true", RAN.image_id, "r")
    assert second.status is StepStatus.UNKNOWN, "nobody said whether it was reused"


def test_a_label_that_the_client_adds_is_a_step_of_its_own() -> None:
    image = facts(BASE, RAN, LABELLED)
    steps = add_quiet_steps(replace(QUIET, result=replace(QUIET.result, image=image))).steps
    assert [(step.instruction, step.identity) for step in steps[2:]] == [("l", LABELLED.image_id)]


def with_dockerfile(text: str | None) -> BuildRecord:
    return replace(QUIET, request=replace(QUIET.request, dockerfile=text))


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(replace(QUIET, builder=Builder.BUILDKIT), id="another-builder"),
        pytest.param(
            replace(QUIET, steps=(StepRecord(index=1, instruction="FROM x", status=StepStatus.HIT),)),
            id="steps-were-printed",
        ),
        pytest.param(replace(QUIET, result=replace(QUIET.result, image=None)), id="no-image"),
        pytest.param(replace(QUIET, base_images=()), id="no-base"),
        pytest.param(replace(QUIET, base_images=(("alpine", facts(LABELLED)),)), id="another-base"),
        pytest.param(with_dockerfile(None), id="no-dockerfile"),
        pytest.param(with_dockerfile("FROM alpine\nNONSENSE\n"), id="no-dockerfile-that-parses"),
        pytest.param(with_dockerfile("FROM alpine AS a\nRUN true\nFROM a\n"), id="two-stages"),
        pytest.param(with_dockerfile("ARG V\nFROM alpine\nRUN true\n"), id="an-argument-before-from"),
        pytest.param(with_dockerfile("FROM alpine\nRUN true\nRUN x\nRUN y\n"), id="more-than-the-history"),
    ],
)
def test_nothing_is_said_where_the_history_does_not_show_it(record: BuildRecord) -> None:
    assert add_quiet_steps(record) == record
