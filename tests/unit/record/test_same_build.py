"""Which builds are the same build, made again."""

from dataclasses import replace

import pytest

from layerfork.record.build import Builder
from layerfork.record.context import ContextManifest, Transport
from layerfork.record.record import (
    BuildKind,
    BuildOutcome,
    BuildPlace,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    agreement,
    build_kind_of,
)

RECORD = BuildRecord(
    id="r",
    recorded_at="2026-01-02T03:04:05Z",
    builder=Builder.CLASSIC,
    place=BuildPlace(directory="/w/p", ran_in="/w"),
    request=RecordedRequest(dockerfile_name="Dockerfile"),
    result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
)


def test_the_kind_of_a_build_is_what_its_record_shows() -> None:
    assert build_kind_of(RECORD) == BuildKind(directory="/w/p", ran_in="/w", dockerfile="Dockerfile")
    unknown = replace(RECORD, place=BuildPlace(ran_in="/w"))
    assert build_kind_of(unknown).directory == "/w"
    remote = ContextManifest(transport=Transport.TAR, entries=(), remote="https://x/y.git")
    assert build_kind_of(replace(unknown, context=remote)).directory == "https://x/y.git"


@pytest.mark.parametrize(
    ("place", "name", "dockerfile"),
    [
        (BuildPlace(directory="/w/p"), "sub/Dockerfile", "sub/Dockerfile"),
        (BuildPlace(directory="/w/p", dockerfile="/w/p/sub/D"), "D", "sub/D"),
        (BuildPlace(directory="/w/p", dockerfile="/w/D"), "D", "../D"),
        (BuildPlace(directory="/w/p"), ".dockerfile.0a1b2c3d4e5f60718293", ""),
    ],
)
def test_a_dockerfile_is_known_by_its_place_in_the_context(
    place: BuildPlace, name: str, dockerfile: str
) -> None:
    build = replace(RECORD, place=place, request=RecordedRequest(dockerfile_name=name))
    assert build_kind_of(build).dockerfile == dockerfile


def test_a_service_is_known_by_its_name_or_its_label() -> None:
    labels = (("com.docker.compose.service", "web"),)
    labelled = replace(RECORD, request=RecordedRequest(labels=labels))
    named = replace(RECORD, place=replace(RECORD.place, name="web"))
    assert build_kind_of(labelled).name == build_kind_of(named).name == "web"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1),
        ({"name": "web"}, 1),
        ({"dockerfile": ""}, 0),
        ({"dockerfile": "other/Dockerfile"}, None),
        ({"target": "test"}, None),
        ({"platform": "linux/arm64"}, None),
    ],
)
def test_what_one_does_not_show_may_be_the_others(changes: dict[str, str], expected: int | None) -> None:
    kind = build_kind_of(RECORD)
    assert agreement(kind, replace(kind, **changes)) == expected
    assert agreement(replace(kind, **changes), kind) == expected


def test_two_services_of_one_directory_are_two_builds() -> None:
    web, api = (replace(build_kind_of(RECORD), name=name) for name in ("web", "api"))
    assert agreement(web, api) is None
    assert agreement(web, web) == 2


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        (BuildKind(directory="/w/p", ran_in="/w"), "p"),
        (BuildKind(directory="/w", ran_in="/w", dockerfile="Dockerfile"), "."),
        (BuildKind(directory="/w", ran_in="/w", dockerfile="a/D", target="t"), ". (a/D, target t)"),
        (
            BuildKind(directory="/w", ran_in="/w", name="web", dockerfile="a/D", platform="linux/arm64"),
            "web (linux/arm64)",
        ),
        (BuildKind(directory="/v", ran_in="/w"), "/v"),
        (BuildKind(directory="https://x/y.git", ran_in="/w"), "https://x/y.git"),
    ],
)
def test_builds_are_told_apart_by_what_they_are_called(kind: BuildKind, label: str) -> None:
    assert kind.label == label


@pytest.mark.parametrize(
    ("asked", "platform"),
    [
        ("linux/arm64,linux/amd64", "linux/amd64,linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("", ""),
    ],
)
def test_platforms_are_one_however_they_are_written(asked: str, platform: str) -> None:
    assert build_kind_of(replace(RECORD, request=RecordedRequest(platform=asked))).platform == platform
