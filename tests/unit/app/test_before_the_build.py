"""What `why` and `check` import before the command that they run: people wait for it with every build."""

import subprocess
import sys

import pytest

JUDGES = ("layerfork.app.compare.baseline", "layerfork.diagnose.pair", "layerfork.app.check.gate")
"""Only needed when the builds are there."""


@pytest.mark.parametrize("module", ["layerfork.app.why", "layerfork.app.recording"])
def test_the_command_does_not_wait_for_the_diagnosis(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert [each for each in JUDGES if each in printed.stdout.split()] == []
