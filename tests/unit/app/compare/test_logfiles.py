"""The Dockerfile and the commits beside two logs: which lines and which files they can be."""

from pathlib import Path

import pytest

from layerfork.app.compare.logfiles import Changed, arguments_above, find_dockerfile, reads_files
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult, StepRecord, StepStatus

PATHS = ("README.md", "lib/util.py", "src/a.js", "src/deep/b.js", "web/package.json")


def named(text: str) -> tuple[str, ...]:
    instruction = printed_instruction(text)
    assert instruction is not None
    assert reads_files(instruction)
    return Changed(paths=PATHS, span="").named_by(instruction)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("COPY . .", PATHS),
        ("COPY ./ /app/", PATHS),
        ("COPY src /app", ("src/a.js", "src/deep/b.js")),
        ("COPY src/*.js /app/", ("src/a.js",)),
        ("COPY package.json package-lock.json ./", ("web/package.json",)),
        ("COPY --chown=1:2 lib README.md /x/", ("README.md", "lib/util.py")),
        ("COPY other /x/", ()),
        ("COPY rc /x/", ()),
        ("ADD src/deep/ /x/", ("src/deep/b.js",)),
    ],
)
def test_a_path_is_named_where_its_parts_fit(text: str, paths: tuple[str, ...]) -> None:
    """Where the context lies below the top of the tree is not known."""
    assert named(text) == paths


@pytest.mark.parametrize(
    "text",
    ["COPY --from=build /a /b", "ADD https://example.com/a /a", "RUN make", "ADD git@example.com:a/b.git /x"],
)
def test_other_lines_read_no_committed_file(text: str) -> None:
    instruction = printed_instruction(text)
    assert instruction is not None
    assert not reads_files(instruction)


def record(*instructions: str) -> BuildRecord:
    return BuildRecord(
        id="1",
        recorded_at="2026-12-01T10:00:00Z",
        builder=Builder.BUILDKIT,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
        steps=tuple(
            StepRecord(index=index, instruction=text, status=StepStatus.MISS)
            for index, text in enumerate(instructions, 1)
        ),
    )


DOCKERFILE = """\
FROM alpine AS a
ARG V=1
RUN echo $V && \\
    echo ${UNSET:-x}
copy src \\
    /app/
RUN <<EOF
echo hi
EOF
RUN true
FROM alpine
RUN true
COPY --from=a /app /app
"""


def test_printed_steps_find_their_lines(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    printed = record(
        "FROM docker.io/library/alpine:latest@sha256:1",
        "RUN echo 2 &&     echo x",
        "COPY src     /app/",
        "RUN <<EOF (echo hi)",
        "RUN true",
        "COPY --from=a /app /app",
    )
    found = find_dockerfile(printed, tmp_path)
    assert found is not None
    assert found.lines == {2: 3, 3: 5, 4: 7, 6: 13}
    assert arguments_above(printed.steps[3], printed.steps, found) == ("V",)
    assert arguments_above(printed.steps[5], printed.steps, found) == ()


@pytest.mark.parametrize("other", ["RUN echo done", "COPY src /elsewhere/", "WORKDIR /x"])
def test_a_dockerfile_without_one_of_the_lines_is_another(other: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    assert find_dockerfile(record("COPY src /app/", other), tmp_path) is None


def test_what_is_no_dockerfile_is_none(tmp_path: Path) -> None:
    assert find_dockerfile(record("RUN true"), tmp_path) is None
    (tmp_path / "Dockerfile").write_bytes(b"\xff\xfe\x00")
    assert find_dockerfile(record("RUN true"), tmp_path) is None
    (tmp_path / "Dockerfile").write_text("what is this\n")
    assert find_dockerfile(record("RUN true"), tmp_path) is None


def test_arguments_that_were_printed_are_those_of_the_stage() -> None:
    printed = record("ARG BASE=alpine", "FROM ${BASE}", "ARG A B=1", "RUN one", "ARG C", "RUN two").steps
    assert arguments_above(printed[3], printed, None) == ("A", "B")
    assert arguments_above(printed[5], printed, None) == ("A", "B", "C")
