"""The docker CLI with the context or the Dockerfile from somewhere else: a URL, a git repository, a pipe."""

from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, Call, ContextForm
from layerfork.builders.clients.docker_cli import (
    CACHES,
    ask_docker,
    build_flags,
    docker_command,
    docker_default_builder,
    read_version,
    tar_flags,
)
from layerfork.record.build import Builder, Command, Feature


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
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    takes=CACHES,
    make_command=_dockerfile_from_stdin,
    version_command=partial(ask_docker, ("--version",)),
    read_version=read_version,
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)
