"""`layerfork run --resume`: what is taken from an interrupted run, and what is built again."""

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from engines.running import FROM_A_TERMINAL, LAYERFORK, layerfork

from layerfork.builders.clients import find_client
from layerfork.record.store.recordfile import read_records
from layerfork.userdirs import cache_directory

pytestmark = pytest.mark.engine
CLIENTS = ("docker-build", "docker_py-build", "docker-context-build")
WORDS = ("--builder=classic", "--format=json", *(f"--client={client}" for client in CLIENTS))


def interrupted(number: signal.Signals, after: str, *words: str | Path) -> None:
    """A run that gets a signal once it has said ``after``."""
    command = [*FROM_A_TERMINAL, LAYERFORK, "run", *words]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if after in line:
                break
        process.send_signal(number)
        process.stderr.read()
    assert process.returncode in (130, -signal.SIGKILL)


def judged(done: "subprocess.CompletedProcess[str]") -> list[tuple[object, ...]]:
    document = json.loads(done.stdout)
    runs = document.get("runs", [document])
    return [
        (
            run["engine"]["version"],
            run["verdict"],
            run["classes"],
            [(build["client"], build["outcome"], build["control"]) for build in run["builds"]],
            [[step["status"] for step in build["steps"]] for build in run["builds"]],
        )
        for run in runs
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_relay_starts_again_without_the_controls_that_were_hits(
    number: signal.Signals, context: Path, tmp_path: Path
) -> None:
    file = tmp_path / "records.jsonl"
    words = ("--engine=private", *WORDS)
    interrupted(number, "[2/3]", context, *words, "-o", file)
    resumed = layerfork("run", context, *words, "--resume", file)
    assert "after 2 of its clients" in resumed.stderr
    assert "controls that were hits (2)" in resumed.stderr
    document = json.loads(resumed.stdout)
    assert document.get("problems", []) == []
    instances = {record.engine.instance for record in read_records(file) if record.engine}
    assert len(instances) == 1, "no record of the engine that is gone"
    assert len(read_records(file)) == 3
    whole = layerfork("run", context, *words)
    assert judged(resumed) == judged(whole)
    again = layerfork("run", context, *words, "--resume", file)
    assert "all of 3 clients, nothing is built again" in again.stderr
    assert json.loads(again.stdout) == document


def test_a_context_that_was_changed_is_another_relay(context: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    words = ("--engine=private", "--no-controls", *WORDS)
    assert layerfork("run", context, *words, "-o", file).returncode in (0, 1)
    (context / "data.txt").write_text("other data\n")
    done = layerfork("run", context, *words, "--resume", file)
    assert "taken from the earlier run" not in done.stderr
    assert "[3/3]" in done.stderr


def test_a_resumed_run_can_go_to_another_file(
    context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The first is read and left as it is; the other one is whole, so that it can be gone on with as well."""
    outside = tmp_path_factory.mktemp("outside")
    first, second = outside / "first.jsonl", outside / "second.jsonl"
    words = ("--engine=private", *WORDS)
    interrupted(signal.SIGINT, "[2/3]", context, *words, "-o", first)
    before = first.read_bytes()
    resumed = layerfork("run", context, *words, "--resume", first, "-o", second)
    assert "after 2 of its clients" in resumed.stderr
    assert first.read_bytes() == before
    assert len(read_records(second)) == 3
    again = layerfork("run", context, *words, "--resume", second)
    assert "all of 3 clients, nothing is built again" in again.stderr


def test_a_plan_says_what_would_not_be_done_again(context: Path, tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    words = ("--engine=private", *WORDS)
    interrupted(signal.SIGINT, "[2/3]", context, *words, "-o", file)
    plan: tuple[str | Path, ...] = ("run", context, *words, "--plan", "--resume", file)

    def notes() -> list[tuple[bool, str]]:
        [engine] = json.loads(layerfork(*plan).stdout)["engines"]
        return [(row["runs"], row["note"]) for row in engine["rows"]]

    again = (True, "built again, as the cache that it filled is gone, without its control")
    before = file.read_bytes()
    assert notes() == [again, again, (True, "")]
    assert file.read_bytes() == before
    assert layerfork("run", context, *words, "--resume", file).returncode == 1
    assert notes() == [(False, f"taken from {file}")] * 3
    missing = layerfork(*plan[:-1], tmp_path / "no-such-file")
    assert missing.returncode == 2
    assert "no-such-file" in missing.stderr


def test_a_broken_environment_is_run_once_on_all_engines_and_never_on_resume(
    context: Path, tmp_path: Path, broken_cache: Callable[[str], Path]
) -> None:
    cache = broken_cache("docker_py-build")
    file = tmp_path / "records.jsonl"
    words = ("--engine=private:20.10", "--engine=private:26.1", "--no-controls", *WORDS)
    first = layerfork("run", context, *words, "-o", file, XDG_CACHE_HOME=str(cache))
    for run in json.loads(first.stdout)["runs"]:
        row = next(build for build in run["builds"] if build["client"] == "docker_py-build")
        assert row["outcome"] == "skipped", row
        assert "is broken" in row["reason"]
    started = (cache / "started").read_text().splitlines()
    assert 1 <= len([line for line in started if "docker_py.py" in line]) <= 2, "engines run side by side"
    (cache / "started").write_text("")
    words = (*words, "--engine=private:28.5")
    again = layerfork("run", context, *words, "--resume", file, XDG_CACHE_HOME=str(cache))
    outcomes = [run["builds"][1]["outcome"] for run in json.loads(again.stdout)["runs"]]
    assert outcomes == ["skipped"] * 3
    assert (cache / "started").read_text() == ""


@pytest.fixture
def broken_cache(tmp_path: Path) -> Callable[[str], Path]:
    """A cache directory in which one client's Python is a program that only counts how often it starts."""

    def make(client_id: str) -> Path:
        real = cache_directory()
        cache = tmp_path / "cache" / "layerfork"
        (cache / "clients").mkdir(parents=True)
        for path in real.iterdir():
            if path.name != "clients":
                (cache / path.name).symlink_to(path)
        environment = find_client(client_id).environment
        assert environment is not None
        python = cache / "clients" / environment.directory_name / "bin" / "python"
        python.parent.mkdir(parents=True)
        counted = tmp_path / "cache" / "started"
        counted.touch()
        python.write_text(f'#!/bin/sh\necho "$@" >>{counted}\necho no module named docker >&2\nexit 1\n')
        python.chmod(0o755)
        return tmp_path / "cache"

    return make
