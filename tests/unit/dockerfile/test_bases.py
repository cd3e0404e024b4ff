"""Which images a Dockerfile needs."""

import pytest

from layerfork.dockerfile import parse_dockerfile
from layerfork.dockerfile.bases import base_references


@pytest.mark.parametrize(
    ("text", "given", "images"),
    [
        ("FROM a\nFROM b AS x\nFROM x\nFROM scratch\n", {}, ("a", "b")),
        ("ARG V=1\nARG W=$V-slim\nFROM a:$W\n", {}, ("a:1-slim",)),
        ("ARG V=1\nARG W=$V-slim\nFROM a:$W\n", {"V": "2"}, ("a:2-slim",)),
        ("ARG V\nFROM a:${V:-3}\n", {}, ("a:3",)),
        ("FROM a:${V:-3}\n", {"V": "undeclared"}, ("a:3",)),
        ("FROM a:$TARGETARCH\nFROM b\n", {}, ("b",)),
        ("FROM a:$TARGETARCH\n", {"TARGETARCH": "arm64"}, ("a:arm64",)),
        (
            "FROM a AS x\nFROM b\nCOPY --from=x . /\nCOPY --from=0 . /\nCOPY --from=c . /\n",
            {},
            ("a", "b", "c"),
        ),
        (
            "FROM a\nRUN --mount=type=bind,from=b,target=/x true\nRUN --mount=type=cache,target=/c true\n",
            {},
            ("a", "b"),
        ),
        (
            'FROM a\nRUN --mount="type=bind,""From=b""" true\n',
            {},
            ("a", "b"),
        ),
        ("FROM a\nCOPY --from=$X . /\nRUN echo --from=b\n", {}, ("a",)),
    ],
)
def test_the_images_that_a_dockerfile_names(
    text: str, given: dict[str, str], images: tuple[str, ...]
) -> None:
    assert base_references(parse_dockerfile(text), given) == images


def test_stages_after_the_target_need_nothing() -> None:
    parsed = parse_dockerfile("FROM a AS x\nFROM b AS y\nFROM c\n")
    assert base_references(parsed, {}, "y") == ("a", "b")
