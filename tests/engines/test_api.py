"""The examples of docs/api.md, on a real engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from engines.running import user_of

from layerfork.builders.engines import open_engine

pytestmark = pytest.mark.engine
TOP = Path(__file__).parents[2]
PROGRAM = """
import doctest, sys
failed, tried = doctest.testfile(sys.argv[1], module_relative=False, optionflags=doctest.REPORT_NDIFF)
print("tried", tried)
sys.exit(failed)
"""


def test_every_example_of_the_manual_is_true(tmp_path: Path) -> None:
    shutil.copy(TOP / "tests" / "golden" / "records" / "seed-buildkit.jsonl", tmp_path / "laptop.jsonl")
    home = tmp_path / "home"
    home.mkdir()
    with open_engine("private").start(os.environ, print) as engine:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, TOP / "docs" / "api.md"],
            cwd=tmp_path,
            env=user_of(engine, XDG_STATE_HOME=str(home), XDG_CACHE_HOME=str(home), DOCKER_BUILDKIT="0"),
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["tried 24"]), done.stdout + done.stderr
