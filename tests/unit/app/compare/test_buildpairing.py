"""Which build of one file is which build of another."""

from collections.abc import Sequence

import pytest

from layerfork.app.compare.buildpairing import NamedRecord, last_of_each_kind, most_alike, pair_builds
from layerfork.record.build import Builder
from layerfork.record.record import (
    BuildOutcome,
    BuildPlace,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.store.recordfile import StoredRecord


def build(
    name: str,
    directory: str = "",
    *,
    ran_in: str = "",
    service: str = "",
    dockerfile: str = "Dockerfile",
    target: str = "",
    platform: str = "",
    steps: Sequence[str] = (),
) -> NamedRecord:
    record = BuildRecord(
        id=name,
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.BUILDKIT,
        place=BuildPlace(directory=directory, ran_in=ran_in, name=service),
        request=RecordedRequest(dockerfile_name=dockerfile, target=target, platform=platform),
        steps=tuple(
            StepRecord(index=index, instruction=text, status=StepStatus.MISS)
            for index, text in enumerate(steps, 1)
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )
    return NamedRecord(name=name, stored=StoredRecord(outline=record))


def paired(writers: Sequence[NamedRecord], readers: Sequence[NamedRecord]) -> list[tuple[str, str]]:
    return [(left.name, right.name) for left, right in pair_builds(writers, readers).pairs]


def test_one_build_of_each_is_a_pair_whatever_they_are() -> None:
    assert paired([build("a", "/ci/x", target="t")], [build("b", "/me/y", dockerfile="Other")]) == [
        ("a", "b")
    ]


def test_of_one_kind_the_last_counts() -> None:
    first, second = build("first", "/w"), build("second", "/w")
    other = build("other", "/w", target="t")
    assert [each.name for each in last_of_each_kind([first, other, second])] == ["other", "second"]


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("service", ("one", "two")),
        ("dockerfile", ("a/Dockerfile", "b/Dockerfile")),
        ("target", ("", "test")),
        ("platform", ("linux/amd64", "linux/arm64")),
    ],
)
def test_what_is_on_record_of_them_decides(fact: str, values: tuple[str, str]) -> None:
    writers = [build(f"w{value}", "/ci/p", **{fact: value}) for value in values]
    readers = [build(f"r{value}", "/me/p", **{fact: value}) for value in reversed(values)]
    assert paired(writers, readers) == [(f"w{value}", f"r{value}") for value in reversed(values)]


def test_directories_of_two_machines_have_one_name_or_one_place() -> None:
    writers = [build("one", "/ci/repo/one", ran_in="/ci/repo"), build("top", "/ci/repo", ran_in="/ci/repo")]
    readers = [build("TOP", "/me/src", ran_in="/me/src"), build("ONE", "/me/src/one", ran_in="/me/src/one")]
    assert paired(writers, readers) == [("top", "TOP"), ("one", "ONE")]


def test_a_service_may_lie_in_a_directory_of_another_name() -> None:
    writers = [build("a", "/ci/repo", service="web"), build("b", "/ci/repo", service="api")]
    readers = [build("c", "/me/src", service="api"), build("d", "/me/src", service="web")]
    assert paired(writers, readers) == [("b", "c"), ("a", "d")]


def test_what_nothing_else_tells_apart_is_told_by_its_instructions() -> None:
    writers = [build("a", "/x/p", steps=("FROM a", "RUN a")), build("b", "/y/p", steps=("FROM b", "RUN b"))]
    readers = [build("c", "/z/p", steps=("FROM b", "RUN b", "RUN c")), build("d", "/v/p", steps=("FROM a",))]
    assert paired(writers, readers) == [("b", "c"), ("a", "d")]


def test_what_the_other_file_has_not_is_left() -> None:
    writers = [build("a", "/p", service="web"), build("b", "/p", service="old")]
    readers = [build("c", "/p", service="web"), build("d", "/p", service="new")]
    pairing = pair_builds(writers, readers)
    assert [(left.name, right.name) for left, right in pairing.pairs] == [("a", "c")]
    assert [each.name for each in pairing.only_writers] == ["b"]
    assert [each.name for each in pairing.only_readers] == ["d"]


def test_a_single_build_finds_its_own_among_others() -> None:
    record = build("x", "/p", service="web").record
    others = [build("a", "/q", service="api"), build("b", "/q", service="web")]
    found = most_alike(record, others)
    assert found is not None
    assert found.name == "b"
    assert most_alike(record, others[:1]) is None
