"""The tutorial and the how-to pages, typed as they are printed, print what they show.

The tutorial every day, of the how-to pages half, drawn by the date.
"""

import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from contracts.consolepage import DOCS, Typed, typed_in
from engines.running import LAYERFORK
from today import part_of_today

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.environments.privatedir import SHORT, private_directory
from layerfork.builders.environments.shell import engine_environment
from layerfork.userdirs import cache_directory

pytestmark = pytest.mark.engine

_HOW_TO = [page for page in sorted((DOCS / "howto").glob("*.md")) if page.stem != "slow-ci"]
"""Without the page that asks GitHub, which ``tests/unit/app/test_ci_page.py`` types."""
PAGES = [DOCS / "tutorial.md", *part_of_today(_HOW_TO, 2)]
CACHES = "remote-cache"
"""The page that exports caches, which docker's own builder does with containerd's image store alone."""
Shell = tuple[RunningEngine, dict[str, str]]
"""An engine, and the environment of the shell that `layerfork engines run` opens for it."""


@contextmanager
def opened(name: str) -> Iterator[Shell]:
    with open_engine(name).start(os.environ, print) as running, private_directory(SHORT) as directory:
        yield running, engine_environment(running, directory)


@pytest.fixture(scope="module")
def plain() -> Iterator[Shell]:
    with opened("private:26.1") as shell:
        yield shell


@pytest.fixture
def shell(page: Path, request: pytest.FixtureRequest) -> Iterator[Shell]:
    if page.stem == CACHES:
        with opened("private:26.1+containerd") as shell:
            yield shell
    else:
        shell = request.getfixturevalue("plain")
        shell[0].reset()
        yield shell


def script_of(typed: list[Typed], outputs: Path) -> str:
    """All of a page in one shell, each command's output in a file of its own."""
    lines = []
    for number, each in enumerate(typed):
        lines += ["{", each.command, f"}} >{shlex.quote(str(outputs / str(number)))} 2>&1 </dev/null"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_page_is_true(page: Path, shell: Shell, tmp_path: Path) -> None:
    typed = typed_in(page.read_text("utf-8"))
    assert typed
    outputs, home, work = (tmp_path / name for name in ("outputs", "home", "work"))
    for place in (outputs, home, work):
        place.mkdir()
    there = {name: value for name, value in shell[1].items() if not name.startswith("GITHUB_")}
    kept = {"XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(cache_directory().parent)}
    path = f"{LAYERFORK.parent}{os.pathsep}{there['PATH']}"
    env = {**there, **kept, "HOME": str(home), "PATH": path}
    subprocess.run(["bash", "-c", script_of(typed, outputs)], cwd=work, env=env, timeout=200)
    for number, each in enumerate(typed):
        said = (outputs / str(number)).read_text("utf-8", errors="replace")
        shown = "\n".join(each.prints)
        told = f"{page.name}:{each.line}: $ {each.command}\nshows:\n{shown}\nprinted:\n{said}"
        assert each.matches(said), told
