"""Real builds of contexts full of odd names under odd ignore files, against the models of every dialect.

A build tries many random patterns at once: each has a directory of its own, with the same names in it.
"""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.keymodel import HandMadeContext, post_build
from unit.keys.ignoremodels import MODELS, is_removed

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.engines.podman import RunningPodmanEngine
from layerfork.builders.process import run
from layerfork.record.build import Command, Completed

pytestmark = pytest.mark.engine

LIST = "FROM alpine\nCOPY . /c/\nRUN find /c -mindepth 1 | sed s,^/c/,copied:,\n"
NAMES = (
    "a",
    "ab",
    "aa",
    "b",
    "7",
    "\\d",
    "a+b",
    "a|b",
    "a{2}",
    "(a)",
    "a^b",
    "a]",
    "a$",
    "é",
    ".b",
    "a b",
    "py",
)
BELOW = ("", "d/", "d/e/", "b.py/")
ROOMS = tuple(f"p{number}/" for number in range(16))
PIECES = ("a", "b", "d", "e", "?", "*", "**", "[ab]", "[^a]", "[[:alpha:]]", "\\d", "\\*", "\\w", ".py")
SPECIAL = ("+", "|", "^", "(a)", "{2}", "]", "$", "/", "/", "/", "é", " ")
MALFORMED = ("[Local-Only]/", "![z-a]", "a\\")


@pytest.fixture(scope="module", params=["private:26.1", "private:20.10", "podman:5.4", "podman:3.0"])
def engine(request: pytest.FixtureRequest) -> Iterator[RunningEngine | RunningPodmanEngine]:
    with open_engine(request.param).start(os.environ, print) as running:
        yield running


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("odd")
    for directory in (room + below for room in ROOMS for below in BELOW):
        (root / directory).mkdir(parents=True)
        for name in NAMES:
            (root / directory / name).write_text(name)
    (root / "Dockerfile").write_text(LIST)
    return root


def test_random_patterns(engine: RunningEngine | RunningPodmanEngine, root: Path, tmp_path: Path) -> None:
    version = engine.info.version if engine.info is not None else ""
    for builder in builders(engine):
        ignore = random_ignore_file(random.Random(f"{builder} {version}"), root, builder, version)
        model = model_of(root, ignore, builder, version)
        done = build(engine, root, builder, tmp_path)
        assert done.ok, (builder, ignore, done.stderr)
        assert copied(done.stdout + done.stderr) == model, (builder, ignore)


@pytest.mark.parametrize("pattern", MALFORMED)
def test_malformed_patterns(
    engine: RunningEngine | RunningPodmanEngine, tmp_path: Path, pattern: str
) -> None:
    """What is refused refuses the whole build; what is not noticed does not."""
    root = tmp_path / "small"
    root.mkdir()
    (root / "Dockerfile").write_text(LIST)
    (root / "ab").write_text("")
    for builder in builders(engine):
        version = engine.info.version if engine.info is not None else ""
        model = model_of(root, pattern, builder, version)
        done = build(engine, root, builder, tmp_path)
        assert (copied(done.stdout + done.stderr) if done.ok else None) == model, (builder, done.stderr)


REMOVALS = (
    ("Dockerfile\n[z-a]", {"26.1": {".dockerignore"}, "20.10": {".dockerignore", "Dockerfile"}}),
    (
        "[z-a]\nDockerfile",
        {"26.1": {".dockerignore", "Dockerfile"}, "20.10": {".dockerignore", "Dockerfile"}},
    ),
    ("[a\n*", {"26.1": {".dockerignore", "Dockerfile"}, "20.10": {".dockerignore", "Dockerfile"}}),
    ("**kerfile", {"26.1": {".dockerignore"}, "20.10": {".dockerignore", "Dockerfile"}}),
    ("*\n!D*", {"26.1": {"Dockerfile"}, "20.10": {"Dockerfile"}}),
)
"""Ignore files, and what the classic builder of each engine leaves of the two files; measured."""


@pytest.mark.parametrize("engine", ["private:26.1", "private:20.10"], indirect=True)
@pytest.mark.parametrize("removal", REMOVALS)
def test_what_the_classic_engine_removes(
    engine: RunningEngine, removal: tuple[str, dict[str, set[str]]]
) -> None:
    """It passes over a malformed pattern that it notices, file by file."""
    ignore, left = removal
    assert engine.info is not None
    assert engine.socket is not None
    context = HandMadeContext().add(".dockerignore", ignore.encode()).add("Dockerfile", LIST.encode())
    answer = post_build(engine.socket, {"version": "1"}, context.tar())
    found = copied("".join(line.get("stream", "") for line in answer))
    version = engine.info.version
    assert found == next(kept for start, kept in left.items() if version.startswith(start)), answer
    assert found == {
        name for name in (".dockerignore", "Dockerfile") if not is_removed(name, ignore, version)
    }


def builders(engine: RunningEngine | RunningPodmanEngine) -> tuple[str, ...]:
    return ("buildah",) if isinstance(engine, RunningPodmanEngine) else ("classic", "buildkit")


def random_ignore_file(source: random.Random, root: Path, builder: str, version: str) -> str:
    """One or two patterns for each room, none that the model takes for malformed."""
    lines: list[str] = []
    for room in ROOMS:
        for exception in ("", "!")[: source.randint(1, 2)]:
            while True:
                pattern = "".join(source.choices((*PIECES, *SPECIAL), k=source.randint(1, 4)))
                line = f"{exception}{room}{pattern}"
                if model_of(root, line, builder, version) is not None:
                    break
            lines.append(line)
    return "\n".join(lines)


def model_of(root: Path, ignore: str, builder: str, version: str) -> set[str] | None:
    (root / ".dockerignore").write_text(ignore)
    return MODELS[builder](root, ignore, ".", version)


def build(engine: RunningEngine | RunningPodmanEngine, root: Path, builder: str, scratch: Path) -> Completed:
    assert engine.toolchain is not None
    if isinstance(engine, RunningPodmanEngine):
        argv = (str(engine.podman.podman), "build", "--no-cache", str(root))
        return run(
            Command(argv=argv, env={"PATH": os.defpath, "HOME": "/nowhere"}, cwd=Path("/")), timeout_s=60
        )
    config = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (scratch / "config.json").write_text(json.dumps(config))
    env = {
        "PATH": os.defpath,
        "HOME": "/nowhere",
        "DOCKER_HOST": engine.docker_host,
        "DOCKER_CONFIG": str(scratch),
        "DOCKER_BUILDKIT": str(int(builder == "buildkit")),
        "BUILDKIT_PROGRESS": "plain",
    }
    argv = (str(engine.toolchain.docker), "build", "--no-cache", str(root))
    return run(Command(argv=argv, env=env), timeout_s=60)


def copied(output: str) -> set[str]:
    """Paths that the last step printed, in whatever way the builder shows output."""
    return {
        line.partition("copied:")[2]
        for line in output.splitlines()
        if "copied:" in line and "sed" not in line
    }
