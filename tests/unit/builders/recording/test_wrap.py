"""A wrapped command: what it finds in its environment, and what is kept of its builds."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.engines import Obliging
from fakes.programs import posts_its_context, program
from fakes.sockets import BUILT, Socket, listening

from layerfork.builders.environments.shell import engine_environment
from layerfork.builders.recording.wrap import Wrapped, record_command, wrapped_environment
from layerfork.errors import EngineError, UsageError
from layerfork.record.build import NAMES_AN_ENGINE, PODMAN, PodmanTools, Toolchain
from layerfork.record.record import BuildOutcome, BuildRecord

RECORDER = "unix:///recorder.sock"


@pytest.fixture
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    return empty


def test_nothing_leads_past_the_recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES_AN_ENGINE:
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    monkeypatch.setenv("OWN_SETTING", "kept")
    env = wrapped_environment(Obliging(), RECORDER, tmp_path)
    assert "elsewhere" not in "".join(env.values())
    assert (env["DOCKER_HOST"], env["OWN_SETTING"]) == (RECORDER, "kept")
    assert "CONTAINER_HOST" not in env
    podman = Obliging(builders=PODMAN, toolchain=None)
    assert wrapped_environment(podman, RECORDER, tmp_path)["CONTAINER_HOST"] == RECORDER


def test_a_user_without_docker_gets_the_engines(tmp_path: Path, no_docker: Path) -> None:
    env = wrapped_environment(Obliging(), RECORDER, tmp_path)
    first, *rest = env["PATH"].split(os.pathsep)
    assert rest == [str(no_docker)]
    assert (Path(first) / "docker").readlink() == Path("/tools/docker")
    settings = json.loads((Path(env["DOCKER_CONFIG"]) / "config.json").read_text())
    assert settings == {"cliPluginsExtraDirs": ["/tools/plugins"]}


def test_a_users_own_docker_and_its_settings_stay(tmp_path: Path, no_docker: Path) -> None:
    program(no_docker, "docker", "exit 0")
    env = wrapped_environment(Obliging(), RECORDER, tmp_path)
    assert env["PATH"] == str(no_docker)
    assert "DOCKER_CONFIG" not in env
    bare = Obliging(toolchain=Toolchain(docker=Path("/tools/docker"), cli_plugins=None))
    (no_docker / "docker").unlink()
    assert "DOCKER_CONFIG" not in wrapped_environment(bare, RECORDER, tmp_path)


def test_an_opened_engine_comes_with_its_own_programs(tmp_path: Path, no_docker: Path) -> None:
    """podman's are no clients of the service: that is what CONTAINER_HOST would make them."""
    program(no_docker, "docker", "exit 0")
    tools = PodmanTools(podman=Path("/tools/podman"), buildah=Path("/tools/buildah"))
    env = engine_environment(Obliging(podman=tools, builders=PODMAN), tmp_path)
    first = Path(env["PATH"].split(os.pathsep)[0])
    assert {path.name: path.readlink() for path in first.iterdir()} == {
        name: Path("/tools") / name for name in ("docker", "podman", "buildah")
    }
    assert "CONTAINER_HOST" not in env
    assert env["DOCKER_BUILDKIT"] == "0"
    plain = tmp_path / "plain"
    plain.mkdir()
    assert "DOCKER_BUILDKIT" not in engine_environment(Obliging(), plain)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Socket]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, listening(Path(directory)) as socket:
        monkeypatch.setenv("DOCKER_HOST", socket.docker_host)
        yield socket


@pytest.fixture
def context(tmp_path: Path) -> Path:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM alpine\nRUN true\n")
    return context


def test_every_build_is_kept_with_what_the_engine_says_of_it(
    engine: Socket, context: Path, tmp_path: Path
) -> None:
    docker = posts_its_context(tmp_path / "bin", "sys.exit(5)", times=2)
    kept: list[BuildRecord] = []
    said: list[str] = []
    argv = (str(docker), "build", "-t", "tag", str(context))
    wrapped = record_command(argv, "host", said.append, kept.append)
    assert wrapped == Wrapped(exit_code=5, records=tuple(kept))
    assert [record.request.tags for record in kept] == [("tag",), ("another:1",)]
    for record in kept:
        assert record.client.argv == argv
        assert record.result.outcome is BuildOutcome.SUCCEEDED
        assert record.steps[-1].identity == BUILT
        assert [reference for reference, _ in record.base_images] == ["alpine"]
        assert record.engine is not None
        assert record.engine.instance == "engine-id"
    assert said == [f"using Docker Engine 26.1.5 at {engine.docker_host}"]


def test_a_command_that_builds_nothing_has_no_records(engine: Socket, tmp_path: Path) -> None:
    assert record_command(("true",), "host", print) == Wrapped(exit_code=0, records=())


def test_a_command_that_does_not_exist_is_named(engine: Socket) -> None:
    with pytest.raises(UsageError, match="no-such-program"):
        record_command(("no-such-program",), "host", print)


def test_an_engine_that_is_not_there_is_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    mark = tmp_path / "ran"
    with pytest.raises(EngineError, match=r"there is no socket .* \(DOCKER_HOST names it\)"):
        record_command(("touch", str(mark)), "host", print)
    assert not mark.exists()
