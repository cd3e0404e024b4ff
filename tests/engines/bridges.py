"""A real BuildKit on a plain socket: the one in an engine, through `docker buildx dial-stdio`.

    python bridges.py unix:PATH|tcp:PORT COMMAND...

Every connection gets a COMMAND of its own, with the connection as its standard input and output.
"""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from layerfork.builders.engines import RunningEngine

CONTAINER_PORT = 5555
BUILDCTL = f"""\
#!/bin/sh
case "$*" in *dial-stdio*) exec nc 127.0.0.1 {CONTAINER_PORT};; *) exit 0;; esac
"""
BUILDER_IMAGE = "moby/buildkit:buildx-stable-1"
"""What buildx starts unless told otherwise."""


@contextlib.contextmanager
def buildkit_at(engine: RunningEngine, place: str, directory: Path) -> Iterator[None]:
    """The engine's own BuildKit at ``unix:PATH`` here, or at ``tcp:PORT`` within the engine's network.

    buildx gets a configuration of its own: that of the one who connects may be locked.
    """
    assert engine.toolchain is not None
    assert engine.network is not None
    settings = directory / "bridge"
    settings.mkdir()
    (settings / "config.json").write_text(
        json.dumps({"cliPluginsExtraDirs": [str(engine.toolchain.cli_plugins)]})
    )
    env = {"PATH": os.environ["PATH"], "DOCKER_HOST": engine.docker_host, "DOCKER_CONFIG": str(settings)}
    dial = [str(engine.toolchain.docker), "buildx", "dial-stdio", "--builder", "default"]
    inside = ["nsenter", f"--net={engine.network}"] if place.startswith("tcp:") else []
    command = [*inside, sys.executable, __file__, place, *dial]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"listening\n"
            yield
        finally:
            process.terminate()


def make_builder_image(docker: "list[str]", directory: Path, env: "dict[str, str]") -> None:
    """An image for buildx's docker-container driver; its ``buildctl dial-stdio`` ends at `CONTAINER_PORT`."""
    directory.mkdir()
    (directory / "buildctl").write_text(BUILDCTL)
    (directory / "buildkitd").write_text("#!/bin/sh\nexec sleep 1000000\n")
    for name in ("buildctl", "buildkitd"):
        (directory / name).chmod(0o755)
    (directory / "Dockerfile").write_text(
        'FROM alpine\nCOPY buildctl buildkitd /bin/\nENTRYPOINT ["buildkitd"]\n'
    )
    build = [*docker, "build", "-q", "-t", BUILDER_IMAGE, str(directory)]
    subprocess.run(build, env=env, check=True, stdout=subprocess.DEVNULL)


def serve(place: str, command: "list[str]") -> None:
    """Until terminated."""
    kind, _, where = place.partition(":")
    if kind == "tcp":
        listener = socket.create_server(("127.0.0.1", int(where)))
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(where)
        listener.listen()
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    started = []
    try:
        while True:
            connection, _ = listener.accept()
            with connection:
                started.append(
                    subprocess.Popen(command, stdin=connection.fileno(), stdout=connection.fileno())
                )
    finally:
        for process in started:
            process.terminate()


if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    serve(sys.argv[1], sys.argv[2:])
