"""The docker CLI: build and buildx build, from a directory, a tar, a URL, git or standard input."""

import re
from functools import partial
from pathlib import Path

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, Call, ContextForm
from layerfork.builders.clients.contextrules import docker_cli, follows, newest_docker_cli, not_modelled
from layerfork.builders.clients.environment import config_files, secret_values, variables
from layerfork.record.build import Builder, BuildRequest, Command, Endpoint, Feature

_TAR_ONLY = "with a tar on standard input the Dockerfile must be inside it"
_BUILDX_ONLY = "buildx builds with BuildKit only"
CACHES = (Feature.CACHE_FROM, Feature.CACHE_TO)
"""Of clients that are called with `build_flags`."""


def docker_default_builder(endpoint: Endpoint) -> Builder:
    """The builder that ``docker build`` takes when ``DOCKER_BUILDKIT`` is unset.

    From 23.0 on the CLI takes BuildKit, whatever the engine says, if it finds the buildx plugin. Before,
    it took what the engine advised, and engines advise BuildKit since 23.0 (API 1.42).
    Source: docker/cli cmd/docker/builder.go and cli/command/cli.go BuildKitEnabled, v23.0.0 and v20.10.24.
    """
    plugins = endpoint.toolchain.plugins
    if _major(endpoint.toolchain.version, unknown=23) >= 23:
        return Builder.BUILDKIT if plugins is None or "buildx" in plugins else Builder.CLASSIC
    return Builder.BUILDKIT if _api(endpoint.api_version) >= (1, 42) else Builder.CLASSIC


def directory_flags(request: BuildRequest) -> tuple[str, ...]:
    """The flags for a context that is a directory here."""
    usual = request.dockerfile_in_context == "Dockerfile"
    return build_flags(request, "" if usual else str(request.dockerfile))


def tar_flags(request: BuildRequest) -> tuple[str, ...]:
    """The flags for a context that is no directory here: ``-f`` is a name inside it."""
    inside = request.dockerfile_in_context
    return build_flags(request, "" if inside == "Dockerfile" else inside or request.dockerfile.name)


def build_flags(request: BuildRequest, dockerfile: str) -> tuple[str, ...]:
    """The flags that ``docker build`` and ``docker buildx build`` share; ``dockerfile`` is that of ``-f``."""
    flags = ["-t", request.tag]
    if dockerfile:
        flags += ["-f", dockerfile]
    if request.target:
        flags += ["--target", request.target]
    if request.platform:
        flags += ["--platform", request.platform]
    for name, value in request.build_args:
        flags += ["--build-arg", f"{name}={value}"]
    for name, value in request.labels:
        flags += ["--label", f"{name}={value}"]
    if request.no_cache:
        flags.append("--no-cache")
    if request.cache_from:
        flags += ["--cache-from", request.cache_from]
    if request.cache_to:
        flags += ["--cache-to", request.cache_to]
    return tuple(flags)


def docker_command(call: Call, arguments: tuple[str, ...], stdin: Path | None = None) -> Command:
    """A docker CLI command in the client's own environment."""
    return Command(
        argv=(str(call.endpoint.toolchain.docker), *arguments),
        env=variables(call.endpoint, call.builder),
        cwd=call.request.scratch,
        stdin=stdin,
        files=config_files(call.endpoint),
        secrets=secret_values(call.request),
    )


def _from_directory(subcommand: tuple[str, ...], call: Call) -> Command:
    return docker_command(call, (*subcommand, *directory_flags(call.request), str(call.request.context)))


def _from_tar(subcommand: tuple[str, ...], call: Call) -> Command:
    return docker_command(call, (*subcommand, *tar_flags(call.request), "-"), stdin=call.request.context_tar)


def ask_docker(arguments: tuple[str, ...], endpoint: Endpoint, environment_dir: Path | None) -> Command:
    """A version question to the docker CLI or one of its plugins; it needs no engine."""
    argv = (str(endpoint.toolchain.docker), *arguments)
    return Command(argv=argv, env=variables(endpoint, None), files=config_files(endpoint))


def read_version(answer: str) -> str:
    """The first version number in an answer, without a packager's suffix (``26.1.5+dfsg1`` is ``26.1.5``)."""
    found = re.search(r"\d+\.\d+(?:\.\d+)*", answer)
    return found.group() if found else ""


def _major(version: str, unknown: int) -> int:
    found = re.match(r"\d+", version)
    return int(found.group()) if found else unknown


def _api(version: str) -> tuple[int, ...]:
    """API version as numbers; an unknown one counts as new."""
    return tuple(map(int, re.findall(r"\d+", version))) or (1, 99)


DOCKER_BUILD = BuildClient(
    name="docker-build",
    title="docker build DIR",
    context_form=ContextForm.DIRECTORY,
    context_rules=docker_cli,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    takes=CACHES,
    make_command=partial(_from_directory, ("build",)),
    version_command=partial(ask_docker, ("--version",)),
    read_version=read_version,
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)

DOCKER_CONTEXT_BUILD = BuildClient(
    name="docker-context-build",
    title="docker build - < context.tar",
    context_form=ContextForm.TAR,
    context_rules=follows("tar"),
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    lacks=((Feature.DOCKERFILE_OUTSIDE, _TAR_ONLY),),
    takes=CACHES,
    make_command=partial(_from_tar, ("build",)),
    version_command=partial(ask_docker, ("--version",)),
    read_version=read_version,
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)

BUILDX_BUILD = BuildClient(
    name="buildx-build",
    title="docker buildx build DIR",
    context_form=ContextForm.DIRECTORY,
    context_rules=newest_docker_cli,
    builders=(Builder.BUILDKIT,),
    refuses=((Builder.CLASSIC, _BUILDX_ONLY),),
    takes=CACHES,
    make_command=partial(_from_directory, ("buildx", "build")),
    version_command=partial(ask_docker, ("buildx", "version")),
    read_version=read_version,
    plugin="buildx",
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)

BUILDX_CONTEXT_BUILD = BuildClient(
    name="buildx-context-build",
    title="docker buildx build - < context.tar",
    context_form=ContextForm.TAR,
    context_rules=follows("tar"),
    builders=(Builder.BUILDKIT,),
    refuses=((Builder.CLASSIC, _BUILDX_ONLY),),
    lacks=((Feature.DOCKERFILE_OUTSIDE, _TAR_ONLY),),
    takes=CACHES,
    make_command=partial(_from_tar, ("buildx", "build")),
    version_command=partial(ask_docker, ("buildx", "version")),
    read_version=read_version,
    plugin="buildx",
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)


# The docker CLI with the context or the Dockerfile from somewhere else: a URL, a git repository, a pipe.


def _from_url(form: ContextForm, call: Call) -> Command:
    """With the classic builder the CLI fetches the context, with BuildKit the engine does."""
    url = call.request.context_git if form is ContextForm.GIT else call.request.context_url
    return docker_command(call, ("build", *tar_flags(call.request), url))


def _dockerfile_from_stdin(call: Call) -> Command:
    arguments = ("build", *build_flags(call.request, "-"), str(call.request.context))
    return docker_command(call, arguments, stdin=call.request.dockerfile)


def _remote(name: str, title: str, form: ContextForm) -> BuildClient:
    return BuildClient(
        name=name,
        title=title,
        context_form=form,
        context_rules=not_modelled,
        builders=(Builder.CLASSIC, Builder.BUILDKIT),
        own_choice=docker_default_builder,
        lacks=((Feature.DOCKERFILE_OUTSIDE, "with a context from a URL the Dockerfile must be inside it"),),
        takes=CACHES,
        make_command=partial(_from_url, form),
        version_command=partial(ask_docker, ("--version",)),
        read_version=read_version,
        programs=DOCKER_PROGRAMS,
        toolchain_version=True,
    )


DOCKER_URL_BUILD = _remote("docker-url-build", "docker build URL of context.tar", ContextForm.URL)
DOCKER_GIT_BUILD = _remote("docker-git-build", "docker build URL of a git repository", ContextForm.GIT)

DOCKER_FILE_STDIN_BUILD = BuildClient(
    name="docker-file_stdin-build",
    title="docker build -f - DIR < Dockerfile",
    context_form=ContextForm.DIRECTORY,
    context_rules=not_modelled,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    takes=CACHES,
    make_command=_dockerfile_from_stdin,
    version_command=partial(ask_docker, ("--version",)),
    read_version=read_version,
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)
