"""Pairs of builds that many tables need."""

from typing import Any

from corpus.subjects import Build, Fork, Node

TARS = "classic buildkit-tar buildah"
EVERY = "classic buildkit buildkit-tar buildah"
FILE = "FROM alpine\nCOPY a /\n"
TREE = "FROM alpine\nCOPY d /d\n"
BOTH = "FROM alpine\nCOPY a /\nCOPY d /d\nRUN echo end\n"
CONTENT = Fork("COPY", ("content a",))


def two(
    dockerfile: str, writer: tuple[Node, ...], reader: tuple[Node, ...], **more: Any
) -> tuple[Build, Build]:
    """One Dockerfile with two contexts."""
    return (
        Build(dockerfile=dockerfile, nodes=writer, **more),
        Build(dockerfile=dockerfile, nodes=reader, **more),
    )


def copied(*causes: str) -> Fork:
    """A fork at the only COPY."""
    return Fork("COPY", causes)
