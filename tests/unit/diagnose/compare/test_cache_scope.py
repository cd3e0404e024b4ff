"""Caches that a build could not or must not look into: lists of images, imports, stores."""

from dataclasses import replace

import pytest
from unit.diagnose.makers import ENGINE, Cache, Line, build, digest, from_line

from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.diagnose.compare.sharedcaches import cache_is_off
from layerfork.record.answer import CauseStatus
from layerfork.record.build import Builder
from layerfork.record.engine import ImageFacts, ImageStep
from layerfork.record.record import RecordedRequest, StepStatus, Vertex

PROVEN, SUSPECTED = CauseStatus.PROVEN, CauseStatus.SUSPECTED
LINES = (from_line(), Line(text="RUN a"), Line(text="RUN b"))


def gone(made: JudgedBuild) -> JudgedBuild:
    """The same build, with all but FROM executed anew."""
    steps = tuple(
        step
        if step.index == 1
        else replace(step, status=StepStatus.MISS, identity=digest(f"again {step.index}"))
        for step in made.record.steps
    )
    return replace(made, record=replace(made.record, steps=steps))


def causes(writer: JudgedBuild, reader: JudgedBuild) -> list[tuple[str, CauseStatus]]:
    return [(cause.code, cause.status) for fork in explain_pair(writer, reader) for cause in fork.causes]


def image(*ids: str) -> ImageFacts:
    rows = tuple(ImageStep(created_by="x", image_id=each) for each in ids)
    return ImageFacts(image_id=ids[-1], history=rows, diff_ids=())


@pytest.mark.parametrize(
    ("knows", "stands_on_it", "control", "status"),
    [
        (True, False, "hit", PROVEN),
        (True, True, "hit", SUSPECTED),
        (True, False, "miss", SUSPECTED),
        (False, False, "hit", SUSPECTED),
    ],
)
def test_list_of_images_is_proven_by_their_histories(
    knows: bool, stands_on_it: bool, control: str, status: CauseStatus
) -> None:
    cache = Cache()
    writer, reader = build("writer", LINES, cache), gone(build("reader", LINES, cache))
    writer = replace(writer, control=control)
    listed = image(digest("other"), writer.record.steps[1].identity if stands_on_it else digest("more"))
    record = replace(
        reader.record,
        request=RecordedRequest(cache_from=("other:1",)),
        base_images=(("other:1", listed),) if knows else (),
    )
    assert causes(writer, replace(reader, record=record)) == [("cache-from", status)]


@pytest.mark.parametrize("version", ["26.1.5", "28.5.2"])
def test_import_that_failed_is_all_that_is_said(version: str) -> None:
    writer = build("writer", LINES, Cache(), builder=Builder.BUILDKIT)
    engine = replace(ENGINE, version=version, instance="engine-2")
    request = RecordedRequest(cache_from=("type=registry,ref=host/cache",))
    reader = gone(build("reader", LINES, Cache(), builder=Builder.BUILDKIT, engine=engine, request=request))
    vertex = Vertex(digest=digest("v"), name="importing cache manifest from host/cache", error="not found")
    reader = replace(reader, record=replace(reader.record, vertices=(vertex,)))
    assert causes(writer, reader) == [("cache-not-imported", PROVEN)]


def test_other_store_of_one_engine_comes_before_buildkits_id_in_it() -> None:
    writer = build("writer", LINES, Cache(), builder=Builder.BUILDKIT)
    engine = replace(ENGINE, image_store="containerd")
    reader = gone(build("reader", LINES, Cache(), builder=Builder.BUILDKIT, engine=engine))
    writer = replace(writer, record=replace(writer.record, builder_instance="one"))
    reader = replace(reader, record=replace(reader.record, builder_instance="another"))
    assert causes(writer, reader)[0] == ("image-store", PROVEN)


@pytest.mark.parametrize(
    ("version", "options", "off"),
    [
        ("3.0.1", (), True),
        ("3.4.4", (), True),
        ("4.0.0", (), False),
        ("5.4.2", (), False),
        ("3.0.1", (("layers", "true"),), False),
    ],
)
def test_the_service_of_an_old_podman_has_no_cache_for_dockers_clients(
    version: str, options: tuple[tuple[str, str], ...], off: bool
) -> None:
    request = RecordedRequest(options=options, headers=(("User-Agent", "Docker-Client"),))
    engine = replace(ENGINE, kind="host", version=version, components=())
    cache = Cache()
    build("writer", LINES, cache, builder=Builder.BUILDAH, engine=engine, request=request)
    reader = build("reader", LINES, cache, builder=Builder.BUILDAH, engine=engine, request=request)

    assert not cache_is_off(reader.record)  # every step was reused, whatever the version
    assert cache_is_off(gone(reader).record) is off
