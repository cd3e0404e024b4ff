"""Names, stages, vertices and the steps that they make."""

from collections.abc import Callable
from typing import Any

import pytest
from linear import assert_linear

from layerfork.record.llb import LLBOp
from layerfork.record.record import StepStatus
from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.observed import VertexState
from layerfork.wire.buildkit.placing import Placing
from layerfork.wire.buildkit.stages import Stages, find_layout, guess_stages
from layerfork.wire.buildkit.vertexsteps import read_steps
from layerfork.wire.buildkit.vertices import StepLabel, follow, is_internal, read_label, read_vertices
from layerfork.wire.redact import Redactor

REDACTOR = Redactor(b"key")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("[1/3] FROM alpine", StepLabel(number=1, total=3, instruction="FROM alpine")),
        ("[ 2/12] RUN a", StepLabel(number=2, total=12, instruction="RUN a")),
        ("[build  2/12] RUN a", StepLabel(stage="build", number=2, total=12, instruction="RUN a")),
        (
            "[stage-1 2/2] COPY <<E /\nE",
            StepLabel(stage="stage-1", number=2, total=2, instruction="COPY <<E /\nE"),
        ),
        (
            "[linux/arm/v7 build 2/2] RUN a",
            StepLabel(platform="linux/arm/v7", stage="build", number=2, total=2, instruction="RUN a"),
        ),
        (
            "[linux/amd64->linux/arm64 2/2] RUN a",
            StepLabel(platform="linux/amd64->linux/arm64", number=2, total=2, instruction="RUN a"),
        ),
        ("[internal] load build context", None),
        ("[context other] load from client", None),
        ("exporting to image", None),
        ("RUN [1/2] x", None),
    ],
)
def test_labels(name: str, label: StepLabel | None) -> None:
    assert read_label(name) == label


def test_what_no_instruction_names_is_internal() -> None:
    for name in ("[internal] load .dockerignore", "[auth] library/alpine:pull", "exporting to image"):
        assert is_internal(name)
    assert not is_internal("[2/3] RUN exporting to image")


DOCKERFILE = """# syntax=docker/dockerfile:1
# escape=`
ARG V=1

FROM --platform=$BUILDPLATFORM golang AS Build
WORKDIR /w
RUN one && `
    # a comment between

    two
COPY <<-EOF /etc/x
FROM inside a heredoc
\tEOF
FROM scratch
COPY --from=build /w /w
FROM build AS last
LABEL a=b
ADD x /
"""


def laid_out(dockerfile: str) -> Stages:
    return find_layout(dockerfile, {})[0]


def test_stages_are_found_with_the_lines_that_are_numbered() -> None:
    stages = laid_out(DOCKERFILE)

    assert [(stage.line, stage.name, stage.numbered) for stage in stages.stages] == [
        (5, "build", (5, 6, 7, 11)),
        (14, "stage-1", (15,)),
        (16, "last", (18,)),
    ]
    assert [stages.at_line(line) for line in (1, 5, 13, 14, 15, 18, 99)] == [0, 0, 0, 1, 1, 2, 2]
    assert (stages.named("BUILD", 0), stages.named("stage-1", 0), stages.named("none", 0)) == (0, 1, None)
    assert (stages.line_of(0, 2), stages.line_of(0, 9), stages.line_of(9, 1)) == (6, 0, 0)


@pytest.mark.parametrize(
    ("text", "numbered"),
    [
        ('FROM a\nRUN echo "<<EOF" > x\nFROM b\nRUN y\n', [(1, 2), (3, 4)]),
        ("FROM a\nRUN echo $((1<<N))\nFROM b\nRUN y\n", [(1, 2), (3, 4)]),
        ("FROM a\nRUN echo '<<EOF' \\\n  # x\n\n  y\nRUN z\n", [(1, 2, 6)]),
        ("FROM a AS x\nRUN y\nFROM $B\nRUN z\n", [(1, 2), (3, 4)]),
        ("ARG B=x\nFROM a AS x\nRUN y\nFROM $B\nRUN z\n", [(2, 3), (5,)]),
        ("ARG B\nFROM a AS x\nFROM $B\nRUN z\n", [(2,), (3, 4)]),
    ],
)
def test_steps_are_placed_with_the_parser_of_dockerfiles(text: str, numbered: list[tuple[int, ...]]) -> None:
    assert [stage.numbered for stage in laid_out(text).stages] == numbered


def test_a_given_argument_may_name_an_earlier_stage() -> None:
    stages, _ = find_layout("ARG B=a\nFROM a AS x\nFROM $B\nRUN z\n", {"B": "x"})
    assert [stage.numbered for stage in stages.stages] == [(2,), (4,)]


def test_of_two_stages_with_one_name_the_line_decides() -> None:
    stages = laid_out("FROM a AS x\nRUN y\nFROM a AS x\nRUN z\n")
    assert [stages.named("x", line) for line in (2, 4, 0)] == [0, 1, 1]


def test_a_dockerfile_that_does_not_parse_is_a_gap_and_its_steps_keep_their_lines() -> None:
    stages, gaps = find_layout("FROM a\nRUN x\nCOPY --new=1 a /\n", {})
    (gap,) = gaps
    steps = read_steps(
        [op(1, 1, kind="source"), op(2, 3)],
        {"sha256:1": state(1, "[one 1/2] FROM a", **RAN), "sha256:2": state(2, "[one 2/2] COPY a /", **RAN)},
        stages,
        REDACTOR,
    )

    assert (gap.where, stages) == ("dockerfile", Stages())
    assert "COPY has no flag --new" in gap.what
    assert [(step.line, step.stage_name, step.instruction) for step in steps] == [
        (1, "one", "FROM a"),
        (3, "one", "COPY a /"),
    ]


def test_without_a_dockerfile_no_line_of_a_shared_vertex_is_chosen() -> None:
    (step,) = read_steps([op(1, 2, 4)], {"sha256:1": state(1, "[one 1/2] RUN x", **RAN)}, Stages(), REDACTOR)

    assert (step.line, step.stage_name) == (0, "one")


def test_stages_are_guessed_from_names() -> None:
    names = [stage.name for stage in guess_stages(["build", "stage-1", "build", "test"]).stages]

    assert names == ["build", "stage-1", "test"]
    assert guess_stages([]) == Stages()


def state(number: int, name: str, **rest: Any) -> VertexState:
    return VertexState(f"sha256:{number}", name, **rest)


def op(number: int, *lines: int, kind: str = "exec", **rest: Any) -> LLBOp:
    return LLBOp(digest=f"sha256:{number}", kind=kind, lines=lines, **rest)  # type: ignore[arg-type]


RAN: dict[str, Any] = {"started_ns": 10, "completed_ns": 20}


def steps_of(
    *pairs: tuple[LLBOp, VertexState | None], dockerfile: str = ""
) -> list[tuple[int, str, str, int]]:
    states = {each.digest: each for _, each in pairs if each is not None}
    steps = read_steps([each for each, _ in pairs], states, laid_out(dockerfile), REDACTOR)
    return [(step.line, step.instruction, step.status.value, len(step.vertices)) for step in steps]


def test_several_vertices_make_one_step() -> None:
    found = steps_of(
        (op(1, 1, kind="source"), state(1, "[1/3] FROM a", **RAN)),
        (op(2, 2, kind="file"), state(2, "[2/3] COPY --link x /", cached=True, **RAN)),
        (op(3, 2, kind="merge"), state(3, "[2/3] LINK COPY --link x /", **RAN)),
        (op(4, 3, kind="source"), state(4, "[3/3] ADD http://host/x /", **RAN)),
        (op(5, 3, kind="file"), state(5, "[3/3] ADD http://host/x /", cached=True)),
        dockerfile="FROM a\nCOPY --link x /\nADD http://host/x /\n",
    )

    assert found == [
        (1, "FROM a", "hit", 1),
        (2, "COPY --link x /", "miss", 2),
        (3, "ADD http://host/x /", "hit", 2),
    ]


def test_a_vertex_of_two_instructions_is_two_steps() -> None:
    dockerfile = "FROM a AS one\nRUN x\nFROM a AS two\nRUN x\n"
    found = read_steps(
        [op(1, 1, 3, kind="source"), op(2, 2, 4)],
        {
            "sha256:1": state(1, "[one 1/2] FROM a", **RAN),
            "sha256:2": state(2, "[one 2/2] RUN x", cached=True),
        },
        laid_out(dockerfile),
        REDACTOR,
    )

    assert [(step.stage_name, step.line, step.instruction) for step in found] == [
        ("one", 1, "FROM a"),
        ("one", 2, "RUN x"),
        ("two", 3, "FROM a"),
        ("two", 4, "RUN x"),
    ]


def test_an_op_that_status_never_named_is_named_by_the_definition() -> None:
    named = op(1, 1, description=(("llb.customname", "[1/1] RUN x"),))

    assert steps_of((named, None)) == [(1, "RUN x", "not-evaluated", 1)]


def test_a_vertex_that_another_build_named_is_called_as_this_definition_says() -> None:
    named = op(1, 3, kind="source", description=(("llb.customname", "[api 1/2] FROM a"),))
    of_another = state(1, "[web 1/2] FROM a", **RAN)
    dockerfile = "FROM a AS web\nCOPY w /\nFROM a AS api\nCOPY a /\n"

    assert steps_of((named, of_another), dockerfile=dockerfile) == [(3, "FROM a", "hit", 1)]


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ({"cached": True, "started_ns": 1, "completed_ns": 1}, StepStatus.HIT),
        ({"cached": True}, StepStatus.HIT),
        ({"started_ns": 1, "completed_ns": 2}, StepStatus.MISS),
        ({"started_ns": 1, "error": "exit code: 1"}, StepStatus.MISS),
        ({"started_ns": 1}, StepStatus.UNKNOWN),
        ({}, StepStatus.NOT_EVALUATED),
    ],
)
def test_the_status_of_a_step(rest: dict[str, Any], status: StepStatus) -> None:
    (step,) = read_steps((), {"sha256:1": state(1, "[1/1] RUN x", **rest)}, Stages(), REDACTOR)

    assert step.status is status


def test_a_from_that_failed_is_no_hit() -> None:
    (step,) = read_steps(
        (), {"sha256:1": state(1, "[1/1] FROM x", error="not found", **RAN)}, Stages(), REDACTOR
    )

    assert step.status is StepStatus.MISS
    assert step.error == "not found"


def test_a_vertex_is_what_its_last_run_left() -> None:
    def status(**rest: Any) -> control.StatusResponse:
        return control.StatusResponse(
            vertexes=[control.StatusVertex(digest=b"sha256:1", inputs=[b"sha256:0"], name=b"n", **rest)]
        )

    first, later = control.Timestamp(seconds=5, nanos=500_000_000), control.Timestamp(seconds=7)
    states: dict[str, VertexState] = {}
    follow(states, status())
    follow(states, status(started=first, completed=first, cached=True))
    follow(states, status(started=first))
    follow(states, status(started=first, completed=later))
    follow(states, status())
    (vertex,) = read_vertices(states, None, REDACTOR)

    assert (vertex.started_s, vertex.completed_s, vertex.cached) == (0.0, 1.5, False)
    assert vertex.inputs == ("sha256:0",)
    assert not vertex.internal


@pytest.mark.parametrize("inputs", [[b"sha256:0"], []])
def test_work_on_a_known_result_is_no_run(inputs: list[bytes]) -> None:
    """What BuildKit reports when it merges or fetches a cached result's files for a later step."""

    def status(**rest: Any) -> control.StatusResponse:
        return control.StatusResponse(vertexes=[control.StatusVertex(digest=b"sha256:1", **rest)])

    loaded, worked, done = (control.Timestamp(seconds=seconds) for seconds in (5, 6, 7))
    states: dict[str, VertexState] = {}
    follow(states, status(inputs=inputs))
    follow(states, status(inputs=inputs, started=loaded, completed=loaded, cached=True))
    follow(states, status(started=worked))
    follow(states, status(started=worked, completed=done))
    (vertex,) = read_vertices(states, None, REDACTOR)

    assert vertex.cached
    assert vertex.completed_s == 0.0


def test_a_run_after_a_failed_load_counts() -> None:
    at = control.Timestamp(seconds=5)
    failed = control.StatusVertex(
        digest=b"sha256:1", started=at, completed=at, cached=True, error=b"not found"
    )
    run = control.StatusVertex(digest=b"sha256:1", started=at, completed=at)
    states: dict[str, VertexState] = {}
    for vertex_status in (failed, run):
        follow(states, control.StatusResponse(vertexes=[vertex_status]))
    (vertex,) = read_vertices(states, None, REDACTOR)

    assert not vertex.cached


def vertices(*names: str) -> dict[str, VertexState]:
    """One that ran for each name, its digest the name itself."""
    return {
        name: VertexState(name, name, started_ns=number, completed_ns=number + 1)
        for number, name in enumerate(names)
    }


def shown(names: dict[str, str], dockerfile: str) -> list[tuple[str, int, str, tuple[str, ...]]]:
    """Platform, line, keyword and vertices of each step; ``names`` are vertices with their branch."""
    ops = [LLBOp(digest=name, kind="file", lines=(int(name.rpartition(":")[2]),)) for name in names]  # type: ignore[arg-type]
    steps = read_steps(ops, vertices(*names), laid_out(dockerfile), REDACTOR, names)
    return [(step.platform, step.line, step.instruction.split()[0], step.vertices) for step in steps]


LINKED = "FROM scratch\nCOPY --link a /:2\nWORKDIR /w:3\n"


def test_what_platforms_have_in_common_of_an_instruction_is_of_each_of_them() -> None:
    copy = "[linux/amd64 1/2] COPY --link a /:2"
    link = "[linux/{} 1/2] LINK COPY --link a /:2"
    amd, arm = link.format("amd64"), link.format("arm64")
    assert shown({copy: "", amd: "linux/amd64", arm: "linux/arm64"}, LINKED) == [
        ("linux/amd64", 2, "COPY", (copy, amd)),
        ("linux/arm64", 2, "COPY", (copy, arm)),
    ]


def test_what_only_some_of_the_platforms_have_more_of_stays_theirs() -> None:
    copy = "[linux/amd64 1/2] COPY --link a /:2"
    amd = "[linux/amd64 1/2] LINK COPY --link a /:2"
    other = "[linux/arm64 2/2] WORKDIR /w:3"
    found = shown({copy: "", amd: "linux/amd64", other: "linux/arm64"}, LINKED)
    assert [(platform, line) for platform, line, *_ in found] == [
        ("", 2),
        ("linux/amd64", 2),
        ("linux/arm64", 3),
    ]


def test_branches_come_one_after_the_other() -> None:
    names = {
        "[linux/amd64 1/2] COPY a /:2": "linux/amd64",
        "[linux/arm64 1/2] COPY a /:2 ": "linux/arm64",
        "[linux/amd64 2/2] WORKDIR /w:3": "linux/amd64",
        "[linux/arm64 2/2] WORKDIR /w:3 ": "linux/arm64",
    }
    assert [(platform, line) for platform, line, *_ in shown(names, LINKED)] == [
        ("linux/amd64", 2),
        ("linux/amd64", 3),
        ("linux/arm64", 2),
        ("linux/arm64", 3),
    ]


@pytest.mark.parametrize(
    "name", [lambda n: "[" + " " * n, lambda n: f"[a{' ' * n}] x", lambda n: f"[{'9' * n}/1] RUN x"]
)
def test_a_name_of_any_length_is_read_in_linear_time(name: Callable[[int], str]) -> None:
    def work(size: int) -> None:
        assert read_label(name(size)) is None

    assert_linear(work, 50_000)


@pytest.mark.parametrize("name", ["[{}/9] RUN x", "[s{} 1/1] RUN x"], ids=["steps", "stages"])
def test_so_many_steps_are_placed_in_linear_time(name: str) -> None:
    def work(size: int) -> None:
        names = [name.format(number) for number in range(1, size + 1)]
        labels = [label for each in names if (label := read_label(each)) is not None]
        placing = Placing(guess_stages(label.stage for label in labels), {})
        for number, each in enumerate(names):
            placing.add(each, VertexState(f"sha256:{number:064x}", name=each), None)
        assert len(list(placing.steps())) == size

    assert_linear(work, 2_000)
