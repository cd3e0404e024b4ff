"""Steps that share a vertex: what names and inputs of vertices tell without a definition.

`VERTICES` are dockerode's on Engine 26.1.5. The docker CLI, whose definition has the line of every step,
built the same: `STEPS` are its steps.
"""

import pytest

from layerfork.dockerfile import parse_dockerfile
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.stages import lay_out
from layerfork.wire.buildkit.vertexsteps import read_steps
from layerfork.wire.redact import Redactor

DOCKERFILE = """\
FROM alpine AS base
RUN cat /proc/sys/kernel/random/uuid > /base
FROM base AS make
ENV A=1
WORKDIR /w
COPY src/*.c ./
RUN --mount=type=bind,source=conf,target=/conf cat /conf/a
FROM alpine AS side
RUN cat /proc/sys/kernel/random/uuid > /base
COPY conf /conf
FROM alpine AS same
RUN cat /proc/sys/kernel/random/uuid > /base
FROM base AS alias
LABEL a=b
FROM alias
COPY --from=make /w /made
COPY --link --from=side /conf /conf
COPY --from=same /base /again
RUN cat /proc/sys/kernel/random/uuid > /last
"""
STEPS = [
    *((0, "base", line) for line in (1, 2)),
    *((1, "make", line) for line in (5, 6, 7)),
    *((2, "side", line) for line in (8, 9, 10)),
    *((3, "same", line) for line in (11, 12)),
    *((5, "stage-5", line) for line in (16, 17, 18, 19)),
]
Vertices = dict[str, tuple[str, ...]]
VERTICES: Vertices = {
    "c95972": ("[internal] load remote build context",),
    "bbff68": ("copy /context /", "c95972"),
    "550875": ("[stage-5 4/4] RUN cat /proc/sys/kernel/random/uuid > /last", "bfc5ad"),
    "bfc5ad": ("[stage-5 3/4] COPY --from=same /base /again", "1e205c", "f4bb6b"),
    "1e205c": ("[stage-5 2/4] COPY --link --from=side /conf /conf", "af3668", "20c8ef"),
    "20c8ef": ("[side 3/3] COPY conf /conf", "f4bb6b", "bbff68"),
    "af3668": ("[stage-5 1/4] COPY --from=make /w /made", "f4bb6b", "e042dc"),
    "e042dc": (
        *("[make 3/3] RUN --mount=type=bind,source=conf,target=/conf cat /conf/a", "b9a12c", "bbff68"),
    ),
    "b9a12c": ("[make 2/3] COPY src/*.c ./", "53866a", "bbff68"),
    "53866a": ("[make 1/3] WORKDIR /w", "f4bb6b"),
    "f4bb6b": ("[same 2/2] RUN cat /proc/sys/kernel/random/uuid > /base", "665ba8"),
    "665ba8": ("[same 1/2] FROM docker.io/library/alpine:latest",),
}
"""Name and inputs, by the beginning of the digest, in the order in which they were reported."""
LINKED: Vertices = VERTICES | {
    "1e205c": ("[stage-5 2/4] LINK COPY --link --from=side /conf /conf", "af3668", "b6557e"),
    "b6557e": ("[stage-5 2/4] COPY --link --from=side /conf /conf", "20c8ef"),
}
"""Where BuildKit can merge, the link is an operation of its own: so seen on Engine 28.5.2 with containerd."""


def numbered(text: str) -> str:
    """The same with stages read by their numbers."""
    for number, name in enumerate(("base", "make", "side", "same")):
        text = text.replace(f"--from={name}", f"--from={number}")
    return text


NUMBERED: Vertices = {digest: (numbered(name), *inputs) for digest, (name, *inputs) in VERTICES.items()}


@pytest.mark.parametrize("vertices", [VERTICES, LINKED, NUMBERED], ids=["plain", "linked", "numbered"])
def test_every_step_is_found(vertices: Vertices) -> None:
    states = {
        digest: VertexState(digest=digest, name=name, inputs=tuple(inputs))
        for digest, (name, *inputs) in vertices.items()
    }

    steps = read_steps((), states, lay_out(parse_dockerfile(DOCKERFILE), {}), Redactor(b"key"))

    assert [(step.stage, step.stage_name, step.line) for step in steps] == STEPS
    assert {step.vertices for step in steps if step.line in (2, 9, 12)} == {("f4bb6b",)}
    assert {step.vertices for step in steps if step.line in (1, 8, 11)} == {("665ba8",)}
    assert next(step.instruction for step in steps if step.line == 17).startswith("COPY --link")
