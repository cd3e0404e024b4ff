"""``docker build --progress plain``: the CLI as continuous integration calls it."""

from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, Call, ContextForm
from layerfork.builders.clients.contextrules import docker_cli
from layerfork.builders.clients.docker_cli import (
    ask_docker,
    directory_flags,
    docker_command,
    docker_default_builder,
    read_version,
)
from layerfork.record.build import Builder, Command


def _command(call: Call) -> Command:
    flags = directory_flags(call.request)
    return docker_command(call, ("build", "--progress", "plain", *flags, str(call.request.context)))


DOCKER_PLAIN_BUILD = BuildClient(
    name="docker-plain-build",
    title="docker build --progress plain DIR",
    context_form=ContextForm.DIRECTORY,
    context_rules=docker_cli,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    make_command=_command,
    version_command=partial(ask_docker, ("--version",)),
    read_version=read_version,
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)
