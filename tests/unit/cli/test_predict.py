"""`layerfork predict` as a person types it, on builds that were recorded by hand: no engine, real trees."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from layerfork.cli import call
from layerfork.cli.root import root
from layerfork.context.clientrules import find_rules
from layerfork.context.manifest import read_context
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo, ImageFacts
from layerfork.record.record import (
    BuildOutcome,
    BuildPlace,
    BuildRecord,
    BuildResult,
    ClientInfo,
    RecordedRequest,
    StepRecord,
    StepStatus,
)
from layerfork.record.store.recordfile import RecordFile
from layerfork.record.store.store import open_store, project_of
from layerfork.record.store.summary import keep_summary, known_build

DOCKERFILE = "FROM alpine\nRUN echo first\n\nCOPY src /src\nRUN make\n"
ENGINE = EngineInfo(
    kind="host",
    version="26.1.5",
    api_version="1.45",
    image_store="graphdriver",
    architecture="amd64",
    instance="one",
)
ALPINE = ImageFacts(image_id="sha256:" + "a" * 64, history=(), diff_ids=())
AGENT = "Docker-Client/26.1.5 (linux)"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the working directory of a user with a store of their own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    directory = tmp_path / "tree"
    (directory / "src").mkdir(parents=True)
    (directory / "src" / "a.js").write_text("one\n")
    (directory / "x.log").write_text("log\n")
    (directory / ".dockerignore").write_text("*.log\n")
    (directory / "Dockerfile").write_text(DOCKERFILE)
    monkeypatch.chdir(directory)
    return directory


def record_of(tree: Path, statuses: str, day: int = 1) -> BuildRecord:
    """A classic build of the tree as it is: a letter for each step, ``h`` or ``m``."""
    text = (tree / "Dockerfile").read_text()
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line]
    return BuildRecord(
        id=f"{day}0ad",
        recorded_at=f"2026-01-{day:02}T00:00:00Z",
        client=ClientInfo(user_agent=AGENT, argv=("docker", "build", ".")),
        engine=ENGINE,
        builder=Builder.CLASSIC,
        place=BuildPlace(directory=os.path.realpath(tree), ran_in=os.path.realpath(tree)),
        request=RecordedRequest(dockerfile_name="Dockerfile", dockerfile=text),
        context=read_context(tree, find_rules("docker-cli")).manifest,
        steps=tuple(
            StepRecord(
                index=index,
                instruction=line,
                line=number,
                status=StepStatus.HIT if status == "h" else StepStatus.MISS,
                seconds=0.0 if status == "h" else 10.0 * index,
            )
            for index, ((number, line), status) in enumerate(zip(lines, statuses, strict=True), 1)
        ),
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
        base_images=(("alpine", ALPINE),),
    )


def keep(record: BuildRecord) -> None:
    """Put it into the store, as `why` does."""
    path = open_store().add(project_of(Path(record.place.directory), record), record)
    keep_summary(known_build(path, record, record.id, ""))


def predict(*words: str) -> Result:
    return CliRunner().invoke(root, ["predict", *words], catch_exceptions=False, standalone_mode=False)


def document(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(predict(*words, "--format", "json").stdout)
    return found


def forecasts(*words: str) -> str:
    """First letters of what is predicted of each step."""
    return "".join(step["prediction"][0] for step in document(*words)["steps"])


def test_an_unchanged_tree_is_all_hits(tree: Path) -> None:
    keep(record_of(tree, "hmmm"))
    (tree / "x.log").write_text("ignored\n")
    os.utime(tree / "src" / "a.js", (1, 1))
    done = predict()
    assert done.return_value == 0
    assert done.stdout.startswith("all 4 steps will be reused\n")


def test_a_changed_file_is_named_with_what_it_costs(tree: Path) -> None:
    keep(record_of(tree, "hmmm"))
    (tree / "src" / "a.js").write_text("two\n")
    done = predict(".")
    assert done.return_value == 1
    assert done.stdout.split("\n")[:5] == [
        "2 of 4 steps will be reused; 2 will miss: about 70 s",
        "",
        "Dockerfile:4  COPY src /src  will miss: src/a.js changed",
        "  70.0 s, 1 more step  PROVEN content",
        "  fix: expected after that edit; move steps that do not need src/a.js above line 4",
    ]
    found = document(str(tree))
    assert found["schema"] == "layerfork/predict/1"
    assert (found["against"]["id"], found["seconds_lost"], found["exit"]) == ("10ad", 70.0, 1)
    copied = found["steps"][2]
    assert (copied["index"], copied["line"], copied["prediction"], copied["seconds"]) == (3, 4, "miss", 30.0)
    assert [(cause["code"], cause["path"]) for cause in copied["causes"]] == [("content", "src/a.js")]
    assert found["steps"][3]["causes"] == []


def test_a_build_that_a_person_names(tree: Path) -> None:
    with RecordFile(tree.parent / "ci.jsonl") as file:
        file.add(replace(record_of(tree, "hmmm"), place=BuildPlace(directory="/ci/work")))
    assert forecasts("--against", "../ci.jsonl") == "hhhh"
    (tree / "src" / "b.js").write_text("new\n")
    assert forecasts("--against", "../ci.jsonl#1") == "hhmm"
    assert forecasts("--record", "../ci.jsonl") == "hhhh"


def test_hidden_values_of_another_machine_are_taken_to_be_the_same(tree: Path) -> None:
    (tree / "Dockerfile").write_text("FROM alpine\nENV API_TOKEN=abcdefgh12345678\nRUN make\nRUN test\n")
    record = record_of(tree, "hmmm")
    text = "FROM alpine\nENV API_TOKEN=hidden:0123456789abcdef\nRUN make\nRUN test\n"
    hidden = replace(record.steps[1], instruction=text.split("\n")[1])
    with RecordFile(tree.parent / "ci.jsonl") as file:
        file.add(
            replace(
                record,
                redaction_key_id="another",
                request=replace(record.request, dockerfile=text),
                steps=(record.steps[0], hidden, *record.steps[2:]),
            )
        )
    found = document("--against", "../ci.jsonl")
    assert [step["prediction"] for step in found["steps"]] == ["hit"] * 4
    assert "hidden values in the Dockerfile are unchanged" in found["assumes"]
    assert "abcdefgh12345678" not in json.dumps(found)


def test_no_secret_is_printed(tree: Path) -> None:
    (tree / "Dockerfile").write_text("FROM alpine\nARG API_TOKEN\nRUN make\n")
    keep(record_of(tree, "hmm"))
    done = predict("--build-arg", "API_TOKEN=abcdefgh12345678", "-v")
    assert "abcdefgh12345678" not in done.output


def test_costs_are_those_of_the_build_that_ran_the_step(tree: Path) -> None:
    keep(record_of(tree, "hmmm", day=1))
    keep(record_of(tree, "hhhh", day=2))
    assert document("--changed", "src/a.js")["seconds_lost"] == 70.0


def test_the_dockerfile_counts_as_it_is_now(tree: Path) -> None:
    keep(record_of(tree, "hmmm"))
    (tree / "Dockerfile").write_text("# a comment\n" + DOCKERFILE.replace("RUN make", "RUN make all"))
    steps = document()["steps"]
    assert [(step["line"], step["prediction"]) for step in steps] == [
        (2, "hit"),
        (3, "hit"),
        (5, "hit"),
        (6, "miss"),
    ]


def test_what_an_older_build_stored_is_found(tree: Path) -> None:
    keep(record_of(tree, "hmmm", day=1))
    (tree / "src" / "a.js").write_text("two\n")
    keep(record_of(tree, "hhmm", day=2))
    (tree / "src" / "a.js").write_text("one\n")
    assert forecasts() == "hhhh"


def test_what_the_cache_has_lost_is_not_found(tree: Path) -> None:
    """The second build had to build again what the first had stored: it was pruned between."""
    keep(record_of(tree, "hmmm", day=1))
    (tree / "src" / "a.js").write_text("two\n")
    keep(record_of(tree, "hmmm", day=2))
    (tree / "src" / "a.js").write_text("one\n")
    assert forecasts() == "hhmm"


def test_another_engine_has_another_cache(tree: Path) -> None:
    first = record_of(tree, "hmmm", day=1)
    keep(replace(first, engine=replace(ENGINE, instance="two")))
    (tree / "src" / "a.js").write_text("two\n")
    keep(record_of(tree, "hmmm", day=2))
    (tree / "src" / "a.js").write_text("one\n")
    assert forecasts() == "hhmm"


def test_a_failed_build_stored_what_it_came_to(tree: Path) -> None:
    record = record_of(tree, "hmmm")
    failed = replace(record.steps[3], error="exit code 2")
    result = BuildResult(outcome=BuildOutcome.FAILED, error="exit code 2")
    with RecordFile(tree.parent / "ci.jsonl") as file:
        file.add(replace(record, steps=(*record.steps[:3], failed), result=result))
    assert forecasts("--record", str(tree.parent / "ci.jsonl")) == "hhhm"
    with RecordFile(tree.parent / "ci2.jsonl") as file:
        file.add(replace(record, steps=record.steps[:2], result=result))
    assert forecasts("--record", str(tree.parent / "ci2.jsonl")) == "hhmm"


def test_only_what_nobody_can_tell(tree: Path) -> None:
    (tree / "Dockerfile").write_text("FROM alpine\nADD https://example.com/f /f\nRUN make\n")
    keep(record_of(tree, "hmm"))
    done = predict()
    assert done.return_value == 3
    assert "2 unknown" in done.stdout
    assert forecasts() == "huu"
    assert "the current content of https://example.com/f is unknown" in done.stdout


def test_old_hits_are_marked(tree: Path) -> None:
    keep(record_of(tree, "hmmm", day=1))
    (tree / "src" / "a.js").write_text("two\n")
    keep(record_of(tree, "hhmm", day=2))
    young, old = document("--max-age", "9000w"), document("--max-age", "7d")
    assert [step["over_age"] for step in young["steps"]] == [False] * 4
    assert [step["over_age"] for step in old["steps"]] == [False, True, True, True]
    ages = [step["age_s"] for step in old["steps"]]
    assert ages[0] is None
    assert ages[1] - ages[2] == pytest.approx(86_400, abs=5)
    assert "! " in predict("--max-age", "7d").stdout
    hits_alone = replace(record_of(tree, "hhhh", day=3), engine=replace(ENGINE, instance="three"))
    keep(hits_alone)
    assert all(step["age_is_least"] for step in document()["steps"][1:])


def test_an_edit_that_nobody_made(tree: Path) -> None:
    keep(record_of(tree, "hmmm"))
    assert forecasts("--changed", "src/a.js") == "hhmm"
    unsent = document("--changed", "x.log")
    assert [step["prediction"] for step in unsent["steps"]] == ["hit"] * 4
    assert "x.log is not sent, so it changes nothing" in unsent["assumes"]


def test_another_client_sends_it_in_its_own_way(tree: Path) -> None:
    keep(record_of(tree, "hmmm"))
    (tree / "src" / "a.js").chmod(0o644)
    assert forecasts("--client", "docker-build+classic") == "hhhh"
    other = document("--client", "docker-build@23.0.6+classic")
    codes = {cause["code"] for step in other["steps"] for cause in step["causes"]}
    assert codes == {"mode-type-bits"}
    gone = document("--client", "buildx-build")
    assert [step["prediction"] for step in gone["steps"]] == ["hit", "miss", "miss", "miss"]
    assert gone["steps"][1]["reason"].startswith("buildx-build builds with buildkit")
    unmodelled = document("--client", "testcontainers_node-build")
    assert unmodelled["steps"][2]["reason"].endswith(
        "how testcontainers_node-build sends a directory is not modelled"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--against", "nothing.jsonl"], "nothing.jsonl"),
        (["nowhere"], "there is no directory nowhere"),
        (["--client", "nobody"], "there is no client 'nobody'"),
        (["--target", "nowhere"], "no stage nowhere"),
        (["-f", "Missing"], "Missing"),
        (["--changed", "missing.js"], "there is no file missing.js"),
        (["--record", "x.jsonl", "."], "--record cannot be combined with a PATH"),
        (["--build-arg", "=1"], "is not NAME=VALUE"),
        (["--max-age", "soon"], "invalid age"),
    ],
)
def test_bad_input_is_named(
    tree: Path, words: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    keep(record_of(tree, "hmmm"))
    assert call(["predict", *words]) == 2
    assert said in capfd.readouterr().err


def test_without_a_record_it_says_how_to_make_one(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call(["predict"]) == 2
    error = capfd.readouterr().err
    assert "no build of" in error
    assert "layerfork why ." in error


def test_a_record_of_another_dockerfile_is_refused(tree: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with RecordFile(tree.parent / "ci.jsonl") as file:
        file.add(record_of(tree, "hmmm"))
    (tree / "Dockerfile").write_text("FROM alpine\nRUN a\nRUN b\nRUN c\n")
    assert call(["predict", "--against", "../ci.jsonl"]) == 2
    assert "of another Dockerfile" in capfd.readouterr().err
    (tree / "Dockerfile").write_text("FROM\n")
    assert call(["predict", "--against", "../ci.jsonl"]) == 2
    assert "does not parse" in capfd.readouterr().err


def test_an_engine_is_asked_only_where_somebody_says_so(tree: Path) -> None:
    keep(record_of(tree, "hmmm"))
    with pytest.raises(UsageError, match="--engine needs --ask-engine"):
        predict("--engine", "host")
    with pytest.raises(UsageError, match="--git cannot be combined with --ask-engine"):
        predict("--git", "a..b", "--ask-engine")
    with pytest.raises(UsageError, match="classic, which has no frontend to ask"):
        predict("--ask-engine")


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero"])
def test_a_file_without_an_end_is_refused(
    tree: Path, name: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(record_of(tree, "mmmm"))
    (tree / name).unlink()
    if kind == "pipe":
        os.mkfifo(tree / name)
    else:
        (tree / name).symlink_to(kind)
    assert call(["predict"]) == 2
    assert "it is no regular file" in capsys.readouterr().err
