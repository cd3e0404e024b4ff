"""Which steps an engine of a version with a known bug never finds: seen on Engine 26.1.5 and 28.5.2."""

from dataclasses import replace

import pytest

from layerfork.diagnose.enginebugs import never_found
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

ENGINE = EngineInfo(
    kind="private", version="26.1.5", api_version="1.45", image_store="graphdriver", architecture="x86_64"
)
ANEW = "FROM --platform=linux/s390x foreign\nRUN x"


def record(dockerfile: str, *, platform: str = "", **architectures: str) -> BuildRecord:
    """A classic build; base images by name, with their architectures."""
    lines = dockerfile.splitlines()
    stages = [
        sum(each.startswith("FROM") for each in lines[: number + 1]) - 1 for number in range(len(lines))
    ]
    images = {
        name: ImageFacts(image_id="", history=(), diff_ids=(), architecture=each)
        for name, each in architectures.items()
    }
    return BuildRecord(
        id="one",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.CLASSIC,
        engine=ENGINE,
        request=RecordedRequest(dockerfile=dockerfile, platform=platform),
        steps=tuple(
            StepRecord(index=number, stage=stage, instruction=text, status=StepStatus.MISS)
            for number, (text, stage) in enumerate(zip(lines, stages, strict=True), 1)
        ),
        base_images=tuple(images.items()),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def anew(build: BuildRecord) -> bool:
    return len(build.steps) in never_found(build)


def test_an_image_of_another_architecture() -> None:
    assert anew(record(ANEW))
    assert anew(record(ANEW.replace("linux/s390x", "s390x")))
    assert anew(record("FROM foreign\nRUN x", foreign="s390x"))
    assert anew(record("ARG P=linux/s390x\nFROM --platform=$P foreign\nRUN x", foreign="s390x"))
    assert anew(record("FROM --platform=linux/amd64 own\nRUN x", platform="linux/s390x"))


def test_a_stage_on_such_a_stage() -> None:
    below = "FROM --platform=linux/s390x foreign AS a\nRUN x\n"
    assert anew(record(below + "FROM a\nRUN y"))
    assert anew(record(below + "FROM --platform=linux/amd64 a\nRUN y"))
    assert not anew(record(below + "FROM own\nRUN y"))


@pytest.mark.parametrize(
    "build",
    [
        record("FROM own\nRUN x", own="amd64"),
        record("FROM nobody-knows\nRUN x"),
        record(ANEW, platform="linux/s390x"),
        record("FROM foreign\nRUN x", platform="linux/s390x", foreign="s390x"),
        record("FROM --platform=linux/386 i\nRUN x"),
        record("FROM --platform=linux/s390x scratch\nRUN x"),
        record("FROM --platform=linux/amd64 own\nRUN x"),
        record("FROM --platform=$BUILDPLATFORM own\nRUN x"),
        replace(record(ANEW), engine=replace(ENGINE, version="20.10.24")),
        replace(record(ANEW), engine=replace(ENGINE, version="25.0.1")),
        replace(record(ANEW), engine=replace(ENGINE, kind="podman")),
        replace(record(ANEW), engine=None),
        replace(record(ANEW), builder=Builder.BUILDKIT),
    ],
)
def test_what_has_no_such_image_or_engine(build: BuildRecord) -> None:
    assert not never_found(build)


def test_containerds_store_may_speak_of_another_platform_of_an_image() -> None:
    several = replace(ENGINE, image_store="containerd")
    assert not never_found(replace(record("FROM foreign\nRUN x", foreign="s390x"), engine=several))
    assert anew(replace(record(ANEW), engine=several))
