"""Which docker CLI the clients run: that of the engine's own generation, or the user's."""

import os

from layerfork.builders.engines import RunningEngine
from layerfork.builders.process import find_program, run
from layerfork.errors import ClientError
from layerfork.record.build import Command, Toolchain

ASK_TIMEOUT_S = 20.0


def find_toolchain(engine: RunningEngine) -> Toolchain:
    """The toolchain for an engine's clients.

    Raises: ClientError when there is no docker CLI at all.
    """
    if engine.toolchain is not None:
        return engine.toolchain
    docker = find_program("docker")
    if docker is None:
        raise ClientError(
            "there is no docker CLI on PATH",
            hint="install it (Debian package docker-cli), or use --engine private",
        )
    command = Command(
        argv=(str(docker), "version", "--format", "{{.Client.Version}}"),
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": "/nonexistent",
            "DOCKER_HOST": "unix:///nowhere",
        },
    )
    answer = run(command, timeout_s=ASK_TIMEOUT_S).stdout.split()
    version = answer[0].partition("+")[0] if answer else ""
    return Toolchain(docker=docker, cli_plugins=None, version=version)
