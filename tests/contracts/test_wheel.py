"""What a wheel brings along, from one that is really built and installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


def run(*argv: str | Path) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([*map(str, argv)], cwd="/", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment with the wheel and what it needs, as the lock file pins that."""
    place = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "-q", "--wheel", "-o", place, TOP)
    pinned = place / "pinned.txt"
    selected = ("--frozen", "--no-dev", "--no-emit-project", "--no-hashes")
    run(UV, "export", "-q", "--project", TOP, *selected, "-o", pinned)
    run(UV, "venv", "-q", "--python", sys.executable, place / "venv")
    python = place / "venv" / "bin" / "python"
    run(UV, "pip", "install", "-q", "--python", python, "-c", pinned, *place.glob("*.whl"))
    return python.parent


def test_it_is_not_the_checkout(installed: Path) -> None:
    where = run(installed / "python", "-c", "import layerfork; print(layerfork.__file__)")
    assert where.startswith(str(installed.parent))


PAGES = [path for pages in ("causes", "lint") for path in sorted((TOP / "docs" / pages).glob("[a-z]*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_the_pages_are_in_it(installed: Path, page: Path) -> None:
    manual = next(installed.parent.glob("lib/python*/site-packages/layerfork/docs"))
    assert (manual / page.parent.name / page.name).read_text("utf-8") == page.read_text("utf-8")


def test_they_are_explained(installed: Path) -> None:
    page = (TOP / "docs" / "causes" / "mode.md").read_text("utf-8")
    assert run(installed / "layerfork", "explain", "MODE") == page
    assert len(run(installed / "layerfork", "explain").splitlines()) > 40


def test_the_page_is_made(installed: Path) -> None:
    file = TOP / "tests" / "golden" / "records" / "seed-default.run.jsonl"
    page = run(installed / "layerfork", "report", file, "--format", "html")
    assert page.startswith("<!doctype html>")
    assert page.count("<article") == 2
