"""The example of every cause's page, typed as it is printed, ends with the answer that the page promises.

A third of the pages is drawn by the date.
"""

import contextlib
import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contracts.pageexample import Example, examples
from engines.running import LAYERFORK
from today import part_of_today

from layerfork.app.compare.comparison import diff_files
from layerfork.app.why import explain_builds
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.privatedir import SHORT, private_directory
from layerfork.builders.environments.shell import engine_environment
from layerfork.record.run import DiffReport

pytestmark = pytest.mark.engine

EXAMPLES = examples()
Shell = tuple[RunningEngine, dict[str, str]]
"""An engine, and the environment of the shell that `layerfork engines run` opens for it."""


@pytest.fixture(scope="module")
def shells() -> Iterator[Callable[[str], Shell]]:
    """Shells by the engine's name: each engine is started once, when a page first needs it."""
    opened: dict[str, Shell] = {}
    with contextlib.ExitStack() as stack:

        def shell(name: str) -> Shell:
            if name not in opened:
                running = stack.enter_context(open_engine(name).start(os.environ, print))
                directory = stack.enter_context(private_directory(SHORT))
                opened[name] = running, engine_environment(running, directory)
            return opened[name]

        yield shell


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to be in, of a user who has recorded nothing yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    directory = tmp_path / "empty"
    directory.mkdir()
    monkeypatch.chdir(directory)
    return directory


def environment_of(example: Example, shells: Callable[[str], Shell]) -> dict[str, str]:
    """What the commands run in, on a clean cache."""
    here = dict(os.environ)
    if example.engine:
        running, there = shells(example.engine)
        running.reset()
        here |= {**there, "XDG_STATE_HOME": here["XDG_STATE_HOME"]}
    return {**here, "PATH": f"{LAYERFORK.parent}{os.pathsep}{here['PATH']}"}


def answered(last: str) -> tuple[DiffReport, ...]:
    """What the last command answered, as values: it is asked of the same records again."""
    words = shlex.split(last, comments=True)
    if words[:2] == ["layerfork", "diff"]:
        return diff_files(*words[2:])
    assert "why" in words[:3], last
    return explain_builds((), "", "", print).reports


@pytest.mark.parametrize("code", part_of_today(EXAMPLES, 3))
def test_a_page_shows_its_cause(code: str, empty: Path, shells: Callable[[str], Shell]) -> None:
    example = EXAMPLES[code]
    done = subprocess.run(
        ["sh", "-e", "-c", example.script],
        env=environment_of(example, shells),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    (report,) = answered(example.script.splitlines()[-1])
    warned = {("warning", warning.code) for warning in report.judgement.warnings}
    found = {(cause.status.value, cause.code) for fork in report.judgement.forks for cause in fork.causes}

    assert (example.status, example.code) in found | warned, said
    names = (example.told, example.code)
    told = [f"{name}: " for name in names] if not found else [f"{example.status} {name}" for name in names]
    # A wider build is told as an answer of its own beside its warning.
    told += [f"{point.status.value} {point.code}" for each in report.asked for point in each.points]
    assert any(each in said for each in told), said
    assert done.returncode == (1 if found else 0), said
