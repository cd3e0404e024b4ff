"""Node libraries that speak the API or run the docker CLI."""

from dataclasses import replace
from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, SELDOM, BuildClient, Call, ContextForm
from layerfork.builders.clients.compose import PROJECT, compose_file
from layerfork.builders.clients.contextrules import ContextRulesOf, follows, newest_docker_cli, not_modelled
from layerfork.builders.clients.docker_cli import docker_default_builder, read_version
from layerfork.builders.clients.environment import ClientEnvironment, Interpreter
from layerfork.builders.clients.shim import Shim, ask_node
from layerfork.record.build import Builder, Command, Feature

_DOCKERODE = ClientEnvironment(
    name="dockerode-5.0.1", interpreter=Interpreter.NODE, package="dockerode", version="5.0.1", oldest=(20, 0)
)
_SDK = ClientEnvironment(
    name="docker_node_sdk-0.0.17",
    interpreter=Interpreter.NODE,
    package="@docker/node-sdk",
    version="0.0.17",
    oldest=(20, 0),
)
_TESTCONTAINERS_10 = ClientEnvironment(
    name="testcontainers_node-10.28.0",
    interpreter=Interpreter.NODE,
    package="testcontainers",
    version="10.28.0",
    oldest=(20, 0),
)
_TESTCONTAINERS = ClientEnvironment(
    name="testcontainers_node-12.2.0",
    interpreter=Interpreter.NODE,
    package="testcontainers",
    version="12.2.0",
    oldest=(22, 22),
    own_node=True,
    large=True,
)
_DOCKERODE_COMPOSE = ClientEnvironment(
    name="dockerode_compose-1.4.0",
    interpreter=Interpreter.NODE,
    package="dockerode-compose",
    version="1.4.0",
    oldest=(20, 0),
)
_NODE_DOCKER_API = ClientEnvironment(
    name="node_docker_api-1.1.22",
    interpreter=Interpreter.NODE,
    package="node-docker-api",
    version="1.1.22",
    oldest=(20, 0),
)
_RESIN = ClientEnvironment(
    name="resin_docker_build-1.1.7",
    interpreter=Interpreter.NODE,
    package="resin-docker-build",
    version="1.1.7",
    oldest=(20, 0),
)
_NO_OUTSIDE = "the Dockerfile must be inside what the library packs"


def _dockerode(
    name: str, title: str, form: ContextForm, call: str, context_rules: ContextRulesOf
) -> BuildClient:
    """One way to hand dockerode a context. It asks for the classic builder unless given ``version: "2"``."""
    return BuildClient(
        name=name,
        title=title,
        context_form=form,
        context_rules=context_rules,
        builders=(Builder.CLASSIC, Builder.BUILDKIT),
        lacks=((Feature.DOCKERFILE_OUTSIDE, _NO_OUTSIDE),),
        environment=_DOCKERODE,
        make_command=Shim(
            program="dockerode.cjs", interpreter=Interpreter.NODE, form=form, options=(("call", call),)
        ),
        version_command=partial(ask_node, _DOCKERODE.package),
        read_version=read_version,
    )


DOCKERODE_BUILD = _dockerode(
    "dockerode-build",
    "dockerode buildImage({context, src})",
    ContextForm.DIRECTORY,
    "src",
    follows("dockerode"),
)
DOCKERODE_TAR_FS_BUILD = _dockerode(
    "dockerode-tar_fs-build",
    "dockerode buildImage(tarfs.pack(DIR))",
    ContextForm.DIRECTORY,
    "tar-fs",
    follows("tar-fs"),
)
DOCKERODE_CONTEXT_BUILD = _dockerode(
    "dockerode-context-build",
    "dockerode buildImage(stream of context.tar)",
    ContextForm.TAR,
    "tar",
    follows("tar"),
)

DOCKER_NODE_SDK_CONTEXT_BUILD = BuildClient(
    name="docker_node_sdk-context-build",
    title="@docker/node-sdk imageBuild(stream of context.tar)",
    context_form=ContextForm.TAR,
    context_rules=follows("tar"),
    builders=(Builder.BUILDKIT, Builder.CLASSIC),
    lacks=((Feature.DOCKERFILE_OUTSIDE, _NO_OUTSIDE),),
    environment=_SDK,
    make_command=Shim(program="docker_node_sdk.cjs", interpreter=Interpreter.NODE, form=ContextForm.TAR),
    version_command=partial(ask_node, _SDK.package),
    read_version=read_version,
)


def _testcontainers(environment: ClientEnvironment, version: str = "") -> BuildClient:
    """testcontainers in one version, under the version that its id shall show."""
    return BuildClient(
        name="testcontainers_node-build",
        version=version,
        title="testcontainers GenericContainer.fromDockerfile().build()",
        context_form=ContextForm.DIRECTORY,
        context_rules=not_modelled,
        builders=(Builder.CLASSIC, Builder.BUILDKIT),
        lacks=(
            (Feature.DOCKERFILE_OUTSIDE, _NO_OUTSIDE),
            (Feature.LABEL, "GenericContainerBuilder of testcontainers takes no labels"),
        ),
        environment=environment,
        make_command=Shim(
            program="testcontainers_node.cjs", interpreter=Interpreter.NODE, form=ContextForm.DIRECTORY
        ),
        version_command=partial(ask_node, environment.package),
        read_version=read_version,
    )


TESTCONTAINERS_NODE_BUILD = _testcontainers(_TESTCONTAINERS)
TESTCONTAINERS_NODE_10_BUILD = _testcontainers(_TESTCONTAINERS_10, "10.28.0")

_COMPOSE_SENDS_IT_ALONE = "with dockerfile: dockerode-compose sends that file alone, and no context"

DOCKERODE_COMPOSE_BUILD = BuildClient(
    name="dockerode_compose-build",
    title="dockerode-compose up(), until the image is built",
    context_form=ContextForm.DIRECTORY,
    context_rules=follows("tar-fs"),
    builders=(Builder.CLASSIC,),
    refuses=(
        (Builder.BUILDKIT, "dockerode-compose asks dockerode for no version, hence the classic builder"),
    ),
    lacks=(
        (Feature.DOCKERFILE_OUTSIDE, _COMPOSE_SENDS_IT_ALONE),
        (Feature.DOCKERFILE_NAME, _COMPOSE_SENDS_IT_ALONE),
        (Feature.PLATFORM, "dockerode-compose has no platform:"),
        (Feature.NO_CACHE, "dockerode-compose always uses the cache"),
    ),
    environment=_DOCKERODE_COMPOSE,
    make_command=Shim(
        program="dockerode_compose.cjs", interpreter=Interpreter.NODE, form=ContextForm.DIRECTORY
    ),
    version_command=partial(ask_node, _DOCKERODE_COMPOSE.package),
    read_version=read_version,
)

NODE_DOCKER_API_BUILD = BuildClient(
    name="node_docker_api-build",
    title="node-docker-api image.build(tarfs.pack(DIR))",
    context_form=ContextForm.DIRECTORY,
    context_rules=follows("tar-fs"),
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    lacks=((Feature.DOCKERFILE_OUTSIDE, _NO_OUTSIDE),),
    environment=_NODE_DOCKER_API,
    make_command=Shim(
        program="node_docker_api.cjs", interpreter=Interpreter.NODE, form=ContextForm.DIRECTORY
    ),
    version_command=partial(ask_node, _NODE_DOCKER_API.package),
    read_version=read_version,
)

RESIN_DOCKER_BUILD_BUILD = BuildClient(
    name="resin_docker_build-build",
    title="resin-docker-build buildDir()",
    context_form=ContextForm.DIRECTORY,
    context_rules=not_modelled,
    builders=(Builder.CLASSIC,),
    refuses=((Builder.BUILDKIT, "resin-docker-build reads the output of the classic builder only"),),
    lacks=((Feature.DOCKERFILE_OUTSIDE, _NO_OUTSIDE),),
    environment=_RESIN,
    make_command=Shim(
        program="resin_docker_build.cjs", interpreter=Interpreter.NODE, form=ContextForm.DIRECTORY
    ),
    version_command=partial(ask_node, _RESIN.package),
    read_version=read_version,
)


# Node libraries that run the docker CLI: docker-compose of npm, docker-cli-js, dolphin.

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
    context_rules=newest_docker_cli,
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
    context_rules=newest_docker_cli,
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
    context_rules=newest_docker_cli,
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
