"""What `doctor` says of programs and settings, on machines that are made for the test."""

import time
from pathlib import Path

import pytest

from layerfork.builders import machinechecks as settings
from layerfork.builders.machinechecks import examine_programs, examine_settings
from layerfork.record.machine import Health, HealthRow

DOCKER = """#!/bin/sh
case "$1" in
--version) echo "Docker version 28.5.2, build ecc6942" ;;
buildx) sleep 30 ;;
*) echo "docker: unknown command: docker $1" >&2; exit 1 ;;
esac
"""
SOCKET = "unix:///run/user/1000/docker.sock"


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has a docker with a slow plugin, and nothing else."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    for name in ("sleep", "sh"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    return {"PATH": str(tmp_path)}


def test_a_program_without_an_answer_is_not_absent(programs: dict[str, str]) -> None:
    started = time.monotonic()
    rows = {row.name: (row.health, row.what) for row in examine_programs(programs, patience_s=1)}
    assert time.monotonic() - started < 10
    assert rows == {
        "docker": (Health.OK, "28.5.2"),
        "buildx": (Health.UNKNOWN, "no answer in 1 s"),
        "compose": (Health.ABSENT, "`docker compose version --short` ends with exit code 1"),
        "podman": (Health.ABSENT, "podman is not on PATH"),
        "buildah": (Health.ABSENT, "buildah is not on PATH"),
        "git": (Health.ABSENT, "git is not on PATH"),
    }


def test_a_program_that_is_none_is_said_to_be_so(programs: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "podman").write_bytes(b"\x7fELF, and cut off")
    (tmp_path / "podman").chmod(0o755)
    row = next(row for row in examine_programs(programs, patience_s=1) if row.name == "podman")
    assert (row.health, row.what) == (Health.ABSENT, "podman: Exec format error")


def _of(name: str, environment: dict[str, str]) -> HealthRow:
    return next(row for row in examine_settings(environment) if row.name == name)


@pytest.mark.parametrize(
    ("value", "usual_socket_is_there", "health"),
    [
        (SOCKET, False, Health.OK),
        (SOCKET, True, Health.NOTE),
        ("unix:///var/run/docker.sock", True, Health.OK),
        ("ssh://ci", False, Health.OK),
    ],
)
def test_a_docker_host_that_one_needs_is_no_taint(
    *,
    value: str,
    usual_socket_is_there: bool,
    health: Health,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = tmp_path / "docker.sock"
    if usual_socket_is_there:
        usual.touch()
    known = dict(settings._NAMING)
    known["DOCKER_HOST"] = (known["DOCKER_HOST"][0], usual)
    monkeypatch.setattr(settings, "_NAMING", known)
    row = _of("DOCKER_HOST", {"DOCKER_HOST": value, "HOME": str(tmp_path)})
    assert row.health is health


def test_what_chooses_the_builder_stays_a_taint(tmp_path: Path) -> None:
    assert _of("DOCKER_BUILDKIT", {"DOCKER_BUILDKIT": "0", "HOME": str(tmp_path)}).health is Health.NOTE
