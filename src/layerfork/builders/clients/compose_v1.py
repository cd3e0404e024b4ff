"""Compose v1, the Python program ``docker-compose``: it builds with the docker CLI or with docker-py."""

import json
import re
from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, Call, ContextForm
from layerfork.builders.clients.compose import PROJECT, compose_file
from layerfork.builders.clients.contextrules import follows, newest_docker_cli
from layerfork.builders.clients.docker_cli import docker_default_builder, read_version
from layerfork.builders.clients.environment import (
    ClientEnvironment,
    Interpreter,
    config_files,
    docker_on_path,
    python_of,
    secret_values,
    variables,
)
from layerfork.builders.clients.shim import ask_python
from layerfork.record.build import Builder, BuildRequest, Command, Feature

_ENVIRONMENT = ClientEnvironment(
    name="compose-1.29.2", interpreter=Interpreter.PYTHON, package="docker-compose", version="1.29.2"
)


_ENVIRONMENT_2015 = ClientEnvironment(
    name="compose-1.5.2", interpreter=Interpreter.PYTHON, package="docker-compose", version="1.5.2"
)


def _command(cli: bool, call: Call) -> Command:
    """``docker-compose build``; without ``cli`` it speaks to the engine itself, as before 1.25.

    By default 1.29 runs the first ``docker`` on PATH.
    Source: docker/compose compose/cli/main.py build_action, 1.29.2.
    """
    path = call.request.scratch / "compose.yaml"
    python = str(python_of(call.environment))
    no_cache = ("--no-cache",) if call.request.no_cache else ()
    env = docker_on_path(variables(call.endpoint, call.builder), call.endpoint)
    if not cli:
        env["COMPOSE_DOCKER_CLI_BUILD"] = "0"
    return Command(
        argv=(python, "-I", "-m", "compose", "-p", PROJECT, "-f", str(path), "build", *no_cache),
        env=env,
        cwd=call.request.scratch,
        files=(*config_files(call.endpoint), (path, compose_file(call.request))),
        secrets=secret_values(call.request),
    )


def compose_file_2015(request: BuildRequest) -> str:
    """The text of a compose file in the format before ``services:``, with one service, ``image``.

    It cannot name the image: compose makes the name of project and service.
    """
    service = {"build": str(request.context)}
    if request.dockerfile_in_context not in ("Dockerfile", None):
        service["dockerfile"] = str(request.dockerfile_in_context)
    return json.dumps({"image": service}, ensure_ascii=False, indent=1).replace("$", "$$") + "\n"


def project_2015(request: BuildRequest) -> str:
    """A project name that is as unique as the tag asked for, of the letters that compose 1.5 keeps."""
    return re.sub(r"[^a-z0-9]", "", request.tag.lower())


def _command_2015(call: Call) -> Command:
    """``docker-compose build`` with an API version that engines from 25.0 on still accept."""
    request = call.request
    path = request.scratch / "compose.yaml"
    start = "from compose.cli.main import main; main()"
    arguments = (
        "-p",
        project_2015(request),
        "-f",
        str(path),
        "build",
        *(("--no-cache",) if request.no_cache else ()),
    )
    return Command(
        argv=(str(python_of(call.environment)), "-I", "-W", "ignore", "-c", start, *arguments),
        env=variables(call.endpoint, call.builder, COMPOSE_API_VERSION="1.24"),
        cwd=request.scratch,
        files=((path, compose_file_2015(request)),),
    )


DOCKER_COMPOSE_V1_BUILD = BuildClient(
    name="docker-compose-build",
    version=_ENVIRONMENT.version,
    title="docker-compose build",
    context_form=ContextForm.DIRECTORY,
    context_rules=newest_docker_cli,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    environment=_ENVIRONMENT,
    make_command=partial(_command, True),
    programs=DOCKER_PROGRAMS,
    version_command=partial(ask_python, _ENVIRONMENT.package),
    read_version=read_version,
)

DOCKER_COMPOSE_V1_PYTHON_BUILD = BuildClient(
    name="docker-compose-python-build",
    title="docker-compose build, COMPOSE_DOCKER_CLI_BUILD=0",
    context_form=ContextForm.DIRECTORY,
    context_rules=follows("docker-py"),
    builders=(Builder.CLASSIC,),
    refuses=(
        (
            Builder.BUILDKIT,
            "with COMPOSE_DOCKER_CLI_BUILD=0 compose builds with docker-py, which has no BuildKit",
        ),
    ),
    environment=_ENVIRONMENT,
    make_command=partial(_command, False),
    version_command=partial(ask_python, _ENVIRONMENT.package),
    read_version=read_version,
)

DOCKER_COMPOSE_2015_BUILD = BuildClient(
    name="docker-compose-build",
    version=_ENVIRONMENT_2015.version,
    title="docker-compose build",
    context_form=ContextForm.DIRECTORY,
    context_rules=follows("docker-py", (1, 6)),
    builders=(Builder.CLASSIC,),
    refuses=((Builder.BUILDKIT, "compose 1.5 builds with docker-py, which cannot use BuildKit"),),
    lacks=(
        (Feature.BUILD_ARG, "compose 1.5 has no build arguments"),
        (Feature.LABEL, "compose 1.5 has no image labels"),
        (Feature.TARGET, "compose 1.5 has no build targets"),
        (Feature.PLATFORM, "compose 1.5 has no platforms"),
        (Feature.DOCKERFILE_OUTSIDE, "compose 1.5 reads a Dockerfile inside the context only"),
    ),
    environment=_ENVIRONMENT_2015,
    make_command=_command_2015,
    image_ref=lambda request: f"{project_2015(request)}_image:latest",
    version_command=partial(ask_python, _ENVIRONMENT_2015.package),
    read_version=read_version,
)
