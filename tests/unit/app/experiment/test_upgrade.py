"""What an upgrade changed: two runs of real engines held against each other, and made-up moves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from layerfork.app.experiment.rundiff import match, moves
from layerfork.app.experiment.upgrade import compare_runs
from layerfork.cli import call
from layerfork.errors import UsageError
from layerfork.record.scenarioresults import Move
from layerfork.record.store.blocks import numbered_lines

RECORDS = Path(__file__).parents[3] / "golden" / "records"
ENGINES = RECORDS / "seed-engines.run.jsonl"
SCENARIOS = RECORDS / "scenarios.jsonl"
FIVE_OF_DOCKER = (
    "docker-context-build",
    "docker-build",
    "docker-file_stdin-build",
    "docker-url-build",
    "docker-git-build",
)

Edit = Callable[[dict[str, Any]], None]


def edited(source: Path, target: Path, edit: Edit) -> str:
    """A copy of a file with other notes: of a relay, or of a cell."""
    with target.open("wb") as file:
        for _, line in numbered_lines(source):
            document = json.loads(line)
            if note := document.get("note"):
                edit(note)
                line = json.dumps(document, separators=(",", ":")).encode() + b"\n" if note else b""
            file.write(line)
    return str(target)


def only_engine(version: str) -> Edit:
    def edit(note: dict[str, Any]) -> None:
        if "relay" not in note or not note["relay"]["engine"]["version"].startswith(version):
            note.clear()

    return edit


@pytest.fixture
def engines(tmp_path: Path) -> tuple[str, str]:
    """All clients on Engine 20.10.24, and on 28.5.2."""
    return (
        edited(ENGINES, tmp_path / "20.jsonl", only_engine("20.10")),
        edited(ENGINES, tmp_path / "28.jsonl", only_engine("28.5")),
    )


def test_an_engines_upgrade(engines: tuple[str, str]) -> None:
    report = compare_runs(*engines)

    (engine,) = report.engines
    assert (engine.old, engine.new) == ("private 20.10.24+dfsg1", "private 28.5.2+dfsg4")
    versions = {names: (each.old, each.new) for each in engine.versions for names in [each.names]}
    assert versions[("Engine",)] == ("20.10.24+dfsg1", "28.5.2+dfsg4")
    assert versions[FIVE_OF_DOCKER] == ("20.10.24", "28.5.2")
    (seed,) = engine.scenarios
    assert (seed.scenario, seed.compared, seed.only_old, seed.only_new) == ("seed", 50, (), ())
    builders = {each.clients: (each.old.builder, each.new.builder) for each in seed.states}
    assert builders[("docker-compose-build",)] == ("classic", "buildkit")
    left = {each.clients: each for each in seed.moves}
    assert set(left) == {("docker-context-build", "docker-url-build"), ("docker_node_sdk-context-build",)}
    moved = left["docker-context-build", "docker-url-build"]
    assert moved.left is not None
    assert "docker_py-context-build" in moved.left
    assert moved.joined is not None
    assert "docker-build" in moved.joined
    assert left[("docker_node_sdk-context-build",)].left == ()
    assert [(each.step, each.instruction, each.causes) for each in seed.forks_gone] == [
        (3, "COPY important.txt /", ("mode-type-bits",))
    ]
    assert seed.forks_new == ()


def test_one_engine_of_both_files_is_compared_with_itself(engines: tuple[str, str]) -> None:
    report = compare_runs(str(ENGINES), engines[1])

    assert report.is_alike
    assert [(each.old, each.new) for each in report.engines] == [("private 28.5.2+dfsg4",) * 2]
    assert report.only_old == ("private 20.10.24+dfsg1",)
    assert report.only_new == ()


def test_a_clients_upgrade(engines: tuple[str, str], tmp_path: Path) -> None:
    """Its pinned version is part of its id: the later one stands for the earlier where both are alone."""

    def newer(note: dict[str, Any]) -> None:
        for build in note.get("relay", {}).get("builds", ()):
            if build["client"] == "docker-compose-build@1.5.2":
                build.update(client="docker-compose-build@1.6.0", version="1.6.0")

    new = edited(Path(engines[0]), tmp_path / "newer.jsonl", newer)
    (engine,) = compare_runs(engines[0], new).engines

    assert [(each.names, each.old, each.new) for each in engine.versions] == [
        (("docker-compose-build@1.6.0",), "1.5.2", "1.6.0")
    ]
    assert engine.scenarios[0].is_alike
    assert engine.scenarios[0].compared == 50


def test_an_outcome_that_changed_is_told_with_its_reason(engines: tuple[str, str], tmp_path: Path) -> None:
    def refused(note: dict[str, Any]) -> None:
        for build in note.get("relay", {}).get("builds", ()):
            if build["client"] == "docker-build":
                build.update(outcome="refused", reason="no space left\nat all", control="")

    new = edited(Path(engines[0]), tmp_path / "refused.jsonl", refused)
    (state,) = compare_runs(engines[0], new).engines[0].scenarios[0].states

    assert state.clients == ("docker-build",)
    assert (state.old.outcome.value, state.new.outcome.value) == ("succeeded", "refused")
    assert state.new.reason == "no space left"


def test_a_phase_that_goes_another_way(tmp_path: Path) -> None:
    """The same cells with steps that are reused where they were built again."""

    def reused(note: dict[str, Any]) -> None:
        if "cell" in note and note["cell"]["name"]["client"] == "docker-build":
            note["cell"]["builds"] = note["cell"]["builds"][:1] * len(note["cell"]["builds"])
            note["cell"]["record_ids"] = note["cell"]["record_ids"][:1] * len(note["cell"]["record_ids"])

    new = edited(SCENARIOS, tmp_path / "new.jsonl", reused)
    report = compare_runs(str(SCENARIOS), new)

    assert not report.is_alike
    changed = [each for engine in report.engines for each in engine.scenarios if each.phases]
    assert changed
    assert {client for each in changed for phase in each.phases for client in phase.clients} == {
        "docker-build"
    }
    assert compare_runs(str(SCENARIOS), str(SCENARIOS)).is_alike


def test_files_that_cannot_be_compared_are_named(engines: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a file of a run"):
        compare_runs(str(RECORDS / "seed-classic.jsonl"), str(ENGINES))
    with pytest.raises(UsageError, match="one file is of"):
        compare_runs(str(SCENARIOS), str(ENGINES))
    with pytest.raises(UsageError, match="no engine in common"):
        compare_runs(str(RECORDS / "seed-default.run.jsonl"), str(ENGINES))


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("text", "no longer forks at step 3, COPY important.txt /: mode-type-bits"),
        ("markdown", "  - no longer forks at step 3, COPY important.txt /: mode-type-bits"),
        ("json", '"schema": "layerfork/upgrade/1"'),
    ],
)
def test_formats(engines: tuple[str, str], form: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["report", "--diff", *engines, "--format", form]) == 0
    output = capsys.readouterr().out
    assert told in output
    if form == "json":
        assert json.loads(output)["alike"] is False


def test_other_formats_and_numbers_of_files_are_usage_errors(
    engines: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(["report", "--diff", *engines, "--format", "svg"]) == 2
    assert call(["report", "--diff", engines[0]]) == 2
    assert "--diff takes two files, not 1" in capsys.readouterr().err


def test_moves_are_of_those_that_left_the_cache_that_most_stayed_in() -> None:
    stayed = {"a": (0, 5), "b": (0, 5), "c": (0, 5)}

    assert list(moves(stayed)) == []
    assert list(moves({**stayed, "d": (0, 6)})) == [Move(clients=("d",), left=("a", "b", "c"), joined=())]
    assert list(moves({**stayed, "d": (1, 5)})) == [Move(clients=("d",), left=(), joined=("a", "b", "c"))]
    assert list(moves({**stayed, "d": (0, None)})) == [
        Move(clients=("d",), left=("a", "b", "c"), joined=None)
    ]
    assert list(moves({**stayed, "d": (None, None)})) == []


def test_what_is_left_is_matched_only_where_nothing_else_can_be_meant() -> None:
    def letter(word: str) -> str:
        return word[0]

    assert match(["a1"], ["a2"], str, letter).pairs == (("a1", "a2"),)
    found = match(["a1", "b"], ["a2", "a3", "b"], str, letter)
    assert (found.pairs, found.only_old, found.only_new) == ((("b", "b"),), ("a1",), ("a2", "a3"))
