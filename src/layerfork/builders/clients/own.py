"""Bring your own: a client that a person describes by its command."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from layerfork.builders.clients.client import BuildClient, Call, ContextForm
from layerfork.builders.clients.contextrules import follows, not_modelled
from layerfork.builders.clients.docker_cli import docker_default_builder
from layerfork.builders.clients.environment import config_files, secret_values, variables
from layerfork.errors import UsageError
from layerfork.record.build import Builder, Command, Endpoint, Feature

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
PLACEHOLDERS = ("tag", "context", "tar", "dockerfile", "target", "build_args", "labels")
_PLACEHOLDER = re.compile(rf"\{{({'|'.join(PLACEHOLDERS)})\}}")
_LIKE_ONE = re.compile(r"(?<![$\{])\{([A-Za-z_][A-Za-z0-9_-]*)\}")
"""What a person may have meant for a placeholder; ``${NAME}`` and ``{a,b}`` are the shell's."""
_NEEDS = {
    Feature.DOCKERFILE_NAME: "dockerfile",
    Feature.DOCKERFILE_OUTSIDE: "dockerfile",
    Feature.TARGET: "target",
    Feature.BUILD_ARG: "build_args",
    Feature.LABEL: "labels",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCommand:
    """A client as layerfork.toml or the command line describes it."""

    command: str
    """A shell command; ``{tag}``, ``{context}``, ``{tar}``, ``{dockerfile}``, ``{target}``, ``{build_args}``
    (``--build-arg NAME=VALUE …``) and ``{labels}`` (``--label NAME=VALUE …``) are replaced, quoted."""
    version: str = ""
    """A shell command that prints the client's version."""


def is_own_client(option: str) -> bool:
    """Whether a ``--client`` option is ``name=command``."""
    name, equals, _ = option.partition("=")
    return bool(equals) and NAME.fullmatch(name) is not None


def own_client(name: str, own: OwnCommand, directory: Path) -> BuildClient:
    """The client of a user's own command, which runs in ``directory``.

    Raises: UsageError when the name cannot be one, or the command is empty, names no image, or has a
    placeholder that there is not.
    """
    if NAME.fullmatch(name) is None:
        raise UsageError(f"{name!r} is not a valid name of a client", hint="use letters, digits, . _ and -")
    _check_placeholders(name, own.command, PLACEHOLDERS)
    _check_placeholders(name, own.version, ())
    used = set(_PLACEHOLDER.findall(own.command))
    if "tag" not in used:
        raise UsageError(
            f"the command of client {name} does not name the image",
            hint="put {tag} where the image's name goes, for example: make image TAG={tag}",
        )
    lacks = tuple(
        (feature, f"the command of {name} has no {{{placeholder}}}")
        for feature, placeholder in _NEEDS.items()
        if placeholder not in used
    )
    return BuildClient(
        name=name,
        title=own.command,
        context_form=ContextForm.TAR if "tar" in used else ContextForm.DIRECTORY,
        context_rules=follows("tar") if "tar" in used else not_modelled,
        builders=(Builder.CLASSIC, Builder.BUILDKIT),
        own_choice=docker_default_builder,
        lacks=(
            *lacks,
            (Feature.NO_CACHE, f"the command of {name} decides itself whether it uses the cache"),
            (Feature.PLATFORM, f"the command of {name} decides itself for which platform it builds"),
        ),
        make_command=partial(_make_command, own, directory),
        version_command=partial(_ask_version, own, directory),
        read_version=str.strip,
    )


def _check_placeholders(name: str, command: str, allowed: tuple[str, ...]) -> None:
    for placeholder in _LIKE_ONE.findall(command):
        if placeholder not in allowed:
            known = ", ".join(f"{{{each}}}" for each in allowed)
            hint = "a version command has no placeholders"
            if known:
                hint = f"there are {known}; braces of the shell need a space inside: {placeholder}"
            raise UsageError(
                f"the command of client {name} has the unknown placeholder {{{placeholder}}}", hint=hint
            )


def _make_command(own: OwnCommand, directory: Path, call: Call) -> Command:
    request = call.request
    values: Mapping[str, str] = {
        "tag": shlex.quote(request.tag),
        "context": shlex.quote(str(request.context)),
        "tar": shlex.quote(str(request.context_tar)),
        "dockerfile": shlex.quote(str(request.dockerfile)),
        "target": shlex.quote(request.target) if request.target else "",
        "build_args": shlex.join(
            argument for pair in request.build_args for argument in ("--build-arg", "=".join(pair))
        ),
        "labels": shlex.join(argument for pair in request.labels for argument in ("--label", "=".join(pair))),
    }
    script = _PLACEHOLDER.sub(lambda match: values[match[1]], own.command)
    command = _shell(script, directory, call.endpoint, call.builder)
    return replace(command, files=config_files(call.endpoint), secrets=secret_values(request))


def _ask_version(
    own: OwnCommand, directory: Path, endpoint: Endpoint, environment_dir: Path | None
) -> Command:
    return _shell(own.version or "true", directory, endpoint, None)


def _shell(script: str, directory: Path, endpoint: Endpoint, builder: Builder | None) -> Command:
    """A shell command that finds the endpoint's docker CLI first on its PATH."""
    env = variables(endpoint, builder)
    env["PATH"] = f"{endpoint.toolchain.docker.parent}:{env['PATH']}"
    return Command(argv=("sh", "-c", script), env=env, cwd=directory)
