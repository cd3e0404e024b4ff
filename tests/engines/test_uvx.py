"""`uvx layerfork why -- docker build .` of somebody who is not root, may use docker's socket, and has
installed nothing; and the same where Python looks like that of macOS.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from engines.running import user_of

from layerfork.builders.engines import RunningEngine, open_engine

pytestmark = pytest.mark.engine

TOP = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
NOBODY = 65534
"""Debian's user and group of that name."""
NAMED = os.environ.get("LAYERFORK_PYTHONS", "").split(":")
INSTALLED = [f"/usr/bin/python3.{minor}" for minor in range(11, 15)]
PYTHONS = [path for path in dict.fromkeys([*NAMED, *INSTALLED]) if Path(path).is_file()]


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody with a home directory, and programs that the tests' own user may have to itself."""

    home: Path
    wheel: Path
    docker_host: str

    def run(self, *argv: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: os.environ[name] for name in ("SSL_CERT_FILE", "LANG") if name in os.environ}
        path = f"{self.home}/bin:/usr/bin:/bin"
        env = {**kept, "HOME": str(self.home), "PATH": path, "DOCKER_HOST": self.docker_host}
        return subprocess.run(
            argv,
            cwd=self.home / "project",
            env=env,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            umask=0o022,
            capture_output=True,
            text=True,
            timeout=240,
        )

    def uvx(self, python: str, *words: str) -> "subprocess.CompletedProcess[str]":
        pins = f"{self.home}/pins.txt"
        tool = ("uv", "tool", "run", "-q", "--python", python, "--constraints", pins)
        return self.run(*tool, "--from", str(self.wheel), "layerfork", *words)

    def own(self) -> None:
        for place in (self.home, *self.home.rglob("*")):
            os.chown(place, NOBODY, NOBODY, follow_symlinks=False)


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as engine:
        yield engine


@pytest.fixture(scope="module")
def user(engine: RunningEngine) -> Iterator[User]:
    assert engine.socket is not None
    assert engine.toolchain is not None
    assert engine.toolchain.cli_plugins is not None
    with tempfile.TemporaryDirectory(prefix="lf-user-", dir="/var/tmp") as name:
        home = Path(name)
        for made in ("bin", "project", ".docker/cli-plugins"):
            (home / made).mkdir(parents=True)
        os.link(engine.socket, home / "docker.sock")
        shutil.copy(UV, home / "bin")
        shutil.copy(engine.toolchain.docker.resolve(), home / "bin" / "docker")
        shutil.copy(engine.toolchain.cli_plugins / "docker-buildx", home / ".docker" / "cli-plugins")
        selected = ("--frozen", "--no-dev", "--no-emit-project", "--no-hashes")
        subprocess.run([UV, "export", "-q", "--project", TOP, *selected, "-o", home / "pins.txt"], check=True)
        subprocess.run([UV, "build", "-q", "--wheel", "-o", home, TOP], check=True)
        (wheel,) = home.glob("*.whl")
        (home / "project" / "Dockerfile").write_text("FROM alpine\nCOPY data.txt /\nRUN echo one\n")
        (home / "project" / "data.txt").write_text("0\n")
        someone = User(home=home, wheel=wheel, docker_host=f"unix://{home}/docker.sock")
        someone.own()
        first = someone.uvx(PYTHONS[0], "why", "--", "docker", "build", ".")
        assert first.returncode == 0, first.stderr
        assert "baseline" in first.stdout
        yield someone


def test_some_python_is_here() -> None:
    assert PYTHONS


@pytest.mark.parametrize("python", PYTHONS)
def test_why_explains_a_build(user: User, python: str) -> None:
    data = user.home / "project" / "data.txt"
    data.write_text(f"{python}\n")
    missed = user.uvx(python, "why", "--", "docker", "build", ".")
    assert missed.returncode == 1, missed.stderr
    assert missed.stdout.startswith("Dockerfile:2  COPY data.txt /  missed: data.txt changed\n")
    assert "PROVEN content" in missed.stdout


def test_what_it_keeps_lies_where_the_user_has_such_things(user: User) -> None:
    state = user.home / ".local" / "state" / "layerfork"
    kept = [path for path in state.rglob("*") if path.is_file()]
    assert any(path.parent.name == "records" for path in kept)
    assert {path.stat().st_uid for path in (*kept, state)} == {NOBODY}
    hidden = {path.name for path in user.home.iterdir() if path.name.startswith(".")}
    assert hidden == {".cache", ".docker", ".gitignore", ".local"}  # uv's and docker's, too


def test_a_private_engine_says_that_it_needs_root(user: User) -> None:
    done = user.uvx(PYTHONS[0], "run", "--engine", "private")
    assert done.returncode == 3
    assert "layerfork: a private engine needs root" in done.stderr
    assert not (user.home / ".cache" / "layerfork" / "engines").exists()


def test_on_macos_a_build_is_explained_as_well(engine: RunningEngine, context: Path) -> None:
    program = TOP / "tests" / "contracts" / "asdarwin.py"
    env = user_of(engine, HOME=str(context.parent / "home"))
    argv = (sys.executable, str(program), "why", "--", "docker", "build", ".")

    def why() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(argv, cwd=context, env=env, capture_output=True, text=True, timeout=240)

    first = why()
    assert first.returncode == 0, first.stderr
    (context / "data.txt").write_text("other\n")
    missed = why()
    assert missed.returncode == 1, missed.stderr
    assert "\nDockerfile:3  COPY data.txt /  missed: data.txt changed\n" in missed.stdout
