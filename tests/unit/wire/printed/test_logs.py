"""Logs of every podman and buildah that Debian has, as a CI keeps them: both outputs in one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from linear import assert_linear

from layerfork.wire.printed.logs import read_output, read_podman_builds

TRANSCRIPTS = Path(__file__).parents[3] / "transcripts"
OUTPUTS = sorted(TRANSCRIPTS.glob("output-*.txt"))


def outputs(path: Path) -> tuple[str, str]:
    stdout, _, stderr = path.read_text("utf-8").partition("\n----- stderr\n")
    return stdout, stderr


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.stem)
def test_a_log_says_what_both_outputs_say(path: Path) -> None:
    stdout, stderr = outputs(path)
    expected = read_output(stdout + "\n", stderr, layers=True)

    found = read_podman_builds(["$ podman build .", *stdout.split("\n"), *stderr.split("\n")])

    if not expected.steps:
        assert found == ()
        return
    (build,) = found
    assert build.steps == expected.steps
    assert build.image_id == expected.image_id
    assert build.error == expected.error


def test_builds_one_after_the_other() -> None:
    stdout, _stderr = outputs(TRANSCRIPTS / "output-podman-5.4.2-stages.txt")
    failed, complaint = outputs(TRANSCRIPTS / "output-podman-5.4.2-run-fails.txt")
    lines = [
        *stdout.split("\n"),
        *failed.split("\n"),
        *complaint.split("\n"),
        "echo between",
        *stdout.split("\n"),
    ]

    builds = read_podman_builds(lines)

    assert [bool(build.image_id) for build in builds] == [True, False, True]
    assert builds[1].error
    assert builds[0] == builds[2]


def one_stage(count: int) -> list[str]:
    """A log of so many steps."""
    rows = [f"STEP {number}/{count}: RUN echo {number}" for number in range(2, count + 1)]
    return [f"STEP 1/{count}: FROM alpine", *rows]


def many_stages(count: int) -> list[str]:
    """A log of so many stages that read of the first, and of what is none of them."""
    rows = []
    for number in range(1, count + 1):
        begin = f"[{number}/{count}] STEP"
        rows += [f"{begin} 1/2: FROM alpine AS s{number}", f"{begin} 2/2: COPY --from=s1 --from=busybox a b"]
    return rows


@pytest.mark.parametrize("log", [one_stage, many_stages])
def test_so_many_steps_are_read_in_linear_time(log: Callable[[int], list[str]]) -> None:
    def work(size: int) -> None:
        [build] = read_podman_builds(log(size))
        assert len(build.steps) >= size

    assert_linear(work, 1_000)
