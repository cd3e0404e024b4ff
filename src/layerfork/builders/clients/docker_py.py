"""docker-py, the Python library: ``path=`` and ``custom_context=True``, from 2015's version to today's."""

from dataclasses import dataclass
from functools import partial

from layerfork.builders.clients.client import BuildClient, ContextForm
from layerfork.builders.clients.docker_cli import read_version
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
