"""The engine's word about images beside what the wire showed."""

from dataclasses import replace

from fakes.engines import Obliging

from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts
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


def dated(*rows: tuple[str, str]) -> ImageFacts:
    """An image as BuildKit makes it, on a base image that BuildKit made, too."""
    base = (ImageStep(created_by="COPY old / # buildkit", image_id="", created_at="long ago"),)
    own = tuple(ImageStep(created_by=words, image_id="", created_at=time) for words, time in rows)
    return ImageFacts(image_id=COPIED, history=(*base, *own), diff_ids=())


def by_buildkit(dockerfile: str, *steps: tuple[int, str]) -> BuildRecord:
    built = record(*((words, "", stage) for stage, words in steps))
    request = replace(built.request, dockerfile=dockerfile)
    return replace(built, builder=Builder.BUILDKIT, request=request)


def times(built: BuildRecord, image: ImageFacts) -> list[str]:
    engine = Obliging(images={COPIED[7:19]: image})
    return [step.created_at for step in add_image_facts(built, engine.image_facts, "").steps]


STAGES = "FROM x AS a\nRUN one\nENV A=1\nFROM x AS b\nRUN other\nFROM a\nCOPY f /\nLABEL b=c\n"


def test_layers_of_the_result_have_their_times() -> None:
    built = by_buildkit(STAGES, (0, "FROM x"), (0, "RUN one"), (1, "RUN other"), (2, "COPY f /"))
    image = dated(
        ("RUN /bin/sh -c one # buildkit", "1"),
        ("ENV A=1", "2"),
        ("COPY f / # buildkit", "3"),
        ("LABEL b=c", "3"),
    )
    assert times(built, image) == ["", "1", "", "3"]


def test_rows_that_do_not_fit_the_steps_tell_nothing() -> None:
    built = by_buildkit(STAGES, (0, "FROM x"), (0, "RUN one"), (2, "COPY f /"))
    assert times(built, dated(("COPY f / # buildkit", "1"), ("RUN one # buildkit", "2"))) == [""] * 3
    assert times(built, dated()) == [""] * 3


def test_steps_of_the_classic_builder_have_the_times_of_their_images() -> None:
    image = ImageFacts(
        image_id=COPIED,
        history=(
            ImageStep(created_by="base", image_id=BASE, created_at="1"),
            ImageStep(created_by="COPY words", image_id=COPIED, created_at="2"),
        ),
        diff_ids=(),
    )
    built = record(("FROM alpine", BASE[7:19], 0), ("COPY a /", COPIED[7:19], 0))
    assert times(built, image) == ["", "2"]
