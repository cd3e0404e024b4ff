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


def buildah(*steps: tuple[str, str, int]) -> BuildRecord:
    return replace(record(*steps), builder=Builder.BUILDAH)


def test_ids_that_buildah_cut_short_become_full() -> None:
    nop = "/bin/sh -c #(nop) "
    image = facts(("", "base words"), ("", f"{nop}COPY file:1 in /"), ("", "/bin/sh -c run"))
    built = buildah(("FROM alpine", "", 0), ("COPY a /", COPIED[7:18], 0), ("RUN run", OTHER, 0))
    engine = Obliging(images={"tag": image, COPIED[7:18]: replace(image, image_id=COPIED)})
    _, copied, ran = add_image_facts(built, engine.image_facts, "tag").steps
    assert (copied.identity, copied.created_by) == (COPIED, f"{nop}COPY file:1 in /")
    assert (ran.identity, ran.created_by) == (OTHER, "/bin/sh -c run")


def test_an_id_that_the_engine_knows_no_more_stays_as_it_was_shown() -> None:
    image = facts(("", "/bin/sh -c run"))
    built = buildah(("FROM alpine", "", 0), ("RUN run", COPIED[7:18], 0))
    for images in ({"tag": image}, {"tag": image, COPIED[7:18]: replace(image, image_id=OTHER)}):
        ran = add_image_facts(built, Obliging(images=images).image_facts, "tag").steps[1]
        assert ran.identity == COPIED[7:18]


def test_a_base_that_buildah_shows_no_id_of_has_the_one_that_the_engine_knows() -> None:
    engine = Obliging(images={"alpine": facts((BASE, "base"))})
    first, second = buildah(("FROM alpine", "", 0), ("COPY a /", "", 0)).steps
    built = replace(buildah(), steps=(replace(first, instruction="FROM --platform=x alpine AS a"), second))
    first, second = add_base_facts(built, engine.image_facts).steps
    assert (first.identity, second.identity) == (BASE, "")


def test_a_stage_with_the_name_of_an_image_is_no_image() -> None:
    engine = Obliging(images={"alpine": facts((BASE, "base"))})
    first, second = buildah(("FROM alpine AS alpine", "", 0), ("FROM alpine", "", 1)).steps
    built = replace(buildah(), steps=(replace(first, stage_name="alpine"), second))
    assert [step.identity for step in add_base_facts(built, engine.image_facts).steps] == [BASE, ""]


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
