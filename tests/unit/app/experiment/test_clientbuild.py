"""One client's build behind a real recorder: what becomes of it, whatever the client and the engine do."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fakes.engines import Obliging
from fakes.programs import posts_its_context, program
from fakes.sockets import BASE, BUILT, HISTORY, Socket, fails_at_the_second_step, listening

from layerfork.app.experiment.clientbuild import Bench, run_trial
from layerfork.app.experiment.clientchoice import PlannedBuild
from layerfork.builders.clients import find_client
from layerfork.builders.clients.client import Choice
from layerfork.builders.environments.workspace import Workspace
from layerfork.record.build import Builder, BuildRequest, Toolchain
from layerfork.record.engine import ImageFacts, ImageStep
from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.record.run import TrialBuild
from layerfork.record.scenario import RunOptions

CLASSIC = Choice(asked=Builder.CLASSIC, expected=Builder.CLASSIC, executing=Builder.CLASSIC)
ROWS = tuple(
    ImageStep(created_by=str(row["CreatedBy"]), image_id=str(row["Id"])) for row in reversed(HISTORY)
)
BASE_FACTS = ImageFacts(image_id=BASE, history=ROWS[:1], diff_ids=())
BUILT_FACTS = ImageFacts(image_id=BUILT, history=ROWS, diff_ids=())


@dataclass
class Place:
    """A bench with one engine, and what a client is asked to build there."""

    bench: Bench
    engine: Obliging
    socket: Socket
    request: BuildRequest
    root: Path

    def run(self, docker: Path) -> TrialBuild:
        toolchain = Toolchain(docker=docker, cli_plugins=None)
        planned = PlannedBuild(
            label="docker-build",
            client=find_client("docker-build"),
            choice=CLASSIC,
            environment=None,
            toolchain=toolchain,
            version="2.0",
        )
        return run_trial(self.bench, planned, self.request)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM alpine\nRUN true\n")
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, listening(Path(directory)) as socket:
        images = {"alpine": BASE_FACTS, BUILT: BUILT_FACTS, BUILT[7:19]: BUILT_FACTS}
        engine = Obliging(images=images, docker_host=socket.docker_host)
        toolchain = Toolchain(docker=tmp_path / "none", cli_plugins=None)
        bench = Bench(
            engine=engine, toolchain=toolchain, socket_dir=Path(directory), redaction_key=b"key", timeout_s=20
        )
        workspace = Workspace(root=tmp_path, context=context, dockerfile=context / "Dockerfile", name="n")
        request = workspace.request("docker-build", 1, RunOptions())
        yield Place(bench, engine, socket, request, tmp_path)


def test_a_build_becomes_a_row_with_its_record(place: Place) -> None:
    row = place.run(posts_its_context(place.root / "bin"))
    assert (row.client, row.version, row.builder) == ("docker-build", "2.0", "classic")
    assert (row.outcome, row.reason) == (BuildOutcome.SUCCEEDED, "")
    assert [(step.status, step.identity) for step in row.steps] == [
        (StepStatus.HIT, BASE),
        (StepStatus.HIT, BUILT),
    ]
    assert row.steps[1].created_by == "/bin/sh -c true"
    record = row.record
    assert record is not None
    assert record.request.tags == (place.request.tag,)
    assert (record.client.id, record.client.version) == ("docker-build", "2.0")
    assert record.context is not None
    assert [entry.name for entry in record.context.entries] == ["./", "./Dockerfile"]
    assert dict(record.base_images) == {"alpine": BASE_FACTS}
    assert row.seconds_of_client >= row.seconds > 0
    assert place.socket.requests == [f"/v1.45/build {place.request.tag}"], "the recorder asked for nothing"


def test_a_build_that_fails_says_why_in_words_that_can_be_shown(place: Place) -> None:
    place.socket.answer = fails_at_the_second_step
    row = place.run(posts_its_context(place.root / "bin", "sys.exit(1)"))
    assert row.outcome is BuildOutcome.FAILED
    assert row.reason == "The command '/bin/sh -c true' returned a non-zero code: 7"
    assert row.steps[1].status is StepStatus.MISS


def test_a_client_that_fails_after_its_build_failed(place: Place) -> None:
    row = place.run(posts_its_context(place.root / "bin", 'sys.exit("cannot\\033[31m tag\\0")'))
    assert row.outcome is BuildOutcome.FAILED
    assert row.reason == "the build succeeded, but it ended with exit code 1: cannot tag"
    assert row.record is not None


def test_of_several_builds_the_one_that_was_asked_for_counts(place: Place) -> None:
    row = place.run(posts_its_context(place.root / "bin", times=3))
    assert row.record is not None
    assert row.record.request.tags == (place.request.tag,)
    assert len(place.socket.requests) == 3


@pytest.mark.parametrize(
    ("script", "outcome", "reason"),
    [
        ("exit 0", "refused", "it ended without an error, but asked the engine for no build"),
        ("echo first; echo last >&2; exit 3", "refused", "it ended with exit code 3: last"),
        ("echo said; exit 3", "refused", "it ended with exit code 3: said"),
        ("kill -KILL $$", "cut", "it was ended by SIGKILL"),
    ],
)
def test_a_client_that_asks_for_no_build(place: Place, script: str, outcome: str, reason: str) -> None:
    row = place.run(program(place.root / "bin", "docker", script))
    assert (row.outcome, row.reason, row.record) == (outcome, reason, None)
    assert row.version == "2.0"


def test_a_client_that_is_not_there_is_skipped(place: Place) -> None:
    row = place.run(place.root / "missing")
    assert row.outcome is BuildOutcome.SKIPPED
    assert "layerfork setup" in row.reason


def test_a_client_that_hangs_is_stopped(place: Place) -> None:
    place.bench = replace(place.bench, timeout_s=0.5)
    row = place.run(program(place.root / "bin", "docker", "exec sleep 60"))
    assert row.outcome is BuildOutcome.TIMED_OUT
    assert "within 0.5 s" in row.reason
    assert row.seconds_of_client < 10


def test_nobody_waits_for_a_client_when_the_run_is_over(place: Place) -> None:
    place.bench.stop.set()
    row = place.run(program(place.root / "bin", "docker", "exec sleep 60"))
    assert (row.outcome, row.reason) == (BuildOutcome.CUT, "it was stopped: the run was interrupted")


def test_nobody_waits_for_a_client_when_the_engine_is_gone(place: Place) -> None:
    place.engine.lives_for = 0
    row = place.run(program(place.root / "bin", "docker", "exec sleep 60"))
    assert (row.outcome, row.reason) == (BuildOutcome.CUT, "the engine ended during the build")


def test_secrets_that_a_build_was_given_are_hidden_in_the_words_of_the_client(place: Place) -> None:
    place.request = replace(place.request, build_args=(("API_TOKEN", "very-secret-value"),))
    row = place.run(program(place.root / "bin", "docker", 'echo "$@"; exit 3'))
    assert "very-secret-value" not in row.reason
    assert "API_TOKEN" in row.reason
