"""Relays: order, controls, and what stays when an engine dies or a person interrupts."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.engines import Obliging

from layerfork.app.experiment import relay as relay_module
from layerfork.app.experiment.clientbuild import Bench
from layerfork.app.experiment.clientchoice import Plan, PlannedBuild
from layerfork.app.experiment.earlierrun import (
    BrokenEnvironment,
    BrokenEnvironments,
    MeasuredRow,
    read_earlier,
)
from layerfork.app.experiment.relay import EngineGoneError, Relay, control_result, run_relay
from layerfork.builders.clients import find_client
from layerfork.builders.clients.client import Choice
from layerfork.builders.environments.installing import directory_of
from layerfork.builders.environments.workspace import Workspace
from layerfork.record.build import Builder, BuildRequest, Endpoint, Toolchain
from layerfork.record.progress import Progress
from layerfork.record.record import BuildOutcome, StepRecord, StepStatus
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import RunOptions
from layerfork.record.store.recordfile import RecordFile

TOOLS = Toolchain(docker=Path("/tools/docker"), cli_plugins=None)
HIT, MISS = StepStatus.HIT, StepStatus.MISS
CHOICE = Choice(asked=None, expected=Builder.CLASSIC, executing=Builder.CLASSIC)


def row(client: str, *statuses: StepStatus, outcome: BuildOutcome = BuildOutcome.SUCCEEDED) -> TrialBuild:
    steps = tuple(
        StepRecord(index=index, instruction="RUN x", status=status)
        for index, status in enumerate(statuses, 1)
    )
    return TrialBuild(client=client, builder="classic", outcome=outcome, steps=steps)


class Setting:
    """A relay whose trials answer what they were told to, and remember what they were asked."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine = Obliging()
        self.stop = threading.Event()
        self.answers: list[TrialBuild | BaseException] = []
        self.asked: list[BuildRequest] = []
        self.told: list[Progress] = []
        self.root = tmp_path
        monkeypatch.setattr(relay_module, "run_trial", self.answer)

    def answer(self, bench: Bench, planned: PlannedBuild, request: BuildRequest) -> TrialBuild:
        self.asked.append(request)
        given = self.answers.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given

    def relay(self, *rows: str | TrialBuild, controls: bool = False) -> Relay:
        planned = tuple(
            PlannedBuild(label=each, client=find_client(each), choice=CHOICE, environment=None)
            if isinstance(each, str)
            else each
            for each in rows
        )
        return Relay(
            plan=Plan(rows=planned),
            bench=Bench(
                engine=self.engine,
                toolchain=TOOLS,
                socket_dir=self.root,
                redaction_key=b"key",
                timeout_s=1,
                stop=self.stop,
            ),
            endpoint=Endpoint(docker_host="unix:///s", home=self.root, toolchain=TOOLS),
            workspace=Workspace(
                root=self.root, context=self.root, dockerfile=self.root / "Dockerfile", name="n"
            ),
            options=RunOptions(controls=controls),
            listener=self.told.append,
        )


@pytest.fixture
def setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(tmp_path, monkeypatch)


def kept(relay: Relay) -> list[TrialBuild]:
    rows: list[TrialBuild] = []
    run_relay(relay, rows.append)
    return rows


def test_clients_build_in_order_under_tags_of_their_own(setting: Setting) -> None:
    setting.answers = [row("docker-build", MISS), row("buildx-build", HIT)]
    relay = setting.relay("docker-build", "buildx-build")
    assert [each.client for each in kept(relay)] == ["docker-build", "buildx-build"]
    tags = [request.tag for request in setting.asked]
    assert len(set(tags)) == 2
    assert relay.images == tags


def test_every_client_is_its_own_control(setting: Setting) -> None:
    setting.answers = [row("docker-build", MISS), row("docker-build", HIT)]
    setting.answers += [row("buildx-build", HIT), row("buildx-build", HIT, MISS)]
    first, second = kept(setting.relay("docker-build", "buildx-build", controls=True))
    assert (first.control, second.control) == ("hit", "miss")
    assert first.steps[0].status is MISS


@pytest.mark.parametrize(
    ("again", "result"),
    [
        (row("one", HIT, HIT), "hit"),
        (row("one", HIT, StepStatus.NOT_EVALUATED), "hit"),
        (row("one", HIT, MISS), "miss"),
        (row("one"), ""),
        (row("one", StepStatus.UNKNOWN), ""),
        (row("one", HIT, outcome=BuildOutcome.FAILED), "miss"),
    ],
)
def test_a_control_hits_only_when_nothing_was_built_again(again: TrialBuild, result: str) -> None:
    assert control_result(row("one", MISS), again) == result


def test_a_build_that_printed_nothing_is_a_control_by_its_ids() -> None:
    quiet = row("one", StepStatus.UNKNOWN)
    same, other = (
        replace(quiet, steps=tuple(replace(step, identity=each) for step in quiet.steps)) for each in "ab"
    )
    assert control_result(same, same) == "hit"
    assert control_result(same, other) == "miss"


def earlier_row(build: TrialBuild, control: str, recorded: bool = True) -> dict[str, MeasuredRow]:
    return {
        build.client: MeasuredRow(key="", build=replace(build, control=control), recorded=recorded),
    }


def test_a_control_that_was_a_hit_is_not_repeated_on_resume(setting: Setting) -> None:
    first = row("docker-build", MISS)
    setting.answers = [first]
    relay = replace(setting.relay("docker-build", controls=True), earlier=earlier_row(first, "hit"))
    (build,) = kept(relay)
    assert build.control == "hit"
    assert len(setting.asked) == 1


@pytest.mark.parametrize(
    ("then", "control"),
    [
        (row("docker-build", MISS), "miss"),  # it stored something
        (row("docker-build", MISS), ""),
        (row("docker-build", HIT), "hit"),  # the build went another way then
        (replace(row("docker-build", MISS), builder="buildkit"), "hit"),
    ],
)
def test_other_controls_are_repeated_on_resume(setting: Setting, then: TrialBuild, control: str) -> None:
    setting.answers = [row("docker-build", MISS), row("docker-build", HIT)]
    relay = replace(setting.relay("docker-build", controls=True), earlier=earlier_row(then, control))
    kept(relay)
    assert len(setting.asked) == 2


def test_every_whole_row_is_noted_as_it_comes(setting: Setting, tmp_path: Path) -> None:
    setting.answers = [row("docker-build", MISS), row("buildx-build", outcome=BuildOutcome.CUT)]
    setting.engine.lives_for = 1
    path = tmp_path / "records.jsonl"
    with RecordFile(path) as file:
        relay = replace(setting.relay("docker-build", "buildx-build"), file=file, key="k")
        with pytest.raises(EngineGoneError):
            run_relay(relay, lambda build: None)
    assert list(read_earlier(path).rows["k"]) == ["docker-build"]


def test_a_broken_environment_is_run_once(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(setting.root))
    setting.answers = [row("docker_py-build", outcome=BuildOutcome.REFUSED)]
    relay = setting.relay("docker_py-build", "docker_py-context-build", controls=True)
    there = tuple(
        replace(planned, environment=setting.root / "gone")
        for planned in relay.plan.rows
        if isinstance(planned, PlannedBuild)
    )
    learnt: list[BrokenEnvironment] = []
    relay = replace(relay, plan=Plan(rows=there), broken=BrokenEnvironments(keep=learnt.append))
    rows = kept(relay)
    assert [each.outcome for each in rows] == [BuildOutcome.SKIPPED] * 2
    assert all("layerfork clients get" in each.reason for each in rows)
    assert len(setting.asked) == 1
    resumed = replace(relay, broken=BrokenEnvironments(learnt))
    assert [each.outcome for each in kept(resumed)] == [BuildOutcome.SKIPPED] * 2
    assert len(setting.asked) == 1


def test_an_environment_that_was_made_anew_is_tried_again(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(setting.root))
    environment = find_client("docker_py-build").environment
    assert environment is not None
    broken = BrokenEnvironments()
    broken.add(environment, "no network")
    assert broken.why(environment) == "no network"
    directory_of(environment).mkdir(parents=True)
    assert broken.why(environment) == ""


def test_a_failed_build_needs_no_control(setting: Setting) -> None:
    setting.answers = [row("docker-build", outcome=BuildOutcome.FAILED)]
    (failed,) = kept(setting.relay("docker-build", controls=True))
    assert failed.control == ""


def test_rows_that_cannot_build_stay_in_their_place(setting: Setting) -> None:
    setting.answers = [row("docker-build", MISS)]
    skipped = row("other", outcome=BuildOutcome.SKIPPED)
    assert [each.client for each in kept(setting.relay(skipped, "docker-build"))] == ["other", "docker-build"]


def test_what_was_measured_before_the_engine_died_is_kept(setting: Setting) -> None:
    setting.answers = [row("docker-build", MISS), row("buildx-build", outcome=BuildOutcome.CUT)]
    setting.engine.lives_for = 1
    rows: list[TrialBuild] = []
    with pytest.raises(EngineGoneError, match="buildx-build"):
        run_relay(setting.relay("docker-build", "buildx-build", "buildx-bake"), rows.append)
    assert [each.client for each in rows] == ["docker-build", "buildx-build"]


def test_what_was_measured_before_ctrl_c_is_kept(setting: Setting) -> None:
    setting.answers = [row("docker-build", MISS), KeyboardInterrupt()]
    rows: list[TrialBuild] = []
    with pytest.raises(KeyboardInterrupt):
        run_relay(setting.relay("docker-build", "buildx-build"), rows.append)
    assert [each.client for each in rows] == ["docker-build"]


def test_nothing_more_is_built_when_nobody_waits(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_then_answer(*words: Any) -> TrialBuild:
        setting.stop.set()
        return row("docker-build", MISS)

    monkeypatch.setattr(relay_module, "run_trial", stop_then_answer)
    assert len(kept(setting.relay("docker-build", "buildx-build", controls=True))) == 1


def test_progress_says_what_was_reused(setting: Setting) -> None:
    setting.answers = [row("docker-build", HIT, MISS)]
    kept(setting.relay("docker-build"))
    assert [event.text for event in setting.told if event.lasting] == [
        "docker-build: 1 of 2 steps reused, 0.00 s"
    ]
