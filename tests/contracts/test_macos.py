"""On macOS everything runs that needs no engine of our own; what does need one says so.

No such machine is here: `asdarwin.py` plays one. `make lint` checks the types for it as well.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
RECORDS = TOP / "tests" / "golden" / "records"
PROGRAM = Path(__file__).with_name("asdarwin.py")
NEEDS_LINUX = "a private engine needs Linux, and this is Darwin"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("mac")
    (place / "context").mkdir()
    (place / "context" / "Dockerfile").write_text("FROM scratch\nCOPY a /\n")
    (place / "context" / "a").write_text("a\n")
    return place


def run(home: Path, *argv: str) -> "subprocess.CompletedProcess[bytes]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DOCKER_"))}
    env = {**kept, "HOME": str(home), "DOCKER_HOST": "unix:///nowhere.sock"}
    return subprocess.run(argv, cwd=home / "context", env=env, capture_output=True)


def on_mac(home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return run(home, sys.executable, str(PROGRAM), *arguments)


def on_linux(home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    return run(home, str(Path(sys.executable).with_name("layerfork")), *arguments)


def test_every_module_can_be_imported(home: Path) -> None:
    done = on_mac(home)
    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout) > 500


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("show", str(RECORDS / "seed-default.run.jsonl")), 0),
        (("report", str(RECORDS / "seed-default.run.jsonl"), "--format", "svg"), 0),
        (("explain", "mode"), 0),
        (("pack", "."), 0),
        (("pack", ".", "--check"), 1),
        (("records",), 0),
        (("predict", "."), 2),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_needs_no_engine_is_the_same_as_on_linux(
    home: Path, arguments: tuple[str, ...], code: int
) -> None:
    mac, linux = on_mac(home, *arguments), on_linux(home, *arguments)
    assert (mac.returncode, mac.stdout, mac.stderr) == (code, linux.stdout, linux.stderr)
    assert linux.returncode == code


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--engine", "private"),
        ("check", ".", "--engine", "private"),
        ("why", ".", "--engine", "podman"),
        ("engines", "run", "podman"),
        ("setup",),
    ],
    ids=lambda value: " ".join(value[:2]),
)
def test_an_engine_of_our_own_says_that_it_needs_linux(home: Path, arguments: tuple[str, ...]) -> None:
    done = on_mac(home, *arguments)
    assert done.returncode == 3
    assert f"layerfork: {NEEDS_LINUX}\nhint: use an installed Docker" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_the_list_of_engines_says_so_of_each(home: Path) -> None:
    done = on_mac(home, "engines")
    assert done.returncode == 0
    assert done.stdout.decode().count(NEEDS_LINUX) == 10


def test_state_lies_where_macos_has_it(home: Path) -> None:
    on_mac(home, "records")
    assert (home / "Library" / "Application Support" / "layerfork").is_dir()
