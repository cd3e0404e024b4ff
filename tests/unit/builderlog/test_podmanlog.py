"""Logs of every podman and buildah that Debian has, as a CI keeps them: both outputs in one."""

from pathlib import Path

import pytest

from layerfork.builderlog.output import read_output
from layerfork.builderlog.podmanlog import read_podman_builds

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"
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
