"""Node libraries that run the docker CLI: docker-compose of npm, docker-cli-js, dolphin."""

from dataclasses import replace
from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, SELDOM, BuildClient, Call, ContextForm
from layerfork.builders.clients.compose import PROJECT, compose_file
from layerfork.builders.clients.docker_cli import docker_default_builder, read_version
from layerfork.builders.clients.environment import ClientEnvironment, Interpreter
from layerfork.builders.clients.shim import Shim, ask_node
from layerfork.record.build import Builder, Command, Feature

_COMPOSE = ClientEnvironment(
    name="docker_compose_npm-1.5.0",
    interpreter=Interpreter.NODE,
    package="docker-compose",
    version="1.5.0",
    oldest=(20, 0),
)
_CLI_JS = ClientEnvironment(
    name="docker_cli_js-2.10.0",
    interpreter=Interpreter.NODE,
    package="docker-cli-js",
    version="2.10.0",
    oldest=(20, 0),
)
_DOLPHIN = ClientEnvironment(
    name="dolphin-0.1.14", interpreter=Interpreter.NODE, package="dolphin", version="0.1.14", oldest=(20, 0)
)


def _shim(program: str, *options: tuple[str, str]) -> Shim:
    return Shim(
        program=program,
        interpreter=Interpreter.NODE,
        form=ContextForm.DIRECTORY,
        options=options,
        runs_docker=True,
    )


def _compose_command(call: Call) -> Command:
    command = _shim("docker_compose_npm.cjs", ("project", PROJECT))(call)
    path = call.request.scratch / "compose.yaml"
    return replace(command, files=(*command.files, (path, compose_file(call.request))))


DOCKER_COMPOSE_NPM_BUILD = BuildClient(
    name="docker_compose_npm-build",
    title="docker-compose of npm buildAll()",
    context_form=ContextForm.DIRECTORY,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    environment=_COMPOSE,
    programs=DOCKER_PROGRAMS,
    make_command=_compose_command,
    version_command=partial(ask_node, _COMPOSE.package),
    plugin="compose",
    read_version=read_version,
)

DOCKER_CLI_JS_BUILD = BuildClient(
    name="docker_cli_js-build",
    title='docker-cli-js command("build DIR")',
    context_form=ContextForm.DIRECTORY,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    environment=_CLI_JS,
    programs=DOCKER_PROGRAMS,
    make_command=_shim("docker_cli_js.cjs"),
    version_command=partial(ask_node, _CLI_JS.package),
    read_version=read_version,
)

_NOT_IN_DOLPHIN = "images.build() of dolphin passes on labels and build arguments only"

DOLPHIN_BUILD = BuildClient(
    name="dolphin-build",
    title="dolphin images.build()",
    context_form=ContextForm.DIRECTORY,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    lacks=tuple(
        (feature, _NOT_IN_DOLPHIN)
        for feature in Feature
        if feature not in (Feature.LABEL, Feature.BUILD_ARG, *SELDOM)
    ),
    environment=_DOLPHIN,
    programs=DOCKER_PROGRAMS,
    make_command=_shim("dolphin.cjs"),
    version_command=partial(ask_node, _DOLPHIN.package),
    read_version=read_version,
)
