from typing import Any

import pytest

from layerfork.dockerfile import parse_dockerfile
from layerfork.dockerfile.recorded import dockerfile_of, instruction_at, printed_instruction
from layerfork.record.build import Builder
from layerfork.record.record import (
    BuildOutcome,
    BuildRecord,
    BuildResult,
    RecordedRequest,
    StepRecord,
    StepStatus,
)

TEXT = "FROM a\nRUN x \\\n  y\nCOPY --from=0 a /\n"


def record_of(dockerfile: str | None) -> BuildRecord:
    return BuildRecord(
        id="r",
        recorded_at="2026-11-25T00:00:00Z",
        builder=Builder.BUILDKIT,
        request=RecordedRequest(dockerfile=dockerfile),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def step_at(line: int) -> StepRecord:
    return StepRecord(index=1, instruction="RUN", line=line, status=StepStatus.MISS)


def test_the_dockerfile_of_a_record_is_parsed_once() -> None:
    found = dockerfile_of(record_of(TEXT))
    assert found == parse_dockerfile(TEXT)
    assert dockerfile_of(record_of(TEXT)) is found


@pytest.mark.parametrize("text", [None, "", "FROM a\nFRMO b\n"])
def test_a_record_without_a_dockerfile_that_parses_has_none(text: str | None) -> None:
    assert dockerfile_of(record_of(text)) is None


@pytest.mark.parametrize(
    ("line", "keyword"), [(1, "FROM"), (2, "RUN"), (3, "RUN"), (4, "COPY"), (0, None), (5, None)]
)
def test_an_instruction_is_found_by_the_line_of_its_step(line: int, keyword: str | None) -> None:
    found = instruction_at(dockerfile_of(record_of(TEXT)), step_at(line))
    assert (found.keyword if found is not None else None) == keyword


def test_without_a_dockerfile_no_line_says_anything() -> None:
    assert instruction_at(None, step_at(1)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY --from=s0 /o02 /from1/", {"keyword": "COPY", "flags": (("from", "s0"),)}),
        ("RUN <<EOF", {"keyword": "RUN", "arguments": ("<<EOF",)}),
        ("FROM docker.io/library/alpine:latest@sha256:00", {"keyword": "FROM"}),
        ("LINK COPY a b", None),
    ],
)
def test_what_a_builder_printed_is_parsed_by_itself(text: str, expected: dict[str, Any] | None) -> None:
    found = printed_instruction(text)
    if expected is None:
        assert found is None
        return
    assert {name: getattr(found, name) for name in expected} == expected
