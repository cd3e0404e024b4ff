"""`layerfork predict --ask-engine` on real engines: what frontends answer, and that nothing is left of it."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from engines.running import as_host

from layerfork.builders.api.askfrontend import FrontendRefusedError, Question, ask_frontend
from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.cli.root import root
from layerfork.errors import UsageError
from layerfork.record.record import BuildRecord
from layerfork.record.store.recordfile import read_records
from layerfork.wire.buildkit.definition import read_definition
from layerfork.wire.redact import Redactor
from research.published.bases import make_bases
from research.published.compare import Comparison
from research.published.files import find_published

pytestmark = pytest.mark.engine

DOCKERFILE = """\
FROM alpine AS build
ARG V=1
COPY src /src
RUN cat /src/* > /out && echo $V
FROM alpine
COPY --from=build /out /out
COPY <<X /doc
text
X
RUN echo end
"""
OPTIONS = {"filename": "Dockerfile", "image-resolve-mode": "local", "build-arg:V": "2"}


@pytest.fixture(scope="module")
def engine() -> Iterator[RunningEngine]:
    with open_engine("private:26.1").start(os.environ, print) as running:
        yield running


@pytest.fixture
def user(engine: RunningEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    assert engine.toolchain is not None
    home = tmp_path / "user"
    home.mkdir()
    plugins = {"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]}
    (home / "config.json").write_text(json.dumps(plugins))
    made = {"DOCKER_CONFIG": str(home), "XDG_STATE_HOME": str(home / "state"), "LC_ALL": "C.UTF-8"}
    for name, value in {**made, "DOCKER_HOST": engine.docker_host}.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    place = tmp_path / "tree"
    (place / "src").mkdir(parents=True)
    (place / "Dockerfile").write_text(DOCKERFILE)
    (place / ".dockerignore").write_text("*.log\n")
    (place / "src" / "a").write_text("a\n")
    return place


def state(engine: RunningEngine) -> tuple[Any, ...]:
    """All that an engine keeps of builds: every record of the build cache, images, containers. It lists them
    in any order."""
    found = [_get(engine, path) for path in ("/system/df", "/images/json?all=1", "/containers/json?all=1")]
    lists = (found[0]["BuildCache"] or [], *found[1:])
    return tuple(sorted(each, key=lambda row: str(row.get("ID") or row["Id"])) for each in lists)


def _get(engine: RunningEngine, path: str) -> Any:
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(engine.docker_host.removeprefix("unix://"))
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def predict(*words: str | Path) -> tuple[int, Any]:
    """Its exit code, and the document."""
    asked = ["predict", *map(str, words), "--format", "json"]
    done = CliRunner().invoke(root, asked, catch_exceptions=False, standalone_mode=False)
    return done.return_value, json.loads(done.stdout)


def forecasts(document: Any) -> dict[int, str]:
    """By line: what becomes of a FROM says nothing."""
    return {
        step["line"]: step["prediction"]
        for step in document["steps"]
        if not step["instruction"].startswith("FROM")
    }


def build(engine: RunningEngine, user: dict[str, str], *words: str | Path) -> BuildRecord:
    done = as_host(engine, "why", *words, "--engine", "host", **user)
    assert done.returncode in (0, 1), done.stderr
    files = (Path(user["XDG_STATE_HOME"]) / "layerfork" / "records").glob("*.jsonl")
    (record,) = read_records(max(files, key=lambda each: each.stat().st_mtime_ns))
    return record


def happened(record: BuildRecord) -> dict[int, str]:
    return {step.line: step.status.value for step in record.steps if not step.instruction.startswith("FROM")}


def test_the_answer_is_the_definition_that_a_build_has(
    engine: RunningEngine, user: dict[str, str], tree: Path
) -> None:
    record = build(engine, user, tree, "--build-arg", "V=2")
    assert record.definition is not None
    (context,) = (
        op.source
        for op in record.definition.ops
        if op.source and op.source.attrs[0][0] != "image.resolvemode"
    )
    before = state(engine)
    question = Question(
        options=OPTIONS,
        dockerfile=DOCKERFILE.encode(),
        ignored=b"*.log\n",
        shown_session=dict(context.attrs)["local.session"],
    )
    found = ask_frontend(engine.way, engine.docker_host, question)
    answered = read_definition(found.values(), "Dockerfile", Redactor(b"key")).definition
    assert {op.digest for op in answered.ops} == {op.digest for op in record.definition.ops}
    assert {op.digest: op.lines for op in answered.ops} == {
        op.digest: op.lines for op in record.definition.ops
    }
    assert state(engine) == before


def test_what_nobody_could_tell_is_known_and_happens(
    engine: RunningEngine, user: dict[str, str], tree: Path
) -> None:
    build(engine, user, tree)
    text = DOCKERFILE.replace("RUN cat", "RUN --mount=type=ssh cat").replace("FROM alpine\n", "FROM other\n")
    (tree / "Dockerfile").write_text(text)
    (tree.parent / "other").mkdir()
    (tree.parent / "other" / "Dockerfile").write_text("FROM alpine\nENV X=1\n")
    assert (
        as_host(
            engine,
            "record",
            "-o",
            tree.parent / "o",
            "--",
            "docker",
            "build",
            "-t",
            "other",
            tree.parent / "other",
            **user,
        ).returncode
        == 0
    )
    before = state(engine)

    code, without = predict(tree)
    assert code == 3
    unknown = {line for line, what in forecasts(without).items() if what == "unknown"}
    assert unknown == {4, 6, 7, 10}
    code, asked = predict(tree, "--ask-engine")
    told = forecasts(asked)
    assert state(engine) == before
    assert (code, asked["assumes"]) == (1, [])
    actual = happened(build(engine, user, tree))
    sure = {line: what for line, what in told.items() if what != "unknown"}
    assert sure == {line: actual[line] for line in sure}
    assert sure.keys() & unknown == {4, 10}, "of lines 6 and 7 the files decide that only the build makes"
    assert set(forecasts(predict(tree, "--ask-engine")[1]).values()) == {"hit"}

    (tree / "Dockerfile").write_text(text.replace("echo end", "echo other"))
    build(engine, user, tree)
    (tree / "Dockerfile").write_text(text)
    assert set(forecasts(predict(tree, "--ask-engine")[1]).values()) == {"hit"}
    assert set(happened(build(engine, user, tree)).values()) == {"hit"}


def test_what_the_frontend_does_not_take(engine: RunningEngine, user: dict[str, str], tree: Path) -> None:
    build(engine, user, tree)
    before = state(engine)
    (tree / "Dockerfile").write_text(DOCKERFILE + "BAD x\n")
    with pytest.raises(UsageError, match="unknown instruction: BAD"):
        predict(tree, "--ask-engine")
    (tree / "Dockerfile").write_text("# syntax=nowhere.invalid/x\n" + DOCKERFILE)
    code, document = predict(tree, "--ask-engine")
    assert code == 3
    assert all("nowhere.invalid/x" in step["reason"] for step in document["steps"])
    assert state(engine) == before


@pytest.mark.parametrize("spec", ["private:20.10", "private:26.1+containerd", "private:28.5+containerd"])
def test_other_engines_answer_and_keep_nothing(spec: str) -> None:
    with open_engine(spec).start(os.environ, print) as engine:
        _answers_and_keeps_nothing(engine)


def _answers_and_keeps_nothing(engine: RunningEngine) -> None:
    before = state(engine)
    text = DOCKERFILE.replace("COPY <<X /doc\ntext\nX\n", "")
    found = ask_frontend(engine.way, engine.docker_host, Question(options=OPTIONS, dockerfile=text.encode()))
    read = read_definition(found.values(), "Dockerfile", Redactor(b"key"))
    assert not read.gaps
    assert [op.kind for op in read.definition.ops].count("exec") == 2
    with pytest.raises(FrontendRefusedError, match="unknown instruction: BAD"):
        ask_frontend(engine.way, engine.docker_host, Question(dockerfile=b"FROM alpine\nBAD x\n"))
    assert state(engine) == before


def test_published_dockerfiles_are_compared(tmp_path: Path) -> None:
    """As `make published` does it. It can fail: of another base image the model says something else."""
    text = "FROM some/where:1\nWORKDIR sub\nWORKDIR /w/\nWORKDIR $NONE\nCOPY a b c/\nRUN x $NAME\n"
    (tmp_path / "Dockerfile").write_text(text)
    (tmp_path / "Dockerfile.none").write_text("FROM some/where:1\nNO\n")
    with open_engine("private:28.5").start(os.environ, print) as engine:
        _answers_and_keeps_nothing(engine)
        make_bases(engine)
        comparison = Comparison(engine=engine, base="configured")
        for each in find_published([tmp_path], 0).texts.values():
            comparison.add(each)
        tally = comparison.tally
        assert (tally.exact, tally.bytes_equal, tally.count) == (7, 7, 7)
        assert dict(comparison.refused) == {"refused by both: it does not parse": 1}
        assert comparison.is_good
        comparison.facts = replace(comparison.facts, working_dir="/elsewhere")
        comparison.add(next(iter(find_published([tmp_path], 0).texts.values())))
    wrong = [text.partition("kind=")[2][:6] for text in tally.wrong]
    assert wrong == [*["'file'"] * 4, "'exec'"]
    assert not comparison.is_good
