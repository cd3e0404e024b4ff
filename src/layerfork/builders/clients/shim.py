"""Client libraries: commands that run one through its shim program.

A shim is a short program in ``shims/``, run by the environment's own interpreter with one argument:
a JSON object with the keys of `ShimRequest`. The engine is in ``DOCKER_HOST``. It prints the build's
own progress to standard output and exits 0; when the build fails it exits 1, and the last line of
standard error is the library's own error message.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from layerfork.builders.clients.client import Call, ContextForm
from layerfork.builders.clients.environment import (
    SHIMS,
    Interpreter,
    config_files,
    docker_on_path,
    node_of,
    python_of,
    secret_values,
    variables,
)
from layerfork.record.build import Builder, Command, Endpoint


class ShimRequest(TypedDict):
    """The argument of a shim."""

    context: str
    """Absolute path of a directory, or of a tar file when ``tar`` is true."""
    tar: bool
    dockerfile: str
    """Path inside the context, or an absolute path when it lies outside. Empty: ``Dockerfile``."""
    tag: str
    target: str
    platform: str
    build_args: dict[str, str]
    labels: dict[str, str]
    no_cache: bool
    cache_from: str
    """One image, or empty."""
    buildkit: bool
    """Whether BuildKit will build: asked for, or the library's own choice there."""
    options: dict[str, str]
    """What this entry of the client table fixes: an API version, a way to call the library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shim:
    """How one entry of the client table calls its library; calling it gives the command."""

    program: str
    """File name in ``shims/``."""
    form: ContextForm
    interpreter: Interpreter = Interpreter.PYTHON
    options: tuple[tuple[str, str], ...] = ()
    runs_docker: bool = False
    """The library runs the docker CLI, so that needs its configuration and a place on PATH."""

    def __call__(self, call: Call) -> Command:
        env = variables(call.endpoint, call.builder)
        interpreter: tuple[str, ...] = (str(python_of(call.environment)), "-I")
        if self.interpreter is Interpreter.NODE:
            interpreter = (str(node_of(call.environment)),)
            env["NODE_PATH"] = str(call.environment / "node_modules")
        command = Command(
            argv=(*interpreter, str(SHIMS / self.program), shim_argument(self, call)),
            env=env,
            cwd=call.request.scratch,
            secrets=secret_values(call.request),
        )
        # Others need no docker configuration; docker-py 1.6 would take each of its keys for a registry.
        if not self.runs_docker:
            return command
        return replace(command, env=docker_on_path(env, call.endpoint), files=config_files(call.endpoint))


def shim_argument(shim: Shim, call: Call) -> str:
    """The JSON text that a shim gets."""
    request = call.request
    tar = shim.form is ContextForm.TAR
    inside = request.dockerfile_in_context
    argument = ShimRequest(
        context=str(request.context_tar if tar else request.context),
        tar=tar,
        dockerfile="" if inside == "Dockerfile" else inside or str(request.dockerfile),
        tag=request.tag,
        target=request.target,
        platform=request.platform,
        build_args=dict(request.build_args),
        labels=dict(request.labels),
        no_cache=request.no_cache,
        cache_from=request.cache_from,
        buildkit=call.expected is Builder.BUILDKIT,
        options=dict(shim.options),
    )
    return json.dumps(argument)


def ask_python(package: str, endpoint: Endpoint, environment_dir: Path | None) -> Command:
    """Asks an environment which version of a package it has."""
    python = str(python_of(environment_dir)) if environment_dir else "python3"
    program = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
    return Command(argv=(python, "-I", "-c", program, package), env=variables(endpoint, None))


def ask_node(package: str, endpoint: Endpoint, environment_dir: Path | None) -> Command:
    """Asks a Node environment which version of a package it has."""
    node = str(node_of(environment_dir)) if environment_dir else "node"
    program = (
        f"console.log(JSON.parse(require('fs').readFileSync('node_modules/{package}/package.json')).version)"
    )
    return Command(argv=(node, "-e", program), env=variables(endpoint, None), cwd=environment_dir)
