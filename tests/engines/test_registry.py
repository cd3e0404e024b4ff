"""A registry on an engine's loopback carries caches between engines; what does not come over is explained."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from engines.traces import engine_names, processes, wait_until_gone

from layerfork.builders.api.inspection import read_engine_info
from layerfork.builders.api.loopbackregistry import registry_for
from layerfork.builders.debian.roots import ensure_root
from layerfork.builders.engines import open_engine
from layerfork.builders.engines.baseimage import ensure_base_archive
from layerfork.builders.engines.podman import RunningPodmanEngine
from layerfork.builders.engines.private import RunningPrivateEngine, docker_startup
from layerfork.builders.namespace.launch import Startup, await_ready, launched
from layerfork.builders.namespace.rundirs import base_directory
from layerfork.builders.process import run
from layerfork.builders.recording.imagefacts import add_base_facts, add_image_facts
from layerfork.builders.recording.recorder import Recorder
from layerfork.builders.suites import SUITES
from layerfork.diagnose import JudgedBuild, explain_pair
from layerfork.keys import keys_of
from layerfork.record.answer import CauseStatus, Fork, MissKind
from layerfork.record.build import Command, Toolchain
from layerfork.record.record import BuildRecord, ClientInfo, StepStatus

pytestmark = pytest.mark.engine

SEED = "FROM alpine\nRUN  du -s /\nCOPY important.txt /\nRUN  du -s /\n"
STAGES = "FROM alpine AS one\nRUN echo x >/x\nFROM alpine\nRUN echo {} >/y\nCOPY --from=one /x /\n"
OWNER = "FROM alpine\nCOPY --chown=1:1 important.txt /\n"
ENGINE_ID = "6476ff4b-ce24-466b-9df6-0ef6cb95f434"
CLASSIC = {"DOCKER_BUILDKIT": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Builds through a recorder, with one docker CLI on every engine."""

    toolchain: Toolchain
    directory: Path

    def build(
        self,
        engine: RunningPrivateEngine,
        *flags: str,
        dockerfile: str = SEED,
        tag: str = "x",
        env: dict[str, str] | None = None,
    ) -> BuildRecord:
        context = self.directory / "context"
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text(dockerfile)
        (context / "important.txt").write_text("This is an important file\n")
        recorder = Recorder(engine, Path(f"/tmp/lf-test-{os.urandom(4).hex()}.sock"), b"key")
        with recorder:
            self.docker(recorder.docker_host, "build", *flags, "-t", tag, str(context), env=env)
        (record,) = recorder.records(ClientInfo(id="docker-build"))
        record = add_image_facts(record, recorder.image_facts, tag)
        return add_base_facts(record, recorder.image_facts)

    def docker(self, docker_host: str, *words: str, env: dict[str, str] | None = None) -> str:
        config = {"cliPluginsExtraDirs": [str(self.toolchain.cli_plugins)]}
        (self.directory / "config.json").write_text(json.dumps(config))
        env = {
            "PATH": os.defpath,
            "DOCKER_HOST": docker_host,
            "DOCKER_CONFIG": str(self.directory),
            **(env or {}),
        }
        completed = run(Command(argv=(str(self.toolchain.docker), *words), env=env), timeout_s=120)
        assert completed.ok, completed.stderr
        return completed.stdout


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(toolchain=ensure_root(SUITES[0].docker, os.environ, print).toolchain, directory=tmp_path)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry")


Running = tuple[RunningPrivateEngine, str]


@contextlib.contextmanager
def running(name: str, storage: Path) -> Iterator[Running]:
    with open_engine(name).start(os.environ, print) as engine:
        assert isinstance(engine, RunningPrivateEngine)
        with registry_for(engine.daemons, storage, os.environ, print) as address:
            yield engine, address


@pytest.fixture(scope="module")
def started_writer(storage: Path) -> Iterator[Running]:
    with running("private:26.1+containerd", storage) as pair:
        yield pair


@pytest.fixture(scope="module")
def started_reader(storage: Path) -> Iterator[Running]:
    with running("private:28.5", storage) as pair:
        yield pair


@pytest.fixture
def writer(started_writer: Running) -> Running:
    started_writer[0].reset()
    return started_writer


@pytest.fixture
def reader(started_reader: Running) -> Running:
    started_reader[0].reset()
    return started_reader


def explain(writer: BuildRecord, reader: BuildRecord, control: str = "") -> tuple[Fork, ...]:
    builds = [
        JudgedBuild(client=name, record=record, keys=keys_of(record), control=control)
        for name, record in (("writer", writer), ("reader", reader))
    ]
    return explain_pair(*builds)


def statuses(record: BuildRecord) -> list[StepStatus]:
    return [step.status for step in record.steps]


def codes(fork: Fork) -> list[tuple[str, CauseStatus]]:
    return [(cause.code, cause.status) for cause in fork.causes]


@pytest.mark.parametrize("kind", ["registry", "local", "inline"])
def test_exported_cache_is_reused_by_another_engine(
    desk: Desk, writer: Running, reader: Running, kind: str
) -> None:
    (first, address), (second, _) = writer, reader
    place = {
        "registry": (f"type=registry,ref={address}/cache:{kind},mode=max", f"{address}/cache:{kind}"),
        "local": (
            f"type=local,dest={desk.directory}/cache,mode=max",
            f"type=local,src={desk.directory}/cache",
        ),
        "inline": ("type=inline", f"{address}/image:1"),
    }[kind]
    tag = f"{address}/image:1"
    stored = desk.build(first, "--cache-to", place[0], tag=tag)
    if kind == "inline":
        desk.docker(first.docker_host, "push", tag)
    reused = desk.build(second, "--cache-from", place[1])
    assert set(statuses(stored)[1:]) == {StepStatus.MISS}
    assert set(statuses(reused)) == {StepStatus.HIT}
    assert stored.request.cache_to
    assert reused.request.cache_from
    assert explain(stored, reused) == ()


def test_reader_that_imports_nothing_used_another_builder(
    desk: Desk, writer: Running, reader: Running
) -> None:
    address = writer[1]
    stored = desk.build(writer[0], "--cache-to", f"type=registry,ref={address}/cache:a,mode=max")
    (fork,) = explain(stored, desk.build(reader[0]))
    assert fork.miss_kind is MissKind.OTHER_BUILDER
    assert codes(fork) == [("builder-instance", CauseStatus.PROVEN)]


def test_import_that_fails_is_the_proven_cause(desk: Desk, writer: Running, reader: Running) -> None:
    address = writer[1]
    stored = desk.build(writer[0], "--cache-to", f"type=registry,ref={address}/cache:b,mode=max")
    missed = desk.build(reader[0], "--cache-from", f"{address}/cache:no-such")
    (fork,) = explain(stored, missed)
    assert (fork.step, fork.miss_kind) == (2, MissKind.NOT_IMPORTED)
    assert codes(fork) == [("cache-not-imported", CauseStatus.PROVEN)]
    assert "not found" in fork.causes[0].evidence[0]
    assert fork.consequences == (3, 4)


def test_step_that_a_small_export_left_out_is_suspected(desk: Desk, writer: Running, reader: Running) -> None:
    address = writer[1]
    cache = f"{address}/cache:min"
    stored = desk.build(
        writer[0], "--cache-to", f"type=registry,ref={cache},mode=min", dockerfile=STAGES.format("y")
    )
    missed = desk.build(reader[0], "--cache-from", cache, dockerfile=STAGES.format("z"))
    fork = next(fork for fork in explain(stored, missed) if fork.instruction == "RUN echo x >/x")
    assert fork.miss_kind is MissKind.NOT_IMPORTED
    assert ("cache-not-imported", CauseStatus.SUSPECTED) in codes(fork)


def test_engines_that_key_an_owner_differently_are_told_apart(
    desk: Desk, writer: Running, reader: Running
) -> None:
    address = writer[1]
    cache = f"{address}/cache:owner"
    stored = desk.build(writer[0], "--cache-to", f"type=registry,ref={cache},mode=max", dockerfile=OWNER)
    missed = desk.build(reader[0], "--cache-from", cache, dockerfile=OWNER)
    assert statuses(missed) == [StepStatus.HIT, StepStatus.MISS]
    (fork,) = explain(stored, missed)
    assert codes(fork) == [("engine-version", CauseStatus.PROVEN)]
    assert (fork.causes[0].writer, fork.causes[0].reader) == ("byID", "byId")


def test_list_of_allowed_images_hides_local_results(desk: Desk, reader: Running) -> None:
    engine = reader[0]
    stored = desk.build(engine, env=CLASSIC, tag="mine")
    assert set(statuses(desk.build(engine, env=CLASSIC, tag="mine"))) == {StepStatus.HIT}
    hidden = desk.build(engine, "--cache-from", "alpine", env=CLASSIC)
    (fork,) = explain(stored, hidden, control="hit")
    assert codes(fork) == [("cache-from", CauseStatus.PROVEN)]
    (fork,) = explain(stored, hidden)
    assert codes(fork) == [("cache-from", CauseStatus.SUSPECTED)]


@pytest.mark.parametrize("env", [{"DOCKER_BUILDKIT": "1"}, CLASSIC], ids=["buildkit", "classic"])
def test_engine_that_changes_its_image_store_loses_its_cache(desk: Desk, env: dict[str, str]) -> None:
    """An engine keeps its id when somebody switches the store: here two engines have one id."""
    with same_engine("graphdriver") as before:
        stored = desk.build(before, env=env)
    with same_engine("containerd") as after:
        missed = desk.build(after, env=env)
    fork = explain(stored, missed)[0]
    assert fork.miss_kind is MissKind.OTHER_BUILDER
    assert codes(fork) == [("image-store", CauseStatus.PROVEN)]


@contextlib.contextmanager
def same_engine(store: str) -> Iterator[RunningPrivateEngine]:
    root = ensure_root(SUITES[0].docker, os.environ, print)
    with launched(root.path, with_id(store), base_directory(os.environ)) as daemons:
        api = await_ready(daemons)
        info = read_engine_info(api, "private")
        assert (info.instance, info.image_store) == (ENGINE_ID, store)
        engine = RunningPrivateEngine(daemons=daemons, api=api, info=info, toolchain=root.toolchain)
        engine.load(ensure_base_archive(os.environ, print))
        yield engine


def with_id(store: str) -> Callable[[str], Startup]:
    def plan(name: str) -> Startup:
        startup = docker_startup(store, name)
        return replace(startup, files=(*startup.files, ("data/engine-id", ENGINE_ID)))

    return plan


def test_podman_pushes_and_pulls(storage: Path, tmp_path: Path) -> None:
    with open_engine("podman").start(os.environ, print) as engine:
        assert isinstance(engine, RunningPodmanEngine)
        with registry_for(engine.daemons, storage, os.environ, print) as address:
            for words in (("push", "alpine", f"{address}/alpine:1"), ("pull", f"{address}/alpine:1")):
                argv = (str(engine.podman.podman), *words)
                completed = run(Command(argv=argv, env={}, cwd=tmp_path), timeout_s=60)
                assert completed.ok, completed.stderr
        assert engine.image_facts(f"{address}/alpine:1").diff_ids == engine.image_facts("alpine").diff_ids


def test_registry_ends_with_its_engine(engine_directory: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory)}
    with contextlib.ExitStack() as stack:
        engine = stack.enter_context(open_engine("private").start(environment, print))
        assert isinstance(engine, RunningPrivateEngine)
        names = engine_names(engine_directory)
        stack.enter_context(registry_for(engine.daemons, tmp_path, os.environ, print))
        assert any("docker-registry" in command for command in processes(names).values())
        engine.daemons.keeper.terminate()
        engine.daemons.keeper.wait(20)
        assert wait_until_gone(engine_directory, names) == []
