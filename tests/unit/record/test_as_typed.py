"""A recorded command as a person knows it."""

import pytest

from layerfork.record.build import as_typed

ACTION = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""What integrations/github/check.sh puts before the commands of `run:`."""


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        ((*ACTION, "docker build ."), "docker build ."),
        ((*ACTION, "make deps\n\ndocker build .\n"), "make deps; docker build ."),
        (("sh", "-ec", "docker build . "), "docker build ."),
        (("/bin/sh", "-c", "make"), "make"),
        (("docker", "build", "."), "docker build ."),
        (("bash", "build.sh", "-c", "x"), "bash build.sh -c x"),
        (("sh", "-c", 'docker build "$0"', "dir"), 'sh -c docker build "$0" dir'),
        (("bash", "--rcfile", "-c"), "bash --rcfile -c"),
        (("python", "-c", "import x"), "python -c import x"),
        (("sh",), "sh"),
        ((), ""),
    ],
)
def test_a_shell_of_a_script_is_left_out(argv: tuple[str, ...], shown: str) -> None:
    assert as_typed(argv) == shown
