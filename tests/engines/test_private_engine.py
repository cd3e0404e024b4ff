"""A private engine starts, builds, is cleaned, and is gone."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.traces import engine_names, processes, wait_until_gone

from layerfork.builders.engines import RunningEngine, open_engine
from layerfork.builders.engines.baseimage import base_archive, ensure_base_archive, image_id
from layerfork.builders.engines.private import PRIVATE_ENGINES
from layerfork.builders.process import run
from layerfork.errors import EngineError
from layerfork.record.build import Builder, Command, Completed

pytestmark = pytest.mark.engine

SEED = "FROM alpine\nRUN  du -s /\nCOPY important.txt /\nRUN  du -s /\n"
BUILDERS = (Builder.CLASSIC, Builder.BUILDKIT)
CURRENT = [engine for engine in PRIVATE_ENGINES if engine.generation.name == "26.1"]


@pytest.fixture(scope="module", params=CURRENT, ids=lambda engine: engine.id)
def running(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    with request.param.start(os.environ, print) as engine:
        yield engine


@pytest.fixture
def engine(running: RunningEngine) -> RunningEngine:
    running.reset()
    return running


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(SEED)
    (context / "important.txt").write_text("This is an important file\n")
    return context


def build(engine: RunningEngine, context: Path, builder: Builder, tag: str = "seed") -> Completed:
    """Build with the engine's own CLI. No attestation: in a containerd store it would change the id."""
    assert engine.toolchain is not None
    config = context.parent / "docker-config"
    config.mkdir(exist_ok=True)
    (config / "config.json").write_text(
        json.dumps({"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins or "/nowhere")]})
    )
    env = {
        "PATH": os.defpath,
        "DOCKER_HOST": engine.docker_host,
        "DOCKER_CONFIG": str(config),
        "DOCKER_BUILDKIT": "1" if builder is Builder.BUILDKIT else "0",
        "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
    }
    completed = run(Command(argv=(str(engine.toolchain.docker), "build", "-t", tag, str(context)), env=env))
    assert completed.ok, completed.stderr + engine.log_tail()
    return completed


def cached_steps(completed: Completed) -> int:
    return completed.stdout.count("Using cache") + completed.stderr.count("CACHED")


def test_engine_is_what_was_asked_for(running: RunningEngine) -> None:
    info = running.info
    assert (info.kind, info.version[:5]) == ("private", "26.1.")
    assert (info.image_store, info.storage_driver) in {
        ("graphdriver", "overlay2"),
        ("containerd", "overlayfs"),
    }
    assert info.default_builder == "buildkit"
    assert info.instance
    assert dict(info.components)["containerd"].startswith("1.7")
    assert running.is_alive()
    assert running.can_reset


def test_base_image_has_the_id_that_its_archive_says(engine: RunningEngine) -> None:
    archive = ensure_base_archive(os.environ, print).read_bytes()
    facts = engine.image_facts("alpine")
    assert len(facts.diff_ids) == len(facts.history) == 1
    assert facts.env[0].startswith("PATH=")
    if engine.info.image_store == "graphdriver":
        assert facts.image_id == image_id(archive)


@pytest.mark.parametrize("builder", BUILDERS)
def test_seed_builds_and_is_cached_until_reset(engine: RunningEngine, seed: Path, builder: Builder) -> None:
    assert cached_steps(build(engine, seed, builder)) == 0
    assert cached_steps(build(engine, seed, builder)) == 3
    engine.reset()
    assert cached_steps(build(engine, seed, builder)) == 0


def test_classic_image_names_every_step(engine: RunningEngine, seed: Path) -> None:
    build(engine, seed, Builder.CLASSIC)
    facts = engine.image_facts("seed")
    words = [step.created_by.removeprefix("/bin/sh -c ").split()[0] for step in facts.history[1:]]
    assert words == ["du", "#(nop)", "du"]
    assert facts.history[0].image_id == engine.image_facts("alpine").image_id
    assert facts.history[-1].image_id == facts.image_id
    assert len({step.image_id for step in facts.history}) == 4
    assert [step.empty_layer for step in facts.history] == [False, True, False, True]
    assert len(facts.diff_ids) == 2


def test_buildkit_image_has_a_layer_for_every_step(engine: RunningEngine, seed: Path) -> None:
    build(engine, seed, Builder.BUILDKIT)
    facts = engine.image_facts("seed")
    assert [step.created_by.split()[0] for step in facts.history[1:]] == ["RUN", "COPY", "RUN"]
    assert not any(step.empty_layer for step in facts.history)
    assert len(facts.diff_ids) == 4


def test_same_context_gives_the_same_classic_file_layer_after_a_reset(
    engine: RunningEngine, seed: Path
) -> None:
    build(engine, seed, Builder.CLASSIC)
    before = engine.image_facts("seed").diff_ids
    engine.reset()
    build(engine, seed, Builder.CLASSIC)
    assert engine.image_facts("seed").diff_ids == before


def test_reset_removes_images_and_containers_but_the_base(engine: RunningEngine, seed: Path) -> None:
    build(engine, seed, Builder.CLASSIC, "one")
    build(engine, seed, Builder.BUILDKIT, "two")
    engine.reset()
    assert engine.base_images == ("alpine:latest",)
    engine.image_facts("alpine")
    for tag in ("one", "two"):
        with pytest.raises(EngineError, match=tag):
            engine.image_facts(tag)


def test_a_container_may_have_an_init_process(engine: RunningEngine) -> None:
    assert engine.toolchain is not None
    argv = (str(engine.toolchain.docker), "run", "--rm", "--init", "alpine", "cat", "/proc/1/comm")
    done = run(Command(argv=argv, env={"PATH": os.defpath, "DOCKER_HOST": engine.docker_host}))
    assert done.stdout == "docker-init\n", done.stderr


def test_removed_tags_are_gone_and_missing_ones_no_error(engine: RunningEngine, seed: Path) -> None:
    build(engine, seed, Builder.CLASSIC, "one")
    engine.remove_images(["one", "never-was:here"])
    with pytest.raises(EngineError, match="one"):
        engine.image_facts("one")
    engine.image_facts("alpine")


def test_loaded_image_outlives_a_reset(seed: Path) -> None:
    archive = seed.parent / "other.tar"
    archive.write_bytes(base_archive(b"other", (), "amd64").replace(b"alpine:latest", b"custom:latest"))
    with open_engine("private").start(os.environ, print) as engine:
        engine.load(archive)
        engine.reset()
        assert engine.base_images == ("alpine:latest", "custom:latest")
        assert engine.image_facts("custom").image_id != engine.image_facts("alpine").image_id


def test_archive_that_is_none_is_refused(engine: RunningEngine, tmp_path: Path) -> None:
    (tmp_path / "bad.tar").write_bytes(b"not a tar" * 1000)
    with pytest.raises(EngineError):
        engine.load(tmp_path / "bad.tar")
    assert engine.is_alive()


def test_two_engines_do_not_disturb_each_other(seed: Path, engine_directory: Path) -> None:
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory)}
    with open_engine("private").start(environment, print) as first:
        build(first, seed, Builder.CLASSIC)
        with open_engine("private").start(environment, print) as second:
            names = engine_names(engine_directory)
            assert len(names) == 2
            assert first.info.instance != second.info.instance
            assert cached_steps(build(second, seed, Builder.CLASSIC)) == 0
            second.reset()
            assert cached_steps(build(first, seed, Builder.CLASSIC)) == 3
        assert first.is_alive()
        assert cached_steps(build(first, seed, Builder.CLASSIC)) == 3
    assert wait_until_gone(engine_directory, names) == []


@pytest.mark.parametrize("ending", [None, RuntimeError("a bug"), KeyboardInterrupt()], ids=repr)
def test_left_engine_leaves_nothing(seed: Path, engine_directory: Path, ending: BaseException | None) -> None:
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory)}
    expectation = pytest.raises(type(ending)) if ending else contextlib.nullcontext()
    with expectation, open_engine("private").start(environment, print) as engine:
        build(engine, seed, Builder.CLASSIC)
        build(engine, seed, Builder.BUILDKIT)
        names = engine_names(engine_directory)
        assert len(processes(names)) >= 4  # keeper, first process, containerd, dockerd
        if ending:
            raise ending
    assert wait_until_gone(engine_directory, names) == []
