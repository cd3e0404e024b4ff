"""Which docker CLI clients run: never one of another generation than the engine's own."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes.engines import Obliging
from fakes.programs import program

from layerfork.builders.environments.installing import find_toolchain
from layerfork.errors import ClientError
from layerfork.record.build import Toolchain


@dataclass
class BringsNoDocker(Obliging):
    """A user's engine."""

    toolchain: Toolchain | None = None


def test_the_engines_own_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "docker", "echo 9.9.9")
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = Obliging()
    assert find_toolchain(engine) is engine.toolchain


@pytest.mark.parametrize(
    ("said", "version"), [("echo 26.1.5+dfsg1", "26.1.5"), ("echo 28.5.2", "28.5.2"), ("exit 1", "")]
)
def test_a_users_engine_has_the_users_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, version: str
) -> None:
    docker = program(tmp_path, "docker", said)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_toolchain(BringsNoDocker()) == Toolchain(docker=docker, cli_plugins=None, version=version)


def test_it_is_asked_without_the_users_engine_and_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "docker", '[ "$DOCKER_HOST" = unix:///nowhere ] && [ ! -d "$HOME" ] && echo 1.0')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", "tcp://production:2375")
    assert find_toolchain(BringsNoDocker()).version == "1.0"


def test_without_any_the_way_to_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientError, match="no docker CLI on PATH") as raised:
        find_toolchain(BringsNoDocker())
    assert "docker-cli" in str(raised.value)
