"""What makes two relays the same, and what a resumed run writes anew."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from layerfork.app.experiment.earlierrun import (
    BrokenEnvironment,
    Earlier,
    FinishedRelay,
    MeasuredRow,
    read_earlier,
)
from layerfork.app.experiment.measure import RunServices
from layerfork.app.experiment.resume import copy_earlier, measure_once, relay_key
from layerfork.builders.clients import find_client
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.progress import Progress
from layerfork.record.record import BuildOutcome, BuildRecord, BuildResult
from layerfork.record.run import TrialBuild, VersionsUsed
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.store.recordfile import RecordFile, read_records

OPTIONS = RunOptions(clients=("docker-build",))


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    context = tmp_path / "context"
    (context / "deep").mkdir(parents=True)
    (context / "Dockerfile").write_text("FROM alpine\n")
    (context / "deep" / "file").write_text("text")
    monkeypatch.chdir(tmp_path)
    return Scenario(name="s", context=context, dockerfile=context / "Dockerfile")


def key(scenario: Scenario, options: RunOptions = OPTIONS, spec: str = "private") -> str:
    return relay_key(scenario, options, spec)


def test_the_same_words_on_the_same_files_are_one_relay(scenario: Scenario) -> None:
    saving = replace(OPTIONS, save="new.jsonl", resume="old.jsonl", engines=("private", "podman"))
    assert key(scenario) == key(scenario, saving)


def test_other_words_are_another(scenario: Scenario) -> None:
    keys = {
        key(scenario),
        key(scenario, spec="private:20.10"),
        key(scenario, replace(OPTIONS, clients=("buildx-build",))),
        key(scenario, replace(OPTIONS, build_args=(("A", "1"),))),
        key(scenario, replace(OPTIONS, controls=False)),
    }
    assert len(keys) == 5


@pytest.mark.parametrize("change", ["content", "time", "mode", "new", "gone", "dockerfile"])
def test_a_context_that_was_changed_is_another(scenario: Scenario, change: str) -> None:
    before, file = key(scenario), scenario.context / "deep" / "file"
    found = file.stat()
    match change:
        case "content":
            file.write_text("longer text")
            os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
        case "time":
            os.utime(file, ns=(1, 1))
        case "mode":
            file.chmod(0o600)
        case "new":
            (scenario.context / "deep" / "more").touch()
        case "gone":
            file.unlink()
        case "dockerfile":
            kept = scenario.dockerfile.stat()
            scenario.dockerfile.write_text("FROM debian\n")
            os.utime(scenario.dockerfile, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    assert key(scenario) != before


def test_a_record_file_in_the_context_does_not_count(scenario: Scenario, tmp_path: Path) -> None:
    """It grows while the relay runs; also when the context is reached by a link."""
    (tmp_path / "link").symlink_to(scenario.context)
    linked = replace(scenario, context=tmp_path / "link")
    options = replace(OPTIONS, save=str(scenario.context / "records.jsonl"))
    for each in (scenario, linked):
        before = key(each, options)
        (scenario.context / "records.jsonl").write_text("one record\n")
        assert key(each, options) == before
        (scenario.context / "records.jsonl").unlink()


def test_a_client_that_is_described_otherwise_is_another(scenario: Scenario, tmp_path: Path) -> None:
    options = replace(OPTIONS, clients=("mine",))
    with pytest.raises(UsageError):
        key(scenario, options)
    keys = set()
    for command in ("make TAG={tag}", "make image TAG={tag}"):
        (tmp_path / "layerfork.toml").write_text(f'[clients.mine]\ncommand = "{command}"\n')
        keys.add(key(scenario, options))
    assert len(keys) == 2


def test_another_machine_makes_another_key(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Build arguments are part of it: nobody else may guess them by trying."""
    before = key(scenario)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert key(scenario) != before


def record(name: str) -> BuildRecord:
    return BuildRecord(
        id=name,
        recorded_at="2026-01-02T03:04:05Z",
        builder=Builder.CLASSIC,
        result=BuildResult(outcome=BuildOutcome.SUCCEEDED),
    )


def row(client: str, *, recorded: bool = True) -> TrialBuild:
    outcome = BuildOutcome.SUCCEEDED if recorded else BuildOutcome.REFUSED
    return TrialBuild(
        client=client, builder="classic", outcome=outcome, record=record(client) if recorded else None
    )


def finished(name: str) -> FinishedRelay:
    return FinishedRelay(
        key=name,
        engine=EngineInfo(kind="private", version="1", api_version="1", image_store="graphdriver"),
        builds=(row("docker-build"), row("none", recorded=False)),
        record_ids=("docker-build", ""),
        versions=VersionsUsed(engine=(), clients=(("docker-build", "2.0"),)),
        seconds=1.5,
    )


def test_a_whole_relay_is_taken_and_nothing_starts(scenario: Scenario) -> None:
    said: list[Progress] = []
    name = key(scenario)
    earlier = Earlier(finished={name: finished(name)})
    measured = measure_once(scenario, OPTIONS, "private", RunServices(listener=said.append), earlier)
    assert tuple(measured.builds) == finished(name).builds
    assert measured.versions == finished(name).versions
    assert (measured.seconds, measured.problems) == (1.5, [])
    assert "nothing is built again" in said[0].text


def test_what_was_known_is_written_before_anything_new(tmp_path: Path) -> None:
    environment = find_client("docker_py-build").environment
    assert environment is not None
    broken = BrokenEnvironment(name=environment.directory_name, identity="1:2", reason="no module")
    begun = MeasuredRow(key="other", build=replace(row("docker-build"), record=None), recorded=True)
    earlier = Earlier(
        finished={"whole": finished("whole")}, rows={"other": {"docker-build": begun}}, broken=(broken,)
    )
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as file:
        copy_earlier(file, earlier)
    assert read_earlier(path) == earlier
    assert [each.id for each in read_records(path)] == ["docker-build"], "of the whole relay alone"
