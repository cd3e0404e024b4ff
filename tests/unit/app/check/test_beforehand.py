"""A build argument that differs from the baseline's is named before anything is built."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from golden.recorded import recorded

from layerfork.app.check.checking import unlike_the_baseline
from layerfork.app.compare.buildpairing import NamedRecord
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import stored

BASELINE = recorded("seed-buildkit")[0]
ABOVE_A_RUN = "FROM alpine\nARG GIT_SHA\nRUN npm ci\n"
BELOW_ALL_RUNS = "FROM alpine\nRUN npm ci\nARG GIT_SHA\nLABEL sha=$GIT_SHA\n"
BEFORE_FROM = "ARG GIT_SHA\nFROM alpine\nRUN npm ci\n"
WITH_A_DEFAULT = "FROM alpine\nARG GIT_SHA=2\nRUN npm ci\n"


def baseline(text: str, *arguments: tuple[str, str], builder: Builder = Builder.BUILDKIT) -> BuildRecord:
    request = replace(BASELINE.request, dockerfile=text, build_args=arguments)
    return replace(BASELINE, request=request, builder=builder)


def lines(
    record: BuildRecord, argv: Sequence[str], environment: Mapping[str, str] | None = None
) -> list[str]:
    named = NamedRecord(name="main.jsonl", stored=stored(record))
    return list(unlike_the_baseline(argv, [named], "main.jsonl", environment or {}))


@pytest.mark.parametrize(
    "argv",
    [
        ("docker", "build", "--build-arg", "GIT_SHA=2", "."),
        ("/usr/bin/docker", "buildx", "build", "--build-arg=GIT_SHA=2", "."),
        ("docker", "build", "--build-arg", "GIT_SHA", "."),
    ],
)
def test_an_argument_that_is_another_one_is_said(argv: tuple[str, ...]) -> None:
    (line,) = lines(baseline(ABOVE_A_RUN, ("GIT_SHA", "1")), argv, {"GIT_SHA": "2"})
    assert line == (
        "--build-arg GIT_SHA has another value than in main.jsonl: RUN steps below `ARG GIT_SHA` cannot have "
        "its keys, and count as built again; give GIT_SHA one fixed value in both checks, or allow it "
        "(--allow build-arg)"
    )


@pytest.mark.parametrize(
    ("record", "argv"),
    [
        (baseline(ABOVE_A_RUN, ("GIT_SHA", "2")), ("docker", "build", "--build-arg", "GIT_SHA=2", ".")),
        (baseline(BELOW_ALL_RUNS, ("GIT_SHA", "1")), ("docker", "build", "--build-arg", "GIT_SHA=2", ".")),
        (baseline(BEFORE_FROM, ("GIT_SHA", "1")), ("docker", "build", "--build-arg", "GIT_SHA=2", ".")),
        (baseline(WITH_A_DEFAULT), ("docker", "build", "--build-arg", "GIT_SHA=2", ".")),
        (baseline(ABOVE_A_RUN, ("GIT_SHA", "1")), ("./build.sh", "--build-arg", "GIT_SHA=2")),
        (baseline(ABOVE_A_RUN, ("GIT_SHA", "1")), ("docker", "build", "--build-arg", "GIT_SHA", ".")),
        (baseline(ABOVE_A_RUN, ("GIT_SHA", "hidden:0123456789abcdef")), ("docker", "build", ".")),
        (
            baseline(ABOVE_A_RUN, ("GIT_SHA", "1"), builder=Builder.BUILDAH),
            ("docker", "build", "--build-arg", "GIT_SHA=2", "."),
        ),
    ],
)
def test_nothing_is_said_where_no_run_has_another_key(record: BuildRecord, argv: tuple[str, ...]) -> None:
    assert lines(record, argv) == []


def test_hidden_values_of_another_machine_compare_with_nothing() -> None:
    text = "FROM alpine\nARG API_TOKEN\nRUN npm ci\n"
    record = baseline(text, ("API_TOKEN", "hidden:0123456789abcdef"))
    argv = ("docker", "build", "--build-arg", "API_TOKEN=mellon-and-more", ".")
    assert lines(replace(record, redaction_key_id="another"), argv) == []
