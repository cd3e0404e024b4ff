"""One log as every CI writes it: what is left is the log as its builder wrote it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from layerfork.wire.printed import cilog
from layerfork.wire.printed.cilog import Stream

LEFT = Path(__file__).parents[3] / "imports" / "left"
LOGS = {
    "BuildKit": "engine-28.5-plain.log",
    "BuildKit 0.8": "engine-20.10-plain-fails.log",
    "rawjson": "engine-28.5-raw.log",
    "indented rawjson": "engine-26.1-raw.log",
    "the classic builder": "engine-28.5-classic-again.log",
    "podman": "podman-5.4-fails.log",
}


def read_streams(text: str) -> tuple[Stream, ...]:
    return cilog.read_streams(lambda: text.split("\n"))


TIME = "2026-11-25T16:43:05.1234567Z"


def _github(lines: list[str]) -> list[str]:
    around = ["##[group]Run docker build .", "shell: /usr/bin/bash -e {0}", "##[endgroup]"]
    return ["\ufeff" + f"{TIME} {around[0]}", *(f"{TIME} {line}" for line in (*around[1:], *lines, "Done"))]


def _gh(lines: list[str]) -> list[str]:
    other = ["test\tRun tests\t2026-11-25T16:43:05.1234567Z ok"]
    return [*other, *(f"build\tBuild the image\t{TIME} {line}" for line in lines), *other]


def _gitlab(lines: list[str]) -> list[str]:
    return [
        "\x1b[0KRunning with gitlab-runner 17.1.0\x1b[0;m",
        "section_start:1764088985:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting the script\x1b[0;m",
        "\x1b[32;1m$ docker build .\x1b[0;m",
        *lines,
        "section_end:1764088990:step_script\r\x1b[0K",
        "\x1b[31;1mERROR: Job failed: exit code 1\x1b[0;m",
    ]


def _gitlab_with_times(lines: list[str]) -> list[str]:
    return [f"2026-11-25T16:43:05.123456Z 01O {line}" for line in _split(lines)]


def _split(lines: list[str]) -> list[str]:
    """GitLab writes a line that came in two pieces as two lines."""
    return lines


def _jenkins(lines: list[str]) -> list[str]:
    note = "\x1b[8mha:////4Abc+/w==\x1b[0m[Pipeline] sh"
    return [note, *(f"[2026-11-25T16:43:05.123Z] {line}" for line in ("+ docker build .", *lines))]


def _jenkins_clock(lines: list[str]) -> list[str]:
    return [f"16:43:05  {line}" for line in ("+ docker build .", *lines)]


def _jenkins_branches(lines: list[str]) -> list[str]:
    return [
        "[Pipeline] parallel",
        *(each for line in lines for each in (f"[linux] {line}", "[docs] building the docs")),
        "[Pipeline] // parallel",
    ]


def _bracketed_clock(lines: list[str]) -> list[str]:
    """A clock for each line, which goes on while the build runs."""
    return [f"[10:{at // 60:02d}:{at % 60:02d}] {line}" for at, line in enumerate(lines)]


def _bracketed_seconds(lines: list[str]) -> list[str]:
    return [f"[{at // 3}.{at % 3}] {line}" for at, line in enumerate(lines)]


def _azure(lines: list[str]) -> list[str]:
    around = ["##[section]Starting: Docker", "Task         : Docker"]
    return [f"{TIME} {line}" for line in (*around, *lines, "##[section]Finishing: Docker")]


def _buildkite(lines: list[str]) -> list[str]:
    return [
        f"\x1b_bk;t=1764088985{at:03d}\x07{line}"
        for at, line in enumerate(("~~~ Running commands", "$ docker build .", *lines))
    ]


def _bitbucket(lines: list[str]) -> list[str]:
    return ["+ umask 000", "+ docker build .", *lines, "Build teardown script:"]


def _circleci(lines: list[str]) -> list[str]:
    return ["#!/bin/bash -eo pipefail", "docker build .", *lines, "CircleCI received exit code 0"]


def _coloured(lines: list[str]) -> list[str]:
    return [f"\x1b[0m{line}\x1b[0m" for line in lines]


def _windows(lines: list[str]) -> list[str]:
    return [f"{line}\r" for line in lines]


CIS: tuple[Callable[[list[str]], list[str]], ...] = (
    _github,
    _gh,
    _gitlab,
    _gitlab_with_times,
    _jenkins,
    _jenkins_clock,
    _jenkins_branches,
    _bracketed_clock,
    _bracketed_seconds,
    _azure,
    _buildkite,
    _bitbucket,
    _circleci,
    _coloured,
    _windows,
)


@pytest.mark.parametrize("builder", LOGS)
@pytest.mark.parametrize("write", CIS)
def test_what_a_ci_adds_is_taken_off(builder: str, write: Callable[[list[str]], list[str]]) -> None:
    lines = (LEFT / LOGS[builder]).read_text("utf-8").split("\n")
    plain = [line.replace("\x1b[33m", "").replace("\x1b[0m", "") for line in lines]

    (stream,) = read_streams("\n".join(write(lines)))

    at = stream.lines.index(next(line for line in plain if line))
    assert stream.lines[at : at + len(plain)] == plain


@pytest.mark.parametrize(
    ("write", "time"),
    [
        (_github, TIME),
        (_gh, TIME),
        (_jenkins, "2026-11-25T16:43:05.123Z"),
        (_azure, TIME),
        (_buildkite, "2025-11-25T16:43:05.002000Z"),
    ],
)
def test_the_time_of_the_build_is_kept(write: Callable[[list[str]], list[str]], time: str) -> None:
    (stream,) = read_streams("\n".join(write(["#1 [internal] load build definition from Dockerfile"])))
    assert stream.began == time


def test_gitlab_goes_on_with_a_line_that_came_in_pieces() -> None:
    log = (
        "2026-11-25T16:43:05.123456Z 00O Step 1/2 : FR\n"
        "2026-11-25T16:43:05.123457Z 00O+OM alpine\n"
        "2026-11-25T16:43:05.123458Z 00O  ---> 0123456789ab\n"
    )
    (stream,) = read_streams(log)
    assert stream.lines[:2] == ["Step 1/2 : FROM alpine", " ---> 0123456789ab"]


def test_branches_are_streams_of_their_own() -> None:
    log = "[a] Step 1/1 : FROM x\n[b] Step 1/1 : FROM y\n[a]  ---> 0123456789ab\n"
    assert [stream.lines for stream in read_streams(log)] == [
        ["Step 1/1 : FROM x", " ---> 0123456789ab"],
        ["Step 1/1 : FROM y"],
    ]


def test_numbers_that_go_back_are_branches() -> None:
    log = "[1] Step 1/1 : FROM x\n[2] Step 1/1 : FROM y\n[1]  ---> 0123456789ab\n"
    assert [len(stream.lines) for stream in read_streams(log)] == [2, 1]


def test_a_log_without_a_builder_has_no_stream() -> None:
    assert read_streams("make: nothing to be done\n#1 is a number\nStep one\n") == ()
