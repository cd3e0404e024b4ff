"""Builds of git addresses, as docker/build-push-action makes them: of their files the commit is known."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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


def _run(environment: dict[str, str], here: Path, *words: str | Path) -> str:
    done = subprocess.run(words, env=environment, cwd=here, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def _causes(report: dict[str, Any]) -> list[tuple[str, str, int]]:
    """Of each fork the status and code of its causes, and its step."""
    return [
        (cause["status"], cause["code"], fork["step"]) for fork in report["forks"] for cause in fork["causes"]
    ]


def test_another_commit_alone_proves_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    """The second commit changes a file that no step reads: its steps are reused. The last build is
    of the first commit again, with an empty cache: it reads the same files as the second, and misses."""
    commits = _repository(tmp_path)
    references: list[str] = []
    for commit in (*commits, commits[0]):
        if len(references) == len(commits):
            _run(environment, tmp_path, "docker", "builder", "prune", "-af")
        address = f"{environment['REPOSITORY']}#{commit}"
        _run(environment, tmp_path, "docker", "buildx", "build", "-q", "--metadata-file", "said", address)
        said = json.loads((tmp_path / "said").read_text())
        references.append(said["buildx.build.ref"].rpartition("/")[2])
    listed = _run(environment, tmp_path, LAYERFORK, "history", "--format", "json")
    builds = json.loads(listed)["builds"]

    assert [build["reused"] for build in builds] == [0, 0, 2, 4, 0]
    assert not any(build["files_known"] for build in builds)
    reports = {build["id"]: build["report"] for build in builds}
    assert [_causes(reports[each]) if reports[each] else None for each in references[:4]] == [
        None,
        [],
        [("SUSPECTED", "remote-source", 4)],
        [("SUSPECTED", "remote-source", 2)],
    ]
    listed = _run(environment, tmp_path, LAYERFORK, "history", "--format", "json", "--repo", "source")
    inferred = {build["id"]: build["report"] for build in json.loads(listed)["builds"]}
    assert [_causes(inferred[each]) if inferred[each] else None for each in references] == [
        None,
        [],
        [("INFERRED", "content", 4)],
        [("INFERRED", "content", 2)],
        [("UNEXPLAINED", "unexplained", 2)],  # the same files as those of the second build, which is closest
    ]
    for number, reference in enumerate(references):
        export = ("docker", "buildx", "history", "export", "-o", f"{number}.dockerbuild", reference)
        _run(environment, tmp_path, *export)
        _run(environment, tmp_path, LAYERFORK, "import", f"{number}.dockerbuild", "-o", f"{number}.jsonl")

    def compared(writer: int, reader: int) -> list[tuple[str, str, int]]:
        files = f"{writer}.jsonl", f"{reader}.jsonl"
        found = json.loads(_run(environment, tmp_path, LAYERFORK, "diff", *files, "--format", "json"))
        return _causes(found)

    assert compared(1, 4) == [("SUSPECTED", "remote-source", 2)]
    assert compared(0, 1) == []
    assert compared(1, 2) == [("SUSPECTED", "remote-source", 4)]
    assert compared(2, 3) == [("SUSPECTED", "remote-source", 2)]


@pytest.mark.parametrize(
    ("dockerfile", "status"),
    [
        ("FROM alpine\nRUN true\nADD {} /code\n", "PROVEN"),
        ("FROM alpine\nRUN true\nADD {}:src /code\n", "SUSPECTED"),
        ("FROM alpine\nADD {} /code\n", "SUSPECTED"),
    ],
    ids=["whole", "directory", "nothing-reused"],
)
def test_a_recorded_commit_is_proven_where_the_cache_still_held_the_build(
    environment: dict[str, str], tmp_path: Path, dockerfile: str, status: str
) -> None:
    """All files of two commits are not the same ones. Those of one directory may be; and where nothing was
    reused, nothing shows that the cache still held the earlier build."""
    commits = _repository(tmp_path)
    context = tmp_path / "context"
    context.mkdir()
    for number, commit in enumerate((commits[1], commits[2])):
        text = dockerfile.format(f"{environment['REPOSITORY']}#{commit}")
        (context / "Dockerfile").write_text(text)
        record = (
            LAYERFORK,
            "record",
            "-o",
            f"{number}.jsonl",
            "--",
            "docker",
            "buildx",
            "build",
            "-q",
            "context",
        )
        _run(environment, tmp_path, *record)
    found = json.loads(
        _run(environment, tmp_path, LAYERFORK, "diff", "0.jsonl", "1.jsonl", "--format", "json")
    )
    assert _causes(found) == [(status, "remote-source", 2 if "true" not in dockerfile else 3)]


def test_of_a_directory_of_a_commit_no_ignore_file_counts(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """BuildKit fetches all of the directory. Of a branch no commit is known."""
    _repository(tmp_path)
    below = tmp_path / "source" / "below"
    (below / "src").mkdir(parents=True)
    texts = {"Dockerfile": DOCKERFILE, "lock.txt": "1", ".dockerignore": "src/b", "src/a": "1"}
    for name, text in texts.items():
        (below / name).write_text(text)
    addresses = []
    for number in range(2):
        (below / "src" / "b").write_text(str(number))
        _git(below, "add", "-A")
        _git(below, "commit", "-qm", "change")
        _git(below, "push", "-q", str(tmp_path / "served" / "r.git"), "HEAD:main")
        _git(tmp_path / "served" / "r.git", "update-server-info")
        addresses.append(f"{environment['REPOSITORY']}#{_git(below, 'rev-parse', 'HEAD')}:below")
        _run(environment, tmp_path, "docker", "buildx", "build", "-q", addresses[-1])
    _run(environment, tmp_path, "docker", "buildx", "build", "-q", f"{environment['REPOSITORY']}#main:below")
    listed = _run(environment, tmp_path, LAYERFORK, "history", "--format", "json", "--repo", "source")
    branch, second, _ = json.loads(listed)["builds"]

    assert _causes(second["report"]) == [("INFERRED", "content", 4)]
    assert second["report"]["answers"][0]["points"][0]["culprit"] == "src/b changed"
    assert branch["files"].endswith("#main:below, and no commit is known of that")
