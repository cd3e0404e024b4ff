"""Builds of git addresses, as docker/build-push-action makes them: of their files the commit is known."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from engines.running import LAYERFORK

from layerfork.builders.engines import open_engine
from layerfork.builders.environments.privatedir import SHORT, private_directory
from layerfork.builders.environments.served import enter_network
from layerfork.builders.environments.shell import engine_environment

pytestmark = [pytest.mark.engine, pytest.mark.timeout(300)]

DOCKERFILE = "FROM alpine\nCOPY lock.txt /\nRUN cp /lock.txt /i\nCOPY src /src\nRUN cat /src/a\n"
COMMITS = (("1", "1", "1"), ("1", "1", "2"), ("1", "2", "2"), ("2", "2", "2"))
"""What lock.txt, src/a and README hold."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        pass


def _git(directory: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", "-C", directory, *identity, *words], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _repository(top: Path) -> list[str]:
    """A bare repository ``served/r.git``; its commits, the oldest first."""
    source = top / "source"
    (source / "src").mkdir(parents=True)
    (source / "Dockerfile").write_text(DOCKERFILE)
    _git(source, "init", "-q", "-b", "main")
    commits = []
    for lock, code, readme in COMMITS:
        (source / "lock.txt").write_text(lock)
        (source / "src" / "a").write_text(code)
        (source / "README").write_text(readme)
        _git(source, "add", "-A")
        _git(source, "commit", "-qm", "change")
        commits.append(_git(source, "rev-parse", "HEAD"))
    _git(source, "clone", "-q", "--bare", ".", str(top / "served" / "r.git"))
    _git(top / "served" / "r.git", "update-server-info")
    return commits


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Of a shell whose engine reaches the repository at ``REPOSITORY``."""
    made: list[ThreadingHTTPServer] = []
    with (
        open_engine("private:28.5+containerd").start(os.environ, print) as engine,
        private_directory(SHORT) as directory,
    ):

        def serve() -> None:
            if engine.network is not None:
                enter_network(engine.network)
            handler = partial(_Quiet, directory=str(tmp_path / "served"))
            made.append(ThreadingHTTPServer(("127.0.0.1", 0), handler))
            made[0].serve_forever(0.05)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        while not made:
            thread.join(0.01)
        url = f"http://127.0.0.1:{made[0].server_port}/r.git"
        state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        yield {**engine_environment(engine, directory), **state, "REPOSITORY": url}
        made[0].shutdown()
        made[0].server_close()
        thread.join()


def test_another_commit_alone_proves_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    """The second commit changes a file that no step reads: its steps are reused, and with an empty cache
    they would miss for another reason than the commit."""
    for commit in _repository(tmp_path):
        address = f"{environment['REPOSITORY']}#{commit}"
        done = subprocess.run(
            ["docker", "buildx", "build", "-q", address],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [str(LAYERFORK), "history", "--format", "json"],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    builds = json.loads(listed.stdout)["builds"]

    assert [build["reused"] for build in builds] == [0, 2, 4, 0]
    assert not any(build["files_known"] for build in builds)
    statuses = {
        cause["status"]
        for build in builds
        if build["report"]
        for fork in build["report"]["forks"]
        for cause in fork["causes"]
    }
    assert statuses <= {"SUSPECTED", "UNEXPLAINED"}
