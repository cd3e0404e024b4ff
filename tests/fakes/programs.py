"""Programs for unit tests of what starts them: shell scripts in a directory of the test's own."""

import sys
from pathlib import Path


def program(directory: Path, name: str, script: str) -> Path:
    """An executable that runs a few lines of shell."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


def posts_its_context(directory: Path, after: str = "", times: int = 1) -> Path:
    """A ``docker`` whose ``build -t TAG DIR`` posts the directory as a tar, and ends with some Python."""
    script = f"""\
import http.client, io, os, signal, socket, sys, tarfile, time
tag, body = sys.argv[sys.argv.index("-t") + 1], io.BytesIO()
with tarfile.open(fileobj=body, mode="w") as tar:
    tar.add(sys.argv[-1], ".")
for number in range({times}):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(os.environ["DOCKER_HOST"].removeprefix("unix://"))
    name = tag if number == 0 else f"another:{{number}}"
    headers = {{"Content-Type": "application/x-tar"}}
    connection.request("POST", f"/v1.45/build?t={{name}}", body.getvalue(), headers)
    connection.getresponse().read()
    connection.close()
{after}
"""
    path = directory / "docker"
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable} -S\n{script}", "utf-8")
    path.chmod(0o755)
    return path
