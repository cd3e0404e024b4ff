"""podman's own programs: ``podman build``, ``podman --remote build``, ``buildah bud``, podman-compose."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from layerfork.builders.clients.client import BuildClient, Call, ContextForm, Programs
from layerfork.builders.clients.compose import PROJECT, compose_file
from layerfork.builders.clients.contextrules import ContextRulesOf, follows
from layerfork.builders.clients.docker_cli import CACHES, directory_flags, read_version, tar_flags
from layerfork.builders.clients.environment import (
    ClientEnvironment,
    Interpreter,
    podman_tools,
    python_of,
    secret_values,
    variables,
)
from layerfork.builders.clients.shim import Shim, ask_python
from layerfork.record.build import Builder, BuildRequest, Command, Endpoint, Feature

_COMPOSE = ClientEnvironment(
    name="podman_compose-1.6.0", interpreter=Interpreter.PYTHON, package="podman-compose", version="1.6.0"
)
_PODMAN_PY = ClientEnvironment(
    name="podman_py-5.8.0", interpreter=Interpreter.PYTHON, package="podman", version="5.8.0"
)
_NOT_DOCKER = (
    (Builder.CLASSIC, "podman's own clients build with podman's builder only"),
    (Builder.BUILDKIT, "podman's own clients build with podman's builder only"),
)
_TAR_ONLY = (Feature.DOCKERFILE_OUTSIDE, "with a tar the Dockerfile must be inside it")


def _local(argv: tuple[str, ...], form: ContextForm, call: Call) -> Command:
    """A build in the storage itself; no socket sees it."""
    return _command(call, _program(argv, call.endpoint), form)


def _remote(form: ContextForm, call: Call) -> Command:
    """A build through the service's socket."""
    podman = str(podman_tools(call.endpoint).podman)
    return _command(call, (podman, "--remote", "--url", call.endpoint.docker_host, "build"), form)


def _command(call: Call, argv: tuple[str, ...], form: ContextForm) -> Command:
    request = call.request
    tar = form is ContextForm.TAR
    rest = (*tar_flags(request), "-") if tar else (*directory_flags(request), str(request.context))
    return Command(
        argv=(*argv, *rest),
        env=variables(call.endpoint, None),
        cwd=request.scratch,
        stdin=request.context_tar if tar else None,
        secrets=secret_values(request),
    )


def _compose(call: Call) -> Command:
    request = call.request
    tools = podman_tools(call.endpoint)
    path = request.scratch / "compose.yaml"
    arguments = (
        "-I",
        "-m",
        "podman_compose",
        "--podman-path",
        str(tools.podman),
        "-p",
        PROJECT,
        "-f",
        str(path),
        "build",
    )
    return Command(
        argv=(
            str(python_of(call.environment)),
            *arguments,
            *(("--no-cache",) if request.no_cache else ()),
        ),
        env=variables(call.endpoint, None),
        cwd=request.scratch,
        files=((path, compose_file(request)),),
        secrets=secret_values(request),
    )


def name_on_localhost(request: BuildRequest) -> str:
    """podman's own programs put a name without a registry under ``localhost/``.

    Source: containers/podman docs/source/markdown/podman-build.1.md.in, ``--tag``, v5.4.2.
    """
    host, slash, _ = request.tag.partition("/")
    qualified = slash and ("." in host or ":" in host or host == "localhost")
    return request.tag if qualified else f"localhost/{request.tag}"


def _program(argv: tuple[str, ...], endpoint: Endpoint) -> tuple[str, ...]:
    """``argv`` with its first, ``podman`` or ``buildah``, as a path."""
    tools = podman_tools(endpoint)
    program = tools.buildah if argv[0] == "buildah" else tools.podman
    return (str(program), *argv[1:])


def _ask(program: str, endpoint: Endpoint, environment_dir: Path | None) -> Command:
    return Command(argv=(*_program((program,), endpoint), "--version"), env=variables(endpoint, None))


def _client(
    name: str,
    title: str,
    context_rules: ContextRulesOf,
    make_command: Callable[[Call], Command],
    form: ContextForm = ContextForm.DIRECTORY,
    program: str = "podman",
) -> BuildClient:
    """A program of podman's toolchain."""
    return BuildClient(
        name=name,
        title=title,
        context_form=form,
        context_rules=context_rules,
        builders=(Builder.BUILDAH,),
        refuses=_NOT_DOCKER,
        lacks=(_TAR_ONLY,) if form is ContextForm.TAR else (),
        takes=CACHES,
        programs=Programs(engine="podman", program=program),
        make_command=make_command,
        image_ref=name_on_localhost,
        version_command=partial(_ask, program),
        read_version=read_version,
        toolchain_version=True,
    )


def _library(
    name: str,
    title: str,
    context_rules: ContextRulesOf,
    environment: ClientEnvironment,
    make_command: Callable[[Call], Command],
    form: ContextForm = ContextForm.DIRECTORY,
    lacks: tuple[tuple[Feature, str], ...] = (),
) -> BuildClient:
    """A Python program of podman's with an environment of its own."""
    return BuildClient(
        name=name,
        title=title,
        context_form=form,
        context_rules=context_rules,
        builders=(Builder.BUILDAH,),
        refuses=_NOT_DOCKER,
        lacks=lacks,
        programs=Programs(engine="podman", program="podman"),
        environment=environment,
        make_command=make_command,
        image_ref=name_on_localhost,
        version_command=partial(ask_python, environment.package),
        read_version=read_version,
    )


_DIR, _TAR = ContextForm.DIRECTORY, ContextForm.TAR

PODMAN_CLIENTS: tuple[BuildClient, ...] = (
    _client(
        "podman-context-build",
        "podman build - < context.tar",
        follows("tar"),
        partial(_local, ("podman", "build"), _TAR),
        _TAR,
    ),
    _client(
        "podman-build", "podman build DIR", follows("buildah"), partial(_local, ("podman", "build"), _DIR)
    ),
    _client(
        "podman-remote-build", "podman --remote build DIR", follows("podman-remote"), partial(_remote, _DIR)
    ),
    _client(
        "buildah-bud",
        "buildah bud DIR",
        follows("buildah"),
        partial(_local, ("buildah", "bud"), _DIR),
        program="buildah",
    ),
    _client(
        "buildah-bud-layers",
        "buildah bud --layers DIR",
        follows("buildah"),
        partial(_local, ("buildah", "bud", "--layers"), _DIR),
        program="buildah",
    ),
    _library("podman_compose-build", "podman-compose build", follows("buildah"), _COMPOSE, _compose),
    _library(
        "podman_py-context-build",
        "podman-py images.build(fileobj=, custom_context=True)",
        follows("tar"),
        _PODMAN_PY,
        Shim(program="podman_py.py", form=_TAR),
        _TAR,
        (_TAR_ONLY,),
    ),
    _library(
        "podman_py-build",
        "podman-py images.build(path=)",
        follows("podman-py"),
        _PODMAN_PY,
        Shim(program="podman_py.py", form=_DIR),
    ),
)
