"""Ansible's two modules that build images: ``docker_image`` and ``docker_image_build``."""

import json
from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, Call, ContextForm
from layerfork.builders.clients.contextrules import follows, newest_docker_cli
from layerfork.builders.clients.docker_cli import read_version
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
from layerfork.record.build import Builder, BuildRequest, Command

_ENVIRONMENT = ClientEnvironment(
    name="ansible-12.3.0",
    interpreter=Interpreter.PYTHON,
    package="ansible",
    version="12.3.0",
    compiled=False,
)


def image_arguments(request: BuildRequest) -> dict[str, object]:
    """Arguments of ``community.docker.docker_image``. Whatever the request leaves empty is left out."""
    build = {
        "path": str(request.context),
        "dockerfile": _dockerfile(request),
        "args": dict(request.build_args),
        "labels": dict(request.labels),
        "target": request.target,
        "platform": request.platform,
        "nocache": request.no_cache,
    }
    given = {name: value for name, value in build.items() if value}
    return {"name": request.tag, "source": "build", "force_source": True, "build": given}


def image_build_arguments(request: BuildRequest) -> dict[str, object]:
    """Arguments of ``community.docker.docker_image_build``. Whatever the request leaves empty is left out."""
    arguments = {
        "name": request.tag,
        "path": str(request.context),
        "dockerfile": _dockerfile(request),
        "args": dict(request.build_args),
        "labels": dict(request.labels),
        "target": request.target,
        "platform": [request.platform] if request.platform else [],
        "nocache": request.no_cache,
    }
    return {**{name: value for name, value in arguments.items() if value}, "rebuild": "always"}


def _dockerfile(request: BuildRequest) -> str:
    inside = request.dockerfile_in_context
    return "" if inside == "Dockerfile" else inside or str(request.dockerfile)


def _command(module: str, call: Call) -> Command:
    python = str(python_of(call.environment))
    arguments = image_arguments if module == "docker_image" else image_build_arguments
    text = json.dumps(_untemplated(arguments(call.request)))
    return Command(
        argv=(
            *(python, "-I", "-m", "ansible", "adhoc", "localhost", "-i", "localhost,", "-c", "local"),
            *("-e", f"ansible_python_interpreter={python}", "-m", f"community.docker.{module}", "-a", text),
        ),
        env=docker_on_path(variables(call.endpoint, call.builder), call.endpoint),
        cwd=call.request.scratch,
        files=config_files(call.endpoint),
        secrets=secret_values(call.request),
    )


def _untemplated(value: object) -> object:
    """Arguments are templates; this makes braces in them mean themselves."""
    match value:
        case str() if "{{" in value or "{%" in value or "{#" in value:
            return "{% raw %}" + value + "{% endraw %}"
        case dict():
            return {key: _untemplated(item) for key, item in value.items()}
        case list():
            return [_untemplated(item) for item in value]
    return value


ANSIBLE_DOCKER_IMAGE = BuildClient(
    name="ansible-docker_image",
    title="ansible community.docker.docker_image",
    context_form=ContextForm.DIRECTORY,
    context_rules=follows("docker-py"),
    builders=(Builder.CLASSIC,),
    refuses=((Builder.BUILDKIT, "docker_image speaks docker-py's API, which cannot use BuildKit"),),
    environment=_ENVIRONMENT,
    make_command=partial(_command, "docker_image"),
    version_command=partial(ask_python, _ENVIRONMENT.package),
    read_version=read_version,
)

ANSIBLE_DOCKER_IMAGE_BUILD = BuildClient(
    name="ansible-docker_image_build",
    title="ansible community.docker.docker_image_build",
    context_form=ContextForm.DIRECTORY,
    context_rules=newest_docker_cli,
    builders=(Builder.BUILDKIT,),
    refuses=((Builder.CLASSIC, "docker_image_build runs docker buildx, which builds with BuildKit only"),),
    environment=_ENVIRONMENT,
    make_command=partial(_command, "docker_image_build"),
    version_command=partial(ask_python, _ENVIRONMENT.package),
    read_version=read_version,
    plugin="buildx",
    programs=DOCKER_PROGRAMS,
)
