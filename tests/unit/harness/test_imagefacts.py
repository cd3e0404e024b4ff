"""The engine's word about images beside what the wire showed."""

from dataclasses import replace

from fakes.engines import Obliging

from layerfork.harness.recording.imagefacts import add_base_facts, add_image_facts
from layerfork.model.build import Builder
from layerfork.model.engine import ImageFacts, ImageStep
from layerfork.model.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

BASE, COPIED, OTHER = ("sha256:" + digit * 64 for digit in "abc")


def facts(*rows: tuple[str, str]) -> ImageFacts:
    history = tuple(ImageStep(image_id=image_id, created_by=words) for image_id, words in rows)
    return ImageFacts(image_id=rows[-1][0], history=history, diff_ids=("x",))


def record(*steps: tuple[str, str, int]) -> BuildRecord:
    return BuildRecord(
        id="one",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.CLASSIC,
        request=RecordedRequest(dockerfile_name="Dockerfile", dockerfile="FROM alpine\nCOPY a /\n"),
        steps=tuple(
            StepRecord(
                index=number, stage=stage, instruction=words, status=StepStatus.MISS, identity=identity
            )
            for number, (words, identity, stage) in enumerate(steps, 1)
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED, image_id=COPIED[7:19]),
    )


def test_short_ids_become_full_and_get_their_history() -> None:
    engine = Obliging(images={"tag": facts((BASE, "base words"), (COPIED, "COPY words"))})
    built = record(("FROM alpine", BASE[7:19], 0), ("COPY a /", COPIED[7:19], 0))
    first, second = add_image_facts(built, engine.image_facts, "tag").steps
    assert (first.identity, first.created_by) == (BASE, "")
    assert (second.identity, second.created_by) == (COPIED, "COPY words")


def test_stages_outside_the_final_image_are_asked_for() -> None:
    engine = Obliging(
        images={"tag": facts((COPIED, "COPY words")), OTHER[7:19]: facts((OTHER, "other words"))}
    )
    built = record(("FROM alpine", BASE[7:19], 0), ("RUN x", OTHER[7:19], 0), ("COPY a /", COPIED[7:19], 1))
    assert add_image_facts(built, engine.image_facts, "tag").steps[1].created_by == "other words"


def test_an_image_of_another_name_is_asked_for_by_id() -> None:
    engine = Obliging(images={COPIED[7:19]: facts((COPIED, "COPY words"))})
    built = record(("COPY a /", COPIED[7:19], 0))
    assert add_image_facts(built, engine.image_facts, "another").steps[0].created_by == "COPY words"


def test_failed_builds_and_lost_images_leave_the_record_as_it_was() -> None:
    built = record(("COPY a /", COPIED[7:19], 0))
    assert add_image_facts(built, Obliging().image_facts, "tag") == built
    failed = replace(built, result=BuildResult(outcome=BuildOutcome.FAILED))
    engine = Obliging(images={"tag": facts((COPIED, "COPY words"))})
    assert add_image_facts(failed, engine.image_facts, "tag") == failed


def test_base_images_are_those_that_the_engine_has() -> None:
    engine = Obliging(images={"alpine": facts((BASE, "base"))})
    ((reference, found),) = add_base_facts(record(), engine.image_facts).base_images
    assert (reference, found.image_id) == ("alpine", BASE)
    assert add_base_facts(record(), Obliging().image_facts).base_images == ()
    unseen = replace(record(), request=RecordedRequest())
    assert add_base_facts(unseen, engine.image_facts).base_images == ()
