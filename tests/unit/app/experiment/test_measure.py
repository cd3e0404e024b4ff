"""One relay on one engine: what has to be right before it starts, and what stays however it ends."""

import contextlib
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from fakes.engines import Obliging
from fakes.programs import posts_its_context
from fakes.sockets import BASE, BUILT, Json, Socket, listening, steps_of

from layerfork.app.experiment import measure as experiment
from layerfork.app.experiment.measure import Measured, RunServices, measure, prepare_engine, read_bases
from layerfork.errors import EngineError, UsageError
from layerfork.record.build import Builder, Toolchain
from layerfork.record.engine import ImageFacts
from layerfork.record.progress import Progress
from layerfork.record.record import BuildOutcome
from layerfork.record.scenario import RunOptions, Scenario
from layerfork.record.store.recordfile import RecordFile, read_records

BASE_FACTS = ImageFacts(image_id=BASE, history=(), diff_ids=())


@dataclass
class Table:
    """What `open_engine` gives: one engine, for every spec."""

    engine: Obliging
    started: list[str] = field(default_factory=list)
    running: int = 0

    def open(self, spec: str) -> "Table":
        self.started.append(spec)
        return self

    @contextlib.contextmanager
    def start(self, environment: object, say: object) -> Iterator[Obliging]:
        self.running += 1
        try:
            yield self.engine
        finally:
            self.running -= 1


@dataclass
class Place:
    """An engine, its socket, a scenario, and what was said."""

    table: Table
    socket: Socket
    scenario: Scenario
    options: RunOptions
    root: Path
    said: list[Progress] = field(default_factory=list)

    def measure(self, **changes: object) -> Measured:
        services = replace(RunServices(listener=self.said.append), **changes)  # type: ignore[arg-type]
        return measure(self.scenario, self.options, "private", services)

    def docker(self, after: str = "") -> None:
        """What the clients run."""
        self.table.engine.toolchain = Toolchain(
            docker=posts_its_context(self.root / "bin", after), cli_plugins=None, version="2.0"
        )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM alpine\nRUN true\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, listening(Path(directory)) as socket:
        monkeypatch.setattr(tempfile, "tempdir", directory)
        images = {"alpine": BASE_FACTS, BUILT: replace(BASE_FACTS, image_id=BUILT)}
        table = Table(Obliging(images=images, docker_host=socket.docker_host))
        monkeypatch.setattr(experiment, "open_engine", table.open)
        options = RunOptions(
            clients=("docker-build", "again=docker build -t {tag} {context}"),
            builder=Builder.CLASSIC,
            controls=False,
            timeout_s=20,
        )
        scenario = Scenario(name="s", context=context, dockerfile=context / "Dockerfile")
        place = Place(table, socket, scenario, options, tmp_path)
        place.docker()
        yield place
        assert table.running == 0, "what was started was ended"


def test_every_client_builds_and_says_its_version(place: Place) -> None:
    measured = place.measure()
    rows = [(row.client, row.outcome, row.version) for row in measured.builds]
    assert rows[0][:2] == ("docker-build", BuildOutcome.SUCCEEDED)
    assert rows[1][:2] == ("again", BuildOutcome.SUCCEEDED)
    assert (measured.problems, measured.interrupted, measured.engine) == ([], False, place.table.engine.info)
    assert dict(measured.versions.engine)["Server Version"] == "26.1.5"
    assert [client for client, _ in measured.versions.clients] == ["docker-build", "again"]
    assert len(place.socket.requests) == 2


def test_every_record_is_in_the_file_the_moment_it_is_there(place: Place) -> None:
    path = place.root / "records.jsonl"
    with RecordFile(path) as file:
        place.measure(file=file)
        written = read_records(path, accept_truncated=True)
    assert [record.client.id for record in written] == ["docker-build", "again"]


def test_an_engine_that_ends_keeps_what_was_measured(place: Place) -> None:
    def dies_of_the_first_build() -> Sequence[Json]:
        place.table.engine.lives_for = 0
        return steps_of()

    place.socket.answer = dies_of_the_first_build
    measured = place.measure()
    first, second = measured.builds
    assert (first.client, first.record is not None) == ("docker-build", True)
    assert (second.outcome, second.reason) == (BuildOutcome.SKIPPED, "the engine had ended")
    assert len(place.socket.requests) == 1
    (problem,) = measured.problems
    assert str(problem).splitlines() == ["the engine ended while docker-build was building", "the last words"]
    assert not measured.interrupted
    assert dict(measured.versions.engine)["Server Version"] == "26.1.5"


def test_ctrl_c_keeps_what_was_measured_and_says_how_to_go_on(place: Place) -> None:
    def interrupt(event: Progress) -> None:
        if "[again" in event.text or "building with again" in event.text:
            signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    path = place.root / "records.jsonl"
    try:
        with RecordFile(path) as file:
            measured = place.measure(listener=interrupt, file=file)
    finally:
        signal.signal(signal.SIGINT, before)
    assert [row.client for row in measured.builds] == ["docker-build"]
    assert measured.interrupted
    assert str(path) in str(measured.problems[0])
    assert [client for client, _ in measured.versions.clients] == ["docker-build", "again"]


def test_images_are_removed_from_an_engine_that_cannot_be_cleaned(place: Place) -> None:
    place.table.engine.can_reset = False
    place.measure()
    tags = [request.split()[1] for request in place.socket.requests]
    assert place.table.engine.removed == tags
    assert len(set(tags)) == 2


def test_nothing_starts_for_a_request_that_is_wrong(place: Place) -> None:
    for options in (
        replace(place.options, clients=("no-such-client",)),
        replace(place.options, target="no-such-stage"),
    ):
        place.options = options
        with pytest.raises(UsageError):
            place.measure()
    assert place.table.started == []


def with_dockerfile(place: Place, text: bytes) -> Scenario:
    place.scenario.dockerfile.write_bytes(text)
    return place.scenario


def test_bases_are_what_the_dockerfile_names(place: Place) -> None:
    scenario = with_dockerfile(place, b"ARG V=1\nFROM a:$V AS x\nFROM b\nCOPY --from=x . /\n")
    assert read_bases(scenario, RunOptions()) == ("a:1", "b")
    assert read_bases(scenario, RunOptions(build_args=(("V", "2"),), target="x")) == ("a:2",)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (b"FROM caf\xe9\n", RunOptions(), "cannot read"),
        (b"NONSENSE\n", RunOptions(), "Dockerfile"),
        (b"FROM a AS x\nFROM b\n", RunOptions(target="y"), "its stages are: x, 1"),
        (b"FROM a${X\n", RunOptions(), "Dockerfile"),
    ],
)
def test_a_dockerfile_that_does_not_do_is_named(
    place: Place, text: bytes, options: RunOptions, message: str
) -> None:
    with pytest.raises(UsageError) as raised:
        read_bases(with_dockerfile(place, text), options)
    assert message in str(raised.value)


@dataclass
class Loading(Obliging):
    """An engine that has an image once it was loaded."""

    loaded: list[Path] = field(default_factory=list)

    def load(self, archive: Path) -> None:
        self.loaded.append(archive)
        self.images["loaded"] = BASE_FACTS

    def remove_images(self, tags: Sequence[str]) -> None:
        raise AssertionError("nothing is removed while it is prepared")


def test_archives_are_loaded_before_images_are_missed() -> None:
    engine = Loading()
    prepare_engine(engine, ("loaded",), RunOptions(load=("base.tar",)))
    assert engine.loaded == [Path("base.tar")]
    with pytest.raises(EngineError, match="base image other is not on the engine") as raised:
        prepare_engine(engine, ("loaded", "other"), RunOptions())
    assert "bring other" in str(raised.value)
