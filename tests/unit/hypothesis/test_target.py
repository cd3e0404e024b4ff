"""Stages that a target needs, written down for one Dockerfile."""

import pytest

from layerfork.dockerfile import parse_dockerfile
from layerfork.hypothesis.requestchanges import needed_stages
from layerfork.record.build import Builder

TEXT = """\
ARG BASE=alpine
ARG OTHER=$TARGETARCH
FROM alpine AS zero
RUN true
FROM ${BASE} AS one
RUN true
FROM alpine AS two
COPY --from=one / /
FROM ${OTHER} AS three
"""


@pytest.mark.parametrize(
    ("target", "given", "needed"),
    [
        ("zero", {}, {0}),
        ("one", {}, {1}),
        ("one", {"BASE": "zero"}, {0, 1}),
        ("two", {}, {1, 2}),
        ("two", {"BASE": "zero"}, {0, 1, 2}),
        ("three", {}, {0, 1, 2, 3}),
        ("three", {"OTHER": "two"}, {1, 2, 3}),
        ("", {"OTHER": "alpine"}, {3}),
    ],
)
def test_stages_behind_a_target(target: str, given: dict[str, str], needed: set[int]) -> None:
    dockerfile = parse_dockerfile(TEXT, "Dockerfile")
    assert needed_stages(dockerfile, target, Builder.BUILDKIT, given) == needed
    assert needed_stages(dockerfile, "two", Builder.CLASSIC, given) == {0, 1, 2}
