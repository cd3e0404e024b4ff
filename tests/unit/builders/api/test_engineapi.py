"""An engine that cannot be reached: which one, why, and what to do; and when another may take its place."""

import json
import os
import socket
from pathlib import Path

import pytest

from layerfork.builders.api.engineapi import unreachable
from layerfork.builders.engines import default_spec, host


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A socket whose listener has ended."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    return path


def test_a_socket_of_a_group_names_the_group(closed: Path) -> None:
    os.chown(closed, -1, 0) if os.geteuid() == 0 else None
    closed.chmod(0o660)
    error = unreachable(f"unix://{closed}", PermissionError(13, "Permission denied"))
    assert error.message == f"permission denied: this user may not open unix://{closed}"
    assert error.hint.startswith("the group ")
    if os.geteuid() == 0:
        assert "the group root may: add this user to it (sudo usermod -aG root" in error.hint


def test_a_socket_of_its_owner_alone(closed: Path) -> None:
    closed.chmod(0o600)
    error = unreachable(f"unix://{closed}", PermissionError(13, "Permission denied"))
    assert "only its owner may" in error.hint


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("unix:///gone", FileNotFoundError(2, "x"), "there is no socket unix:///gone"),
        ("unix:///dead", ConnectionRefusedError(111, "x"), "nothing listens at unix:///dead"),
        ("tcp://there:1", ConnectionRefusedError(111, "x"), "nothing listens at tcp://there:1"),
        ("tcp://there:1", socket.gaierror(-2, "unknown"), "the name in tcp://there:1 is unknown"),
        (
            "tcp://there:1",
            TimeoutError("timed out"),
            "the engine at tcp://there:1 does not answer: timed out",
        ),
    ],
)
def test_what_is_wrong_comes_first_and_a_next_step_after_it(
    address: str, error: Exception, message: str
) -> None:
    found = unreachable(address, error)
    assert found.message.startswith(message)
    assert found.hint


def test_an_engine_that_is_named_is_the_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "DEFAULT_SOCKET", tmp_path / "docker.sock")
    home = {"HOME": str(tmp_path)}
    assert default_spec(home) == "private"
    assert default_spec({**home, "DOCKER_HOST": "unix:///dead"}) == "host"
    assert default_spec({**home, "DOCKER_CONTEXT": "missing"}) == "host"
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(json.dumps({"currentContext": "work"}))
    assert default_spec(home) == "host"
    (tmp_path / ".docker" / "config.json").write_text("broken")
    assert default_spec(home) == "host"


def test_a_socket_at_dockers_own_place_is_an_engine_though_nothing_listens(
    closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "DEFAULT_SOCKET", closed)
    assert default_spec({"HOME": str(tmp_path)}) == "host"
