"""The Dev Container CLI, ``devcontainer build``, with a generated ``devcontainer.json``.

It copies the Dockerfile to a temporary directory, adds a last stage to the copy, and runs the docker CLI on
it. With BuildKit it adds the build argument ``BUILDKIT_INLINE_CACHE``.
"""

import json
import os.path
from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, Call, ContextForm
from layerfork.builders.clients.contextrules import not_modelled
from layerfork.builders.clients.docker_cli import docker_default_builder, read_version
from layerfork.builders.clients.environment import (
    ClientEnvironment,
    Interpreter,
    config_files,
    docker_on_path,
    node_of,
    secret_values,
    variables,
)
from layerfork.builders.clients.shim import ask_node
from layerfork.record.build import Builder, BuildRequest, Command, Feature

_ENVIRONMENT = ClientEnvironment(
    name="devcontainers_cli-0.89.0",
    interpreter=Interpreter.NODE,
    package="@devcontainers/cli",
    version="0.89.0",
    oldest=(20, 0),
)


def devcontainer_file(request: BuildRequest) -> str:
    """The text of a ``devcontainer.json`` in the scratch directory; its paths are relative to it."""
    build: dict[str, object] = {
        "dockerfile": os.path.relpath(request.dockerfile, request.scratch),
        "context": os.path.relpath(request.context, request.scratch),
    }
    if request.target:
        build["target"] = request.target
    if request.build_args:
        build["args"] = dict(request.build_args)
    return json.dumps({"build": build}, ensure_ascii=False, indent=1) + "\n"


def _command(call: Call) -> Command:
    request = call.request
    path = request.scratch / "devcontainer.json"
    program = call.environment / "node_modules" / "@devcontainers" / "cli" / "devcontainer.js"
    flags = ["--workspace-folder", str(request.scratch), "--config", str(path), "--image-name", request.tag]
    if call.builder is Builder.CLASSIC:
        flags += ["--buildkit", "never"]
    env = docker_on_path(variables(call.endpoint, call.builder), call.endpoint)
    return Command(
        argv=(str(node_of(call.environment)), str(program), "build", *flags),
        env={**env, "TMPDIR": str(request.scratch)},
        cwd=request.scratch,
        files=(*config_files(call.endpoint), (path, devcontainer_file(request))),
        secrets=secret_values(request),
    )


DEVCONTAINERS_BUILD = BuildClient(
    name="devcontainers-build",
    title="devcontainer build",
    context_form=ContextForm.DIRECTORY,
    context_rules=not_modelled,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    lacks=(
        (Feature.LABEL, "devcontainer build drops --label when it installs no feature"),
        (Feature.NO_CACHE, "devcontainer build --no-cache also pulls the base image"),
        (Feature.PLATFORM, "devcontainer build takes --platform with BuildKit only"),
    ),
    environment=_ENVIRONMENT,
    make_command=_command,
    programs=DOCKER_PROGRAMS,
    version_command=partial(ask_node, _ENVIRONMENT.package),
    read_version=read_version,
)
