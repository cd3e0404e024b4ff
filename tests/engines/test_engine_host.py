"""The user's own engine is built on and left as it was. Here a private engine plays the user's."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from engines.running import layerfork
from engines.tlsfront import tls_in_front_of

from layerfork.builders.api.apianswers import ListedImage
from layerfork.builders.api.engineapi import EngineApi
from layerfork.builders.engines import RunningEngine, host_is_meant, open_engine
from layerfork.builders.engines.baseimage import base_archive
from layerfork.builders.process import run
from layerfork.errors import EngineError
from layerfork.record.build import Command

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def users() -> Iterator[RunningEngine]:
    with open_engine("private").start(os.environ, print) as engine:
        yield engine


@pytest.fixture
def environment(users: RunningEngine, tmp_path: Path) -> Mapping[str, str]:
    users.reset()
    return {
        "DOCKER_HOST": users.docker_host,
        "HOME": str(tmp_path),
        "PATH": os.defpath,
        "DOCKER_BUILDKIT": "0",
    }


def build(users: RunningEngine, environment: Mapping[str, str], context: Path, tag: str) -> None:
    assert users.toolchain is not None
    context.mkdir(exist_ok=True)
    (context / "Dockerfile").write_text("FROM alpine\nRUN true\nCOPY Dockerfile /\nLABEL a=b\n")
    argv = (str(users.toolchain.docker), "build", "-t", tag, str(context))
    completed = run(Command(argv=argv, env=environment))
    assert completed.ok, completed.stderr


def ids(users: RunningEngine) -> set[str]:
    return {
        image.id
        for image in EngineApi(users.docker_host).get("/images/json", list[ListedImage], {"all": "1"})
    }


def test_host_engine_reports_itself(users: RunningEngine, environment: Mapping[str, str]) -> None:
    lines: list[str] = []
    with open_engine("host").start(environment, lines.append) as engine:
        assert engine.info.kind == "host"
        assert engine.info.instance == users.info.instance
        assert engine.socket == users.socket
        assert (engine.can_reset, engine.base_images, engine.toolchain) == (False, (), None)
        assert engine.is_alive()
    assert users.docker_host in lines[0]


def test_what_was_built_for_our_tags_goes_and_all_else_stays(
    users: RunningEngine, environment: Mapping[str, str], tmp_path: Path
) -> None:
    build(users, environment, tmp_path / "theirs", "theirs")
    before = ids(users)
    with open_engine("host").start(environment, print) as engine:
        (tmp_path / "ours").mkdir()
        (tmp_path / "ours" / "more").write_text("x")
        build(users, environment, tmp_path / "ours", "layerfork-1:x")
        archive = tmp_path / "loaded.tar"
        archive.write_bytes(base_archive(b"other", (), "amd64").replace(b"alpine:latest", b"custom:latest"))
        engine.load(archive)
        assert ids(users) > before
        engine.reset()
        assert ids(users) > before
        engine.remove_images(["layerfork-1:x", "custom:latest", "never-was"])
        assert ids(users) == before


def test_own_image_that_got_our_tag_stays(
    users: RunningEngine, environment: Mapping[str, str], tmp_path: Path
) -> None:
    build(users, environment, tmp_path / "theirs", "theirs")
    EngineApi(users.docker_host).request("DELETE", "/images/theirs", {"noprune": "1"})
    build(users, environment, tmp_path / "theirs", "theirs")
    before = ids(users)
    with open_engine("host").start(environment, print) as engine:
        build(users, environment, tmp_path / "theirs", "layerfork-2:x")
        engine.remove_images(["layerfork-2:x"])
    assert ids(users) == before
    users.image_facts("theirs")


@contextlib.contextmanager
def forwarded(target: Path) -> Iterator[int]:
    """A TCP port on loopback that leads to a unix socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=forward_all, args=(server, target), daemon=True).start()
        yield server.getsockname()[1]


def forward_all(server: socket.socket, target: Path) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = server.accept()
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(str(target))
            for source, sink in ((client, engine), (engine, client)):
                threading.Thread(target=copy, args=(source, sink), daemon=True).start()


def copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
        if sink.family == socket.AF_INET:
            source.close()
            sink.close()


def test_host_engine_over_tcp(users: RunningEngine, environment: Mapping[str, str]) -> None:
    assert users.socket is not None
    with forwarded(users.socket) as port:
        over_tcp = {**environment, "DOCKER_HOST": f"tcp://127.0.0.1:{port}"}
        assert host_is_meant(over_tcp)
        with open_engine("host").start(over_tcp, print) as engine:
            assert engine.info.instance == users.info.instance
            assert engine.socket is None
            assert engine.image_facts("alpine").image_id


def test_dead_socket_is_no_answer_and_a_clear_error(tmp_path: Path) -> None:
    environment = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "HOME": str(tmp_path)}
    assert host_is_meant(environment)
    named = r"there is no socket unix://.*none\.sock \(DOCKER_HOST names it\)"
    with (
        pytest.raises(EngineError, match=named) as caught,
        open_engine("host").start(environment, print),
    ):
        pass
    assert caught.value.hint


SSH = """\
#!/bin/sh
# what docker starts for ssh://me@there: the far end's docker, here another one's
case "$*" in *there*"system dial-stdio"*) exec env DOCKER_HOST=%s docker system dial-stdio;; esac
sleep 0.5 # ssh asks for the host's address first: what docker writes meanwhile lies in the pipe
echo "ssh: no such host" >&2
exit 255
"""


def test_host_engine_over_ssh(
    users: RunningEngine, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert users.toolchain is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ssh").write_text(SSH % users.docker_host)
    (tmp_path / "bin" / "ssh").chmod(0o755)
    path = f"{tmp_path}/bin:{users.toolchain.docker.parent}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    over_ssh = {**environment, "DOCKER_HOST": "ssh://me@there", "PATH": path}
    with open_engine("host").start(over_ssh, print) as engine:
        assert engine.info.instance == users.info.instance
        assert (engine.docker_host, engine.socket) == ("ssh://me@there", None)
        assert engine.image_facts("alpine").image_id
        file, context = tmp_path / "o.jsonl", tmp_path / "context"
        context.mkdir()
        (context / "Dockerfile").write_text("FROM alpine\nCOPY Dockerfile /\n")
        done = layerfork("record", "-o", file, "--", "docker", "build", context, **over_ssh)
        assert done.returncode == 0, done.stderr
        assert "COPY Dockerfile /" in layerfork("show", file).stdout
    nobody = {**over_ssh, "DOCKER_HOST": "ssh://me@nowhere"}
    with (
        pytest.raises(EngineError, match=r"no such host.*DOCKER_HOST names it"),
        open_engine("host").start(nobody, print),
    ):
        pass


def test_host_engine_over_tls(
    users: RunningEngine, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert users.toolchain is not None
    assert users.socket is not None
    path = f"{users.toolchain.docker.parent}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    with tls_in_front_of(users.socket, tmp_path) as (port, _):
        host = {"DOCKER_HOST": f"tcp://localhost:{port}", "DOCKER_TLS_VERIFY": "1", "PATH": path}
        over_tls = {**environment, **host, "DOCKER_CERT_PATH": str(tmp_path)}
        with open_engine("host").start(over_tls, print) as engine:
            assert engine.info.instance == users.info.instance
            file, context = tmp_path / "o.jsonl", tmp_path / "context"
            context.mkdir()
            (context / "Dockerfile").write_text("FROM alpine\nCOPY Dockerfile /\n")
            done = layerfork("record", "-o", file, "--", "docker", "build", context, **over_tls)
            assert done.returncode == 0, done.stderr
            assert "COPY Dockerfile /" in layerfork("show", file).stdout
