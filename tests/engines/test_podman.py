"""podman's service and podman's own programs, every generation: start, build, clean, gone."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.traces import engine_names, processes, wait_until_gone

from layerfork.builders.api.apianswers import Version
from layerfork.builders.debian.roots import ensure_root, verify_root
from layerfork.builders.engines import open_engine
from layerfork.builders.engines.baseimage import ensure_base_archive, image_id
from layerfork.builders.engines.podman import PODMAN_ENGINES, RunningPodmanEngine
from layerfork.builders.process import run
from layerfork.errors import EngineError
from layerfork.record.build import Command, Completed

pytestmark = pytest.mark.engine

SEED = "FROM alpine\nRUN  du -s /\nCOPY important.txt /\nRUN  du -s /\n"
DOCKER_NAME = "docker.io/library/alpine:latest"
REFUSED = 'schema: error converting value for "networkmode"'
"""podman 3.0 does not understand what every docker CLI sends."""


@pytest.fixture(scope="module", params=PODMAN_ENGINES, ids=lambda engine: engine.id)
def running(request: pytest.FixtureRequest) -> Iterator[RunningPodmanEngine]:
    with request.param.start(os.environ, print) as engine:
        yield engine


@pytest.fixture
def engine(running: RunningPodmanEngine) -> RunningPodmanEngine:
    running.reset()
    return running


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(SEED)
    (context / "important.txt").write_text("This is an important file\n")
    return context


def docker_build(engine: RunningPodmanEngine, context: Path, tag: str = "test/seed") -> Completed:
    env = {"PATH": os.defpath, "DOCKER_HOST": engine.docker_host, "DOCKER_BUILDKIT": "0", "HOME": "/nowhere"}
    argv = (str(engine.toolchain.docker), "build", "-t", tag, str(context))
    return run(Command(argv=argv, env=env), timeout_s=120)


def podman(engine: RunningPodmanEngine, *words: str, program: str = "podman") -> Completed:
    tool = engine.podman.podman if program == "podman" else engine.podman.buildah
    env = {"PATH": os.defpath, "HOME": "/nowhere"}
    return run(Command(argv=(str(tool), *words), env=env, cwd=Path("/")), timeout_s=120)


def cached_steps(completed: Completed) -> int:
    assert completed.ok, completed.stdout + completed.stderr
    return completed.stdout.count("--> Using cache")


def test_engine_is_what_was_asked_for(running: RunningPodmanEngine) -> None:
    info = running.info
    name = f"{info.kind}:{'.'.join(info.version.split('.')[:2])}"
    assert name in {engine.id for engine in PODMAN_ENGINES}
    assert (info.image_store, info.storage_driver, info.default_builder) == (
        "graphdriver",
        "overlay",
        "classic",
    )
    assert dict(info.components)["buildah"].startswith("1.")
    assert all("\n" not in version and " " not in version for _, version in info.components)
    assert info.instance.startswith("layerfork-")
    described = open_engine(name).describe(os.environ)
    assert described.ready
    assert described.version == info.version
    assert described.newest_api == info.api_version
    assert described.oldest_api == running.api.get("/version", Version).min_api_version
    assert podman(running, "--version").stdout.split()[-1] == info.version
    assert dict(info.components)["buildah"] in podman(running, "--version", program="buildah").stdout
    assert running.is_alive()


def test_unpacked_root_matches_its_checksums(running: RunningPodmanEngine) -> None:
    engine = open_engine(f"podman:{'.'.join(running.info.version.split('.')[:2])}")
    root = ensure_root(engine.generation, os.environ, print)  # type: ignore[attr-defined]
    verify_root(root.path)
    assert dict(root.packages)["podman"].startswith(running.info.version)


def test_base_image_has_docker_hubs_name_and_its_archives_id(engine: RunningPodmanEngine) -> None:
    assert engine.base_images == (DOCKER_NAME,)
    archive = ensure_base_archive(os.environ, print).read_bytes()
    for name in ("alpine", DOCKER_NAME):
        assert engine.image_facts(name).image_id == image_id(archive)


def test_tools_share_one_cache_until_reset(engine: RunningPodmanEngine, seed: Path) -> None:
    assert cached_steps(podman(engine, "build", "-t", "one", str(seed))) == 0
    assert cached_steps(podman(engine, "build", "-t", "two", str(seed))) == 3
    layered = podman(engine, "bud", "--layers", "-t", "three", str(seed), program="buildah")
    assert cached_steps(layered) == 3
    assert cached_steps(podman(engine, "bud", "-t", "four", str(seed), program="buildah")) == 0
    engine.reset()
    assert engine.image_facts("alpine").diff_ids
    for tag in ("one", "four"):
        with pytest.raises(EngineError, match=tag):
            engine.image_facts(f"localhost/{tag}")
    assert cached_steps(podman(engine, "build", "-t", "one", str(seed))) == 0


def test_docker_cli_builds_through_the_socket_and_is_cached(engine: RunningPodmanEngine, seed: Path) -> None:
    if engine.info.version.startswith("3.0."):
        refused = docker_build(engine, seed)
        assert not refused.ok
        assert REFUSED in refused.stderr
        return
    assert cached_steps(docker_build(engine, seed)) == 0
    assert cached_steps(docker_build(engine, seed)) == 3
    facts = engine.image_facts("test/seed")
    assert [row.created_by.split()[2] for row in facts.history[1:]] == ["du", "#(nop)", "du"]
    assert {row.image_id for row in facts.history} == {""}
    assert len(facts.diff_ids) == 4


def test_reset_removes_what_failed_builds_left(engine: RunningPodmanEngine, seed: Path) -> None:
    (seed / "Dockerfile").write_text("FROM alpine\nRUN true\nRUN false\n")
    assert not podman(engine, "build", "-t", "one", str(seed)).ok
    assert not podman(engine, "bud", "-t", "one", str(seed), program="buildah").ok
    assert podman(engine, "from", "alpine", program="buildah").ok
    engine.reset()
    listed = podman(engine, "images", "--all", "--format", "{{.Repository}}:{{.Tag}}").stdout.split()
    assert listed == [DOCKER_NAME]


def test_loaded_image_outlives_a_reset_under_dockers_name(seed: Path) -> None:
    from layerfork.builders.engines.baseimage import base_archive

    archive = seed.parent / "other.tar"
    archive.write_bytes(base_archive(b"other", (), "amd64").replace(b"alpine:latest", b"custom:latest"))
    with open_engine("podman").start(os.environ, print) as engine:
        engine.load(archive)
        engine.reset()
        assert engine.base_images == (DOCKER_NAME, "docker.io/library/custom:latest")
        assert engine.image_facts("custom").image_id != engine.image_facts("alpine").image_id


def test_archive_that_is_none_is_refused(engine: RunningPodmanEngine, tmp_path: Path) -> None:
    (tmp_path / "bad.tar").write_bytes(b"not a tar" * 1000)
    with pytest.raises(EngineError):
        engine.load(tmp_path / "bad.tar")
    assert engine.is_alive()


def test_tool_sees_this_machines_files_but_its_own_programs_and_settings(
    engine: RunningPodmanEngine, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine\nRUN test ! -e /etc/containers\n")
    before = [sorted(Path(place).iterdir()) for place in ("/run", "/etc")]
    written = tmp_path / "id"
    assert podman(engine, "build", "--iidfile", str(written), str(tmp_path)).ok
    assert written.read_text().startswith("sha256:") or len(written.read_text()) == 64
    assert [sorted(Path(place).iterdir()) for place in ("/run", "/etc")] == before


def test_exit_code_and_signals_pass_through(engine: RunningPodmanEngine, tmp_path: Path) -> None:
    assert podman(engine, "no-such-word").returncode == 125
    (tmp_path / "Dockerfile").write_text("FROM alpine\nRUN sleep 100\n")
    argv = [str(engine.podman.podman), "build", str(tmp_path)]
    build = subprocess.Popen(argv, env={}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert build.stdout is not None
    with build, build.stdout as output:
        while b"sleep" not in output.readline():
            continue
        build.send_signal(signal.SIGTERM)
        build.wait(20)  # podman 4.3 calls it a success
        assert b"COMMIT" not in output.read()
    engine.reset()
    assert engine.is_alive()


def outside_cgroups() -> set[Path]:
    """Cgroups of buildah's containers that are below no engine's own, where nobody would remove them."""
    return {*Path("/sys/fs/cgroup").glob("buildah-*"), *Path("/sys/fs/cgroup").glob("*/buildah-*")}


@pytest.mark.parametrize("how", ["left", "killed"])
def test_engine_that_ends_in_the_middle_of_a_build_takes_everything_with_it(
    tmp_path: Path, engine_directory: Path, how: str
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine\nRUN echo begun; sleep 1000\n")
    before = outside_cgroups()
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory)}
    with open_engine("podman").start(environment, print) as engine:
        assert isinstance(engine, RunningPodmanEngine)
        names = engine_names(engine_directory)
        argv = [str(engine.podman.podman), "build", str(tmp_path)]
        build = subprocess.Popen(argv, env={}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert build.stdout is not None
        while build.stdout.readline().strip() != b"begun":
            continue
        assert any("sleep 1000" in command for command in processes(names).values())
        assert outside_cgroups() <= before
        if how == "killed":
            (service,) = (pid for pid, words in processes(names).items() if words.startswith("bin/podman "))
            os.kill(service, signal.SIGKILL)
            assert build.wait(20) != 0
            assert not engine.is_alive()
            with pytest.raises(EngineError, match="podman of the private engine ended with status -9"):
                engine.reset()
    with build, build.stdout:
        assert build.wait(20) != 0
    assert wait_until_gone(engine_directory, names) == []


def test_tool_without_its_engine_says_so(engine_directory: Path) -> None:
    environment = {**os.environ, "LAYERFORK_ENGINE_DIR": str(engine_directory)}
    with open_engine("podman").start(environment, print) as engine:
        assert engine.podman is not None
        text = engine.podman.podman.read_text()
    copy = engine_directory.parent / f"{engine_directory.name}-podman"
    copy.write_text(text)
    try:
        completed = run(Command(argv=("sh", str(copy), "--version"), env={"PATH": os.defpath}), timeout_s=20)
    finally:
        copy.unlink()
    assert completed.returncode == 127
    assert completed.stderr.startswith("the engine is gone: ")
