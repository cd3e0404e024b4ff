"""Compose v2 and ``docker buildx bake``: plugins that read a project file, which is generated."""

import json
from dataclasses import replace
from functools import partial

from layerfork.builders.clients.client import DOCKER_PROGRAMS, BuildClient, Call, ContextForm
from layerfork.builders.clients.contextrules import newest_docker_cli
from layerfork.builders.clients.docker_cli import (
    CACHES,
    ask_docker,
    docker_command,
    docker_default_builder,
    read_version,
)
from layerfork.record.build import Builder, BuildRequest, Command

PROJECT = "layerfork"
"""Project name; compose writes it into labels of the image, which enter no step's cache key."""


def compose_file(request: BuildRequest) -> str:
    """The text of a compose file with one service, ``image``, for v2 and v1. It is JSON, which YAML includes.

    Compose replaces ``$NAME`` in values but not in keys, so ``$`` is doubled to mean itself, and names
    stand in values too (``NAME=value``).
    Source: compose-spec/compose-spec 12-interpolation.md.
    """
    build: dict[str, object] = {"context": str(request.context), "dockerfile": str(request.dockerfile)}
    if request.dockerfile_in_context == "Dockerfile":
        del build["dockerfile"]
    if request.target:
        build["target"] = request.target
    if request.build_args:
        build["args"] = [f"{name}={value}" for name, value in request.build_args]
    if request.labels:
        build["labels"] = [f"{name}={value}" for name, value in request.labels]
    if request.cache_from:
        build["cache_from"] = [request.cache_from]
    if request.cache_to:
        build["cache_to"] = [request.cache_to]
    service: dict[str, object] = {"image": request.tag, "build": build}
    if request.platform:
        service["platform"] = request.platform
    text = json.dumps({"services": {"image": service}}, ensure_ascii=False, indent=1)
    return text.replace("$", "$$") + "\n"


def _compose(call: Call) -> Command:
    path = call.request.scratch / "compose.yaml"
    arguments = ("compose", "-p", PROJECT, "-f", str(path), "build")
    command = docker_command(call, arguments + (("--no-cache",) if call.request.no_cache else ()))
    return replace(command, files=(*command.files, (path, compose_file(call.request))))


DOCKER_COMPOSE_BUILD = BuildClient(
    name="docker-compose-build",
    title="docker compose build",
    context_form=ContextForm.DIRECTORY,
    context_rules=newest_docker_cli,
    builders=(Builder.CLASSIC, Builder.BUILDKIT),
    own_choice=docker_default_builder,
    takes=CACHES,
    make_command=_compose,
    version_command=partial(ask_docker, ("compose", "version", "--short")),
    read_version=read_version,
    plugin="compose",
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)


# ``docker buildx bake`` with a generated ``docker-bake.json``.


def bake_file(request: BuildRequest) -> str:
    """The text of a bake file with one target, ``image``.

    Strings of a bake file are templates, so ``${`` and ``%{`` are doubled to mean themselves.
    Source: hashicorp/hcl json/spec.md, "Template expressions"; docker/buildx bake/hclparser, v0.13 to v0.29.
    """
    target: dict[str, object] = {
        "context": str(request.context),
        "dockerfile": str(request.dockerfile),
        "tags": [request.tag],
    }
    if request.target:
        target["target"] = request.target
    if request.platform:
        target["platforms"] = [request.platform]
    if request.build_args:
        target["args"] = dict(request.build_args)
    if request.labels:
        target["labels"] = dict(request.labels)
    if request.no_cache:
        target["no-cache"] = True
    if request.cache_from:
        target["cache-from"] = [request.cache_from]
    if request.cache_to:
        target["cache-to"] = [request.cache_to]
    return json.dumps({"target": {"image": _escaped(target)}}, ensure_ascii=False, indent=1) + "\n"


def _escaped(value: object) -> object:
    match value:
        case str():
            return value.replace("${", "$${").replace("%{", "%%{")
        case dict():
            return {_escaped(key): _escaped(item) for key, item in value.items()}
        case list():
            return [_escaped(item) for item in value]
    return value


def _bake(call: Call) -> Command:
    path = call.request.scratch / "docker-bake.json"
    command = docker_command(call, ("buildx", "bake", "-f", str(path), "image"))
    # From buildx 0.20 on a bake file may read only below the working directory unless this says otherwise.
    env = {**command.env, "BUILDX_BAKE_ENTITLEMENTS_FS": "0"}
    return replace(command, env=env, files=(*command.files, (path, bake_file(call.request))))


BUILDX_BAKE = BuildClient(
    name="buildx-bake",
    title="docker buildx bake",
    context_form=ContextForm.DIRECTORY,
    context_rules=newest_docker_cli,
    builders=(Builder.BUILDKIT,),
    refuses=((Builder.CLASSIC, "buildx builds with BuildKit only"),),
    takes=CACHES,
    make_command=_bake,
    version_command=partial(ask_docker, ("buildx", "version")),
    read_version=read_version,
    plugin="buildx",
    programs=DOCKER_PROGRAMS,
    toolchain_version=True,
)
