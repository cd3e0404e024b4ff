"""A repository whose commits always have the same ids, and the builds that BuildKit kept of them.

``kept.ndjson`` was made by ``python tests/history/make.py`` on Engine 28.5.2 (containerd store): one line a
build, in the order of `BUILDS`.
"""

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.api.buildhistory import RememberedBuild
from layerfork.wire.buildkit import control_pb2 as pb

KEPT = Path(__file__).parent / "kept.ndjson"
DOCKERFILE = """\
FROM alpine
ARG V=1
COPY lock.txt /app/
RUN cp /app/lock.txt /app/installed
COPY src /app/src
RUN cat /app/src/* > /app/out
"""
FIRST = {"Dockerfile": DOCKERFILE, "lock.txt": "1\n", "src/a": "1\n", "src/b": "1\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build of the directory ``app``, and what precedes it."""

    files: dict[str, str]
    """Written and committed before it, relative to ``app``."""
    dirty: dict[str, str]
    """Written and not committed."""
    options: tuple[str, ...] = ()


BUILDS = (
    Build(files=FIRST, dirty={}),
    Build(files={"src/a": "2\n"}, dirty={}),
    Build(files={"../README": "2\n"}, dirty={}),
    Build(files={"lock.txt": "2\n"}, dirty={}, options=("--build-arg", "V=2")),
    Build(files={}, dirty={"src/a": "dirty\n"}, options=("--build-arg", "V=2")),
)


def commit(top: Path, number: int) -> str:
    """Write and commit what precedes a build; the commit's id."""
    (top / "app" / "src").mkdir(parents=True, exist_ok=True)
    for name, text in BUILDS[number].files.items():
        (top / "app" / name).write_text(text)
    when = f"2026-12-01T10:0{number}:00+00:00"
    environment = {
        **os.environ,
        **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _person(when)},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    if number == 0:
        subprocess.run(["git", "init", "-q", "-b", "main", top], check=True, env=environment)
    git = ("git", "-C", str(top))
    subprocess.run([*git, "add", "-A"], check=True, env=environment)
    subprocess.run(
        [*git, "commit", "-q", "--allow-empty", "-m", f"change {number}"], check=True, env=environment
    )
    shown = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return shown.stdout.strip()


def _person(when: str) -> tuple[tuple[str, str], ...]:
    return ("NAME", "a"), ("EMAIL", "a@example.com"), ("DATE", when)


def make_repository(top: Path) -> tuple[str, ...]:
    """The repository with every commit; their ids, the oldest first."""
    return tuple(commit(top, number) for number in range(len(BUILDS)))


def read_kept() -> tuple[RememberedBuild, ...]:
    """The builds as BuildKit kept them, the oldest first."""
    found = []
    for line in KEPT.read_text("ascii").splitlines():
        fields = json.loads(line)
        found.append(
            RememberedBuild(
                record=pb.BuildHistoryRecord.FromString(base64.b64decode(fields["record"])),
                blobs={digest: base64.b64decode(data) for digest, data in fields["blobs"].items()},
            )
        )
    return tuple(found)
