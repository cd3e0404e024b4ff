"""Caches that a command line asks to import and the request does not."""

from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.builders.recording.contextplaces import ClientProcess
from layerfork.builders.recording.namedplaces import add_dropped_imports
from layerfork.builders.recording.projects import Projects
from layerfork.record.build import Builder
from layerfork.record.record import BuildOutcome, BuildPlace, BuildRecord, BuildResult, RecordedRequest

SOURCE = "type=local,src=/s3cret"


def dropped(directory: Path, *argvs: tuple[str, ...], **request: tuple[str, ...]) -> tuple[str, ...]:
    record = BuildRecord(
        id="r",
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.BUILDKIT,
        place=BuildPlace(directory=str(directory)),
        request=RecordedRequest(**request),  # type: ignore[arg-type]
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )
    processes = [ClientProcess(directory=directory, argv=argv) for argv in argvs]
    found = add_dropped_imports(
        record, processes, Projects({}), lambda text: text.replace("s3cret", "hidden")
    )
    classic = add_dropped_imports(replace(record, builder=Builder.CLASSIC), processes, Projects({}), str)
    assert classic.request.cache_from_dropped == ()
    return found.request.cache_from_dropped


@pytest.mark.parametrize("words", [("--cache-from", SOURCE), (f"--cache-from={SOURCE}",)])
def test_what_was_asked_and_did_not_reach_the_engine(tmp_path: Path, words: tuple[str, ...]) -> None:
    argv = ("docker", "buildx", "build", *words, ".")
    assert dropped(tmp_path, argv, ("docker-buildx", *argv[1:])) == ("type=local,src=/hidden",)


def test_what_reached_it_was_not_dropped(tmp_path: Path) -> None:
    assert dropped(tmp_path, ("docker", "build", "--cache-from", SOURCE, "."), cache_from=(SOURCE,)) == ()


@pytest.mark.parametrize(
    "argvs",
    [
        [("docker", "build", "."), ("docker", "build", "--cache-from", SOURCE, ".")],
        [("docker", "build", "--cache-from", SOURCE, "elsewhere")],
        [("docker", "build", ".", "--cache-from")],
        [],
    ],
)
def test_a_command_line_of_another_build_says_nothing(tmp_path: Path, argvs: list[tuple[str, ...]]) -> None:
    assert dropped(tmp_path, *argvs) == ()
