"""`layerfork engines` and `layerfork clients`, as a person runs them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from engines.running import LAYERFORK

from layerfork.builders.clients import CLIENTS
from layerfork.builders.engines import ENGINES
from layerfork.builders.process import run
from layerfork.errors import ExitCode
from layerfork.record.build import Command, Completed

pytestmark = pytest.mark.engine


def layerfork(*words: str, **variables: str) -> Completed:
    argv = (sys.executable, "-c", "from layerfork.cli import main; main()", *words)
    return run(Command(argv=argv, env={**os.environ, **variables}), timeout_s=240)


def test_lists_every_engine_and_client() -> None:
    engines = json.loads(layerfork("engines", "--format", "json").stdout)["engines"]
    assert [row["id"] for row in engines] == [engine.id for engine in ENGINES]
    clients = json.loads(layerfork("clients", "--format", "json").stdout)["clients"]
    assert sorted(row["id"] for row in clients) == sorted(client.id for client in CLIENTS)


@pytest.mark.parametrize("name", ["20.10", "28.5+containerd"])
def test_opens_an_engine_with_its_own_docker_and_passes_the_exit_code_on(name: str) -> None:
    words = 'docker version --format "{{.Client.Version}} {{.Server.Version}}"; exit 7'
    completed = layerfork("engines", "run", name, "--", "sh", "-c", words)
    client, server = completed.stdout.split()
    assert client == server
    assert client.startswith(name.partition("+")[0])
    assert completed.returncode == 7


def test_what_a_killed_one_left_is_removed_by_the_next() -> None:
    words = 'echo "$BUILDX_CONFIG" $$; docker buildx create --name gone >&2; exec sleep 60'
    command = [str(LAYERFORK), "engines", "run", "private", "--", "sh", "-c", words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        named, shell = process.stdout.readline().split()
        place = Path(named)
        for _ in range(300):
            if (place / "instances" / "gone").exists():
                break
            time.sleep(0.1)
        process.kill()
        os.kill(int(shell), signal.SIGKILL)
    assert (place / "instances" / "gone").exists()
    assert layerfork("engines", "run", "private", "--", "true").ok
    assert not place.parent.exists()


def test_opens_podman_with_a_registry(tmp_path: Path) -> None:
    place = "127.0.0.1:5000/alpine:x"
    words = f"podman push -q alpine {place} && docker pull -q {place} && buildah --version"
    completed = layerfork("engines", "run", "podman", "--registry", str(tmp_path), "--", "sh", "-c", words)
    assert completed.ok, completed.stderr
    assert "buildah version 1." in completed.stdout
    assert (tmp_path / "docker").is_dir()


def test_plain_podman_works_in_the_storage_itself() -> None:
    """It is a client of no service, whatever the user's own environment says."""
    words = 'echo "$CONTAINER_HOST"; podman info --format "{{.Host.ServiceIsRemote}}"'
    elsewhere = {"CONTAINER_HOST": "unix:///nowhere/podman.sock"}
    completed = layerfork("engines", "run", "podman", "--", "sh", "-c", words, **elsewhere)
    assert completed.ok, completed.stderr
    assert completed.stdout.splitlines() == ["", "false"]


def test_engine_that_cannot_be_fetched_does_not_stop_the_others(tmp_path: Path) -> None:
    nowhere = {"XDG_CACHE_HOME": str(tmp_path), "LAYERFORK_DEBIAN_MIRROR": "http://127.0.0.1:9/debian"}
    completed = layerfork("engines", "get", "28.5", "podman:4.3", **nowhere)
    assert completed.returncode == ExitCode.COULD_NOT_RUN
    for name in ("private:28.5", "podman:4.3"):
        assert f"{name}: the engine's packages cannot be downloaded" in completed.stderr


def test_client_that_cannot_be_made_ready_does_not_stop_the_others(tmp_path: Path) -> None:
    nowhere = {"XDG_CACHE_HOME": str(tmp_path), "UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "uv")}
    completed = layerfork("clients", "get", "docker_py-build", "aiodocker-context-build", **nowhere)
    assert completed.returncode == ExitCode.COULD_NOT_RUN
    for name in ("docker_py-7.2.0", "aiodocker-0.27.0"):
        assert f"{name}: could not install" in completed.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("engines", "get"),
        ("clients", "get"),
        ("engines", "get", "no-such"),
        ("clients", "get", "no-such"),
        ("engines", "run", "private", "--", "/no/such"),
    ],
)
def test_wrong_words_are_a_usage_error(words: tuple[str, ...]) -> None:
    assert layerfork(*words).returncode == ExitCode.USAGE
