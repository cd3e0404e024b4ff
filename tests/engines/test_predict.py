"""`layerfork predict` held against what a real engine then does: predicted first, built afterwards."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from engines.running import as_host, user_of

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.cli.root import root
from layerfork.record.store.recordfile import read_records

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM alpine AS build
WORKDIR /w
COPY src /src
RUN cat /src/* > /out
FROM alpine
ARG V=1
RUN echo $V > /v
COPY --from=build /out /out
COPY . /all
RUN echo end
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as running:
        yield running


@pytest.fixture
def user(engine: RunningEngine, tmp_path: Path) -> dict[str, str]:
    assert engine.toolchain is not None
    home = tmp_path / "user"
    home.mkdir()
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    return {"DOCKER_CONFIG": str(home), "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "src").mkdir(parents=True)
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / ".dockerignore").write_text("*.log\nDockerfile\n.dockerignore\n")
    (root / "src" / "a").write_text("a\n")
    (root / "src" / "b").write_text("b\n")
    (root / "c").write_text("c\n")
    (root / "link").symlink_to("c")
    (root / "x.log").write_text("log\n")
    return root


def _touch(root: Path) -> None:
    """Another time, and another content of a file that is ignored."""
    os.utime(root / "src" / "a", (1, 1))
    (root / "x.log").write_text("other\n")


Change = Callable[[Path], object]
CHANGES: tuple[tuple[str, Change, tuple[str, ...]], ...] = (
    ("nothing that counts", _touch, ()),
    ("a file of a stage", lambda root: (root / "src" / "a").write_text("changed\n"), ()),
    ("the file as it was at first", lambda root: (root / "src" / "a").write_text("a\n"), ()),
    ("a mode", lambda root: (root / "c").chmod(0o600), ()),
    ("another name", lambda root: (root / "c").rename(root / "d"), ()),
    ("another link", lambda root: _relink(root / "link", "nowhere"), ()),
    ("a build argument", lambda root: None, ("--build-arg", "V=2")),
    ("an ignore rule", lambda root: (root / ".dockerignore").write_text("*.log\nDockerfile\n"), ()),
    ("comments", lambda root: _rewrite(root, "FROM alpine\n", "# two\n# lines\nFROM alpine\n"), ()),
    ("a reworded last step", lambda root: _rewrite(root, "RUN echo end", "RUN echo other"), ()),
    ("a default", lambda root: _rewrite(root, "ARG V=1", "ARG V=3"), ()),
    ("a target", lambda root: None, ("--target", "build")),
)
"""What is done to the tree, and the options of the build."""
MAY_BE_UNKNOWN = {"a file of a stage": {"COPY --from=build /out /out", "RUN echo end"}}
"""Only where the files of a stage that is built again decide."""


def _relink(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def _rewrite(root: Path, old: str, new: str) -> None:
    text = (root / "Dockerfile").read_text()
    assert old in text
    (root / "Dockerfile").write_text(text.replace(old, new))


def predict(engine: RunningEngine, user: dict[str, str], *words: str | Path) -> tuple[int, dict[str, Any]]:
    done = as_host(engine, "predict", *words, "--format", "json", **user)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def predict_here(*words: str | Path) -> tuple[int, dict[str, Any]]:
    """The same in this process: its start takes as long as the rest."""
    asked = ["predict", *map(str, words), "--format", "json"]
    done = CliRunner().invoke(root, asked, catch_exceptions=False, standalone_mode=False)
    return done.return_value, json.loads(done.stdout)


def build(engine: RunningEngine, user: dict[str, str], *words: str | Path) -> list[tuple[str, str]]:
    """What the engine did with each step: its instruction and status."""
    done = as_host(engine, "why", "--engine", "host", *words, **user)
    assert done.returncode in (0, 1), done.stderr
    files = sorted((Path(user["XDG_STATE_HOME"]) / "layerfork" / "records").glob("*.jsonl"), key=_age)
    (record,) = read_records(files[-1])
    return [(step.instruction, step.status.value) for step in record.steps]


def _age(file: Path) -> int:
    return file.stat().st_mtime_ns


@pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "buildkit"])
def test_what_is_predicted_happens(
    engine: RunningEngine,
    user: dict[str, str],
    tree: Path,
    buildkit: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user["DOCKER_BUILDKIT"] = buildkit
    monkeypatch.setenv("XDG_STATE_HOME", user["XDG_STATE_HOME"])
    build(engine, user, tree)
    for name, change, options in CHANGES:
        change(tree)
        code, predicted = predict_here(tree, *options)
        steps = {step["index"]: step for step in predicted["steps"]}
        actual = dict(enumerate(build(engine, user, tree, *options), start=1))
        assert steps.keys() == actual.keys(), name
        unknown = {step["instruction"] for step in steps.values() if step["prediction"] == "unknown"}
        assert unknown <= MAY_BE_UNKNOWN.get(name, set()), (name, unknown)
        for index, step in steps.items():
            if step["prediction"] != "unknown":
                assert step["prediction"] == actual[index][1], (name, step)
        found = {step["prediction"] for step in steps.values()}
        assert code == (1 if "miss" in found else 3 if "unknown" in found else 0), name
    _images_tell_when_results_were_made(user)


def _images_tell_when_results_were_made(user: dict[str, str]) -> None:
    """What a build made is as old as the build, what it reused is older."""
    seen = set()
    for file in (Path(user["XDG_STATE_HOME"]) / "layerfork" / "records").glob("*.jsonl"):
        (record,) = read_records(file)
        for step in record.steps:
            if step.created_at:
                seen.add((step.instruction.partition(" ")[0], step.status.value))
                made_before = step.created_at[:19] < record.recorded_at[:19]
                assert (
                    not made_before
                    if step.status.value == "miss"
                    else step.created_at[:19] <= record.recorded_at[:19]
                )
    assert {("RUN", "hit"), ("RUN", "miss"), ("COPY", "hit"), ("COPY", "miss")} <= seen


def test_a_directory_beside_the_context_is_read(
    engine: RunningEngine, user: dict[str, str], tmp_path: Path
) -> None:
    for name in ("main", "lib"):
        (tmp_path / name).mkdir()
    (tmp_path / "main" / "Dockerfile").write_text("FROM alpine\nCOPY --from=lib f /\nRUN cat /f\n")
    (tmp_path / "lib" / "f").write_text("one")
    command = ["docker", "buildx", "build", "--build-context", f"lib={tmp_path}/lib", f"{tmp_path}/main"]
    build(engine, user, "--", *command)
    for text, statuses in (("one", ["hit", "hit", "hit"]), ("other", ["hit", "miss", "miss"])):
        (tmp_path / "lib" / "f").write_text(text)
        _, predicted = predict(engine, user, tmp_path / "main")
        assert [step["prediction"] for step in predicted["steps"]] == statuses
        assert [status for _, status in build(engine, user, "--", *command)] == statuses
    (tmp_path / "lib").rename(tmp_path / "elsewhere")
    code, predicted = predict(engine, user, tmp_path / "main")
    assert (code, [step["prediction"] for step in predicted["steps"]]) == (3, ["hit", "unknown", "unknown"])


FOREIGN = """\
FROM --platform=linux/s390x foreign AS a
COPY c /c
FROM a AS b
COPY link /link
FROM alpine
COPY c /c
FROM --platform=linux/s390x scratch
COPY c /c
"""


def test_what_the_engine_is_known_never_to_find_is_a_miss(
    engine: RunningEngine, user: dict[str, str], tree: Path
) -> None:
    user["DOCKER_BUILDKIT"] = "0"
    environment = user_of(engine, **user)
    (tree / "Dockerfile").write_text("FROM scratch\nCOPY link /\n")
    words = ["docker", "build", "-q", "--platform", "linux/s390x", "-t", "foreign", str(tree)]
    subprocess.run(words, env=environment, check=True)
    (tree / "Dockerfile").write_text(FOREIGN)
    build(engine, user, tree)
    code, predicted = predict(engine, user, tree)
    said = [step["prediction"] for step in predicted["steps"]]
    assert (code, said) == (1, ["hit", "miss", "hit", "miss", "hit", "hit", "hit", "hit"])
    assert "issues/49947" in predicted["steps"][1]["reason"]
    assert [status for _, status in build(engine, user, tree)] == said


def test_a_hypothetical_edit_and_another_client(
    engine: RunningEngine, user: dict[str, str], tree: Path
) -> None:
    user["DOCKER_BUILDKIT"] = "0"
    build(engine, user, tree)
    code, edited = predict(engine, user, tree, "--changed", tree / "c")
    assert code == 1
    assert [step["line"] for step in edited["steps"] if step["prediction"] == "miss"] == [9, 10]
    (cause,) = next(step for step in edited["steps"] if step["line"] == 9)["causes"]
    assert (cause["code"], cause["path"]) == ("content", "c")
    assert predict(engine, user, tree, "--client", "docker-build+classic")[0] == 0
    os.chown(tree / "c", 1234, 1234)
    assert predict(engine, user, tree)[0] == 0
    code, other = predict(engine, user, tree, "--client", "docker_py-build")
    assert code == 1
    assert any(cause["code"] == "uid" for step in other["steps"] for cause in step["causes"])
    code, other = predict(engine, user, tree, "--client", "buildx-build")
    assert code == 1
    assert "its cache is not that of classic" in other["steps"][1]["reason"]


@pytest.mark.parametrize(
    ("name", "named", "asked"), [("26.1", "hit", "hit"), ("28.5", "miss", "miss")], ids=["26.1", "28.5"]
)
def test_the_name_of_what_is_built_is_an_argument_since_buildkit_0_17(
    name: str, named: str, asked: str, tmp_path: Path, tree: Path
) -> None:
    """BuildKit 0.13 of Engine 26.1 gives no stage a TARGETSTAGE; 0.25 of Engine 28.5 does."""
    (tree / "Dockerfile").write_text("FROM alpine\nARG TARGETSTAGE\nRUN echo of ${TARGETSTAGE-none} > /t\n")
    with open_engine(name).start(os.environ, print) as running:
        assert running.toolchain is not None
        plugins = {"cliPluginsExtraDirs": [str(running.toolchain.cli_plugins)]}
        home = tmp_path / "of-this-engine"
        home.mkdir()
        (home / "config.json").write_text(json.dumps(plugins))
        user = {"DOCKER_CONFIG": str(home), "XDG_STATE_HOME": str(home / "state"), "DOCKER_BUILDKIT": "1"}
        build(running, user, tree)
        changes = (("FROM alpine\n", "FROM alpine AS last\n", (), named), ("", "", ("--target", "0"), asked))
        for before, after, options, expected in changes:
            _rewrite(tree, before, after)
            _, predicted = predict(running, user, tree, *options)
            built = build(running, user, tree, *options)
            assert built[-1][1] == expected, built
            assert predicted["steps"][-1]["prediction"] == expected, predicted
