"""Python libraries that build images: docker-py of any version, aiodocker, python-on-whales and others."""

from dataclasses import dataclass
from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, ContextForm
from layerfork.builders.clients.contextrules import docker_py, follows, newest_docker_cli
from layerfork.builders.clients.docker_cli import docker_default_builder, read_version
from layerfork.builders.clients.environment import ClientEnvironment, Interpreter
from layerfork.builders.clients.shim import Shim, ask_python
from layerfork.record.build import Builder, Feature

NEWEST = "7.2.0"
_NO_BUILDKIT = (
    "docker-py cannot use BuildKit: it has no session, and asks POST /build for the classic builder"
)
_TAR_ONLY = "with custom_context=True the Dockerfile must be inside the tar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What one docker-py version needs and lacks."""

    version: str
    package: str = "docker"
    options: tuple[tuple[str, str], ...] = ()
    lacks: tuple[tuple[Feature, str], ...] = ()


_BEFORE_2 = tuple(
    (feature, f"build() of docker-py before 2.0 has no {parameter}")
    for feature, parameter in (
        (Feature.LABEL, "labels="),
        (Feature.TARGET, "target="),
        (Feature.PLATFORM, "platform="),
        (Feature.CACHE_FROM, "cache_from="),
        (Feature.DOCKERFILE_OUTSIDE, "way to read a Dockerfile outside the context"),
    )
)
_VERSION_2 = tuple(
    (feature, f"build() of docker-py before 3.0 has no {parameter}")
    for feature, parameter in (
        (Feature.PLATFORM, "platform="),
        (Feature.DOCKERFILE_OUTSIDE, "way to read a Dockerfile outside the context"),
    )
)

RELEASES = (
    # Its own default, API 1.21, is older than what engines from 25.0 on accept.
    Release(version="1.6.0", package="docker-py", options=(("api_version", "1.24"),), lacks=_BEFORE_2),
    Release(version="1.10.6", package="docker-py", lacks=_BEFORE_2),
    Release(version="2.7.0", lacks=_VERSION_2),
    Release(version="3.7.3"),
    Release(version="4.4.4"),
    Release(version="5.0.3"),
    Release(version="6.1.3"),
    Release(version=NEWEST),
)
"""Every pinned docker-py, oldest first. All run under Python 3.11 and 3.13."""


def docker_py_clients(release: Release, version: str) -> tuple[BuildClient, BuildClient]:
    """The two ways to build with one version, under the version that ids shall show."""
    environment = ClientEnvironment(
        name=f"docker_py-{release.version}",
        interpreter=Interpreter.PYTHON,
        package=release.package,
        version=release.version,
    )
    return (
        _client("docker_py-context-build", ContextForm.TAR, environment, release, version),
        _client("docker_py-build", ContextForm.DIRECTORY, environment, release, version),
    )


def _client(
    name: str, form: ContextForm, environment: ClientEnvironment, release: Release, version: str
) -> BuildClient:
    tar = form is ContextForm.TAR
    lacks = dict(release.lacks)
    if tar:
        lacks[Feature.DOCKERFILE_OUTSIDE] = _TAR_ONLY
    return BuildClient(
        name=name,
        version=version,
        title="docker-py build(fileobj=, custom_context=True)" if tar else "docker-py build(path=)",
        context_form=form,
        context_rules=follows("tar") if tar else docker_py,
        builders=(Builder.CLASSIC,),
        refuses=((Builder.BUILDKIT, _NO_BUILDKIT),),
        lacks=tuple(lacks.items()),
        environment=environment,
        takes=(Feature.CACHE_FROM,),
        make_command=Shim(program="docker_py.py", form=form, options=release.options),
        version_command=partial(ask_python, release.package),
        read_version=read_version,
    )


DOCKER_PY_CONTEXT_BUILD, DOCKER_PY_BUILD = docker_py_clients(RELEASES[-1], version="")
DOCKER_PY_VERSIONS = tuple(
    client for release in RELEASES for client in docker_py_clients(release, release.version)
)


# Python libraries that build images: aiodocker, python-on-whales, testcontainers, pytest-docker-tools.

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
    context_rules=follows("tar"),
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
    context_rules=newest_docker_cli,
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
    context_rules=newest_docker_cli,
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
    context_rules=follows("docker-py"),
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
    context_rules=follows("docker-py"),
    builders=(Builder.CLASSIC,),
    refuses=((Builder.BUILDKIT, "pytest-docker-tools builds with docker-py, which cannot use BuildKit"),),
    environment=_PYTEST_DOCKER_TOOLS,
    make_command=Shim(program="pytest_docker_tools.py", form=ContextForm.DIRECTORY),
    version_command=partial(ask_python, _PYTEST_DOCKER_TOOLS.package),
    read_version=read_version,
)
