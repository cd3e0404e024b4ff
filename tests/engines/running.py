"""Runs the command as a person types it, for the end-to-end tests."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from layerfork.builders.engines import RunningEngine

LAYERFORK = Path(sys.executable).with_name("layerfork")
FROM_A_TERMINAL = ("env", "--default-signal=INT,HUP,TERM")
"""Before a command that is to end by such a signal: these tests may run where they are ignored, in a script
with ``&`` or under ``nohup``, and what they start would ignore them as well."""


def layerfork(*words: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command and wait for it."""
    return subprocess.run(
        [LAYERFORK, *map(str, words)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=240,
        check=False,
    )


def user_of(engine: RunningEngine, **environment: str) -> dict[str, str]:
    """The environment of a user whose docker is this engine."""
    assert engine.toolchain is not None
    path = f"{os.environ['PATH']}:{engine.toolchain.docker.parent}"
    return {**os.environ, "DOCKER_HOST": engine.docker_host, "PATH": path, **environment}


def as_host(
    engine: RunningEngine, *words: str | Path, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the command as a user whose docker is this engine."""
    return layerfork(*words, **user_of(engine, **environment))


def report(*words: str | Path, code: int) -> dict[str, Any]:
    """The JSON document of a private run that ends with ``code``."""
    done = layerfork("run", "--engine", "private", "--format", "json", *words)
    assert done.returncode == code, done.stderr + done.stdout
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@contextmanager
def started(*words: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """A private JSON run of five clients on the classic builder, when its first build has ended."""
    command = [
        *FROM_A_TERMINAL,
        LAYERFORK,
        "run",
        *words,
        "--engine=private",
        "--builder=classic",
        "--no-controls",
        "--format=json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "[1/5]" in line:
                break
        yield process
