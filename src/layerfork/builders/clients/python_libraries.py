"""Python libraries that build images: aiodocker, python-on-whales, testcontainers, pytest-docker-tools."""

from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, ContextForm
from layerfork.builders.clients.docker_cli import docker_default_builder, read_version
from layerfork.builders.clients.environment import ClientEnvironment, Interpreter
from layerfork.builders.clients.shim import Shim, ask_python
from layerfork.record.build import Builder, Feature

_AIODOCKER = ClientEnvironment(
    name="aiodocker-0.27.0", interpreter=Interpreter.PYTHON, package="aiodocker", version="0.27.0"
)
_WHALES = ClientEnvironment(
    name="python_on_whales-0.81.0",
    interpreter=Interpreter.PYTHON,
    package="python-on-whales",
    version="0.81.0",
)
_TESTCONTAINERS = ClientEnvironment(
    name="testcontainers_py-4.15.0",
    interpreter=Interpreter.PYTHON,
    package="testcontainers",
    version="4.15.0",
)
_PYTEST_DOCKER_TOOLS = ClientEnvironment(
    name="pytest_docker_tools-3.1.10",
    interpreter=Interpreter.PYTHON,
    package="pytest-docker-tools",
    version="3.1.10",
)

AIODOCKER_CONTEXT_BUILD = BuildClient(
    name="aiodocker-context-build",
    title="aiodocker images.build(fileobj=)",
    context_form=ContextForm.TAR,
    builders=(Builder.CLASSIC,),
    refuses=(
        (Builder.BUILDKIT, "aiodocker cannot use BuildKit: images.build() has no version= and no session"),
    ),
    lacks=(
        (Feature.DOCKERFILE_OUTSIDE, "with fileobj= the Dockerfile must be inside the tar"),
        (Feature.TARGET, "images.build() of aiodocker has no target="),
    ),
    environment=_AIODOCKER,
    make_command=Shim(program="aiodocker_build.py", form=ContextForm.TAR),
    version_command=partial(ask_python, _AIODOCKER.package),
    read_version=read_version,
)

PYTHON_ON_WHALES_BUILD = BuildClient(
    name="python_on_whales-build",
    title="python-on-whales legacy_build()",
    context_form=ContextForm.DIRECTORY,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    lacks=((Feature.PLATFORM, "legacy_build() of python-on-whales has no platform="),),
    environment=_WHALES,
    programs=DOCKER_PROGRAMS,
    make_command=Shim(
        program="whales.py",
        form=ContextForm.DIRECTORY,
        options=(("call", "legacy_build"),),
        runs_docker=True,
    ),
    version_command=partial(ask_python, _WHALES.package),
    read_version=read_version,
)

PYTHON_ON_WHALES_BUILDX_BUILD = BuildClient(
    name="python_on_whales-buildx-build",
    title="python-on-whales buildx.build()",
    context_form=ContextForm.DIRECTORY,
    builders=(Builder.BUILDKIT,),
    refuses=((Builder.CLASSIC, "buildx builds with BuildKit only"),),
    environment=_WHALES,
    programs=DOCKER_PROGRAMS,
    make_command=Shim(
        program="whales.py", form=ContextForm.DIRECTORY, options=(("call", "buildx"),), runs_docker=True
    ),
    version_command=partial(ask_python, _WHALES.package),
    plugin="buildx",
    read_version=read_version,
)

TESTCONTAINERS_PY_BUILD = BuildClient(
    name="testcontainers_py-build",
    title="testcontainers-python DockerImage(path=).build()",
    context_form=ContextForm.DIRECTORY,
    builders=(Builder.CLASSIC,),
    refuses=((Builder.BUILDKIT, "testcontainers-python builds with docker-py, which cannot use BuildKit"),),
    environment=_TESTCONTAINERS,
    make_command=Shim(program="testcontainers_py.py", form=ContextForm.DIRECTORY),
    version_command=partial(ask_python, _TESTCONTAINERS.package),
    read_version=read_version,
)

PYTEST_DOCKER_TOOLS_BUILD = BuildClient(
    name="pytest_docker_tools-build",
    title="pytest-docker-tools build(path=) fixture",
    context_form=ContextForm.DIRECTORY,
    builders=(Builder.CLASSIC,),
    refuses=((Builder.BUILDKIT, "pytest-docker-tools builds with docker-py, which cannot use BuildKit"),),
    environment=_PYTEST_DOCKER_TOOLS,
    make_command=Shim(program="pytest_docker_tools.py", form=ContextForm.DIRECTORY),
    version_command=partial(ask_python, _PYTEST_DOCKER_TOOLS.package),
    read_version=read_version,
)
