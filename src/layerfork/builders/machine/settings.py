"""Variables and files of settings that make builds, or their keys, other than elsewhere."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from layerfork.builders.engines.buildkit import ADDRESS_VARIABLE, DEFAULT_ADDRESS
from layerfork.builders.engines.host import DEFAULT_SOCKET
from layerfork.builders.engines.hostcontext import DEFAULT_CONTEXT, DEFAULT_HOST, docker_config_directory
from layerfork.builders.git import git_command
from layerfork.builders.leading.store import CURRENT, read_object, store_directory
from layerfork.builders.machine.programs import PATIENCE_S, no_answer
from layerfork.builders.process import ProgramMissingError, find_program, run
from layerfork.record.machine import Health, HealthRow

AREA = "settings"
_VARIABLES = {
    "DOCKER_BUILDKIT": "0 takes the classic builder, which shares no cache with BuildKit",
    "BUILDKIT_HOST": "buildctl builds there",
    "BUILDX_BUILDER": "docker buildx builds with that builder, whose cache is its own",
    "BUILDX_CONFIG": "docker buildx reads its builders there",
    "BUILDX_NO_DEFAULT_ATTESTATIONS": "images have no attestations, and other digests",
    "SOURCE_DATE_EPOCH": "buildx passes it to builds: times, and a build argument, are others",
    "DOCKER_DEFAULT_PLATFORM": "builds are for that platform",
    "DOCKER_HOST": "docker builds on that engine",
    "DOCKER_CONTEXT": "docker builds on the engine of that context",
    "DOCKER_CONFIG": "docker's settings are read there",
    "COMPOSE_BAKE": "docker compose builds by bake, or does not",
    "COMPOSE_DOCKER_CLI_BUILD": "docker-compose 1 builds by the docker CLI, or does not",
    "COMPOSE_FILE": "docker compose reads these files",
    "COMPOSE_PROFILES": "docker compose builds the services of these profiles",
    "COMPOSE_PROJECT_NAME": "docker compose names images and labels by it",
    "TMPDIR": "clients write there what they pack",
}
"""Names of variables, and what they do where they are set."""
_NAMING = {
    "DOCKER_HOST": (DEFAULT_HOST, DEFAULT_SOCKET),
    "DOCKER_CONTEXT": (DEFAULT_CONTEXT, DEFAULT_SOCKET),
    ADDRESS_VARIABLE: (DEFAULT_ADDRESS, Path(DEFAULT_ADDRESS.removeprefix("unix://"))),
}
"""Variables that name an engine: what each would say of the usual one, and that engine's socket."""
_GIT = {
    "core.autocrlf": ("true", "a checkout has CR LF where others have LF: their contents differ"),
    "core.fileMode": ("false", "git does not see executable bits: they differ from those of other checkouts"),
    "core.symlinks": ("false", "links are checked out as files"),
}
"""Settings of git, the value that tints, and how."""


def examine_settings(environment: Mapping[str, str]) -> Iterator[HealthRow]:
    """What is set; values that may be secret are not told."""
    for name, effect in _VARIABLES.items():
        value = environment.get(name)
        if value and _names_the_only_engine(name, value):
            yield HealthRow(area=AREA, name=name, health=Health.OK, what=without_passwords(value))
        elif value:
            yield _note(
                name, f"{without_passwords(value)}: {effect}", f"unset {name}, or set it alike everywhere"
            )
    yield from _of_docker(environment)
    yield from _of_buildx(environment)
    yield from _of_git()


def _names_the_only_engine(variable: str, value: str) -> bool:
    """Whether a variable names the usual place, or an engine where the usual place has none.

    Without it nothing would build here, or the same engine would: it makes no build another one.
    """
    if variable not in _NAMING:
        return False
    usual, socket = _NAMING[variable]
    return value == usual or not os.path.lexists(socket)


def without_passwords(text: str) -> str:
    """A text without the users and passwords of addresses in it."""
    return re.sub(r"://[^/@\s]*@", "://…@", text)


def _of_docker(environment: Mapping[str, str]) -> Iterator[HealthRow]:
    path = docker_config_directory(environment) / "config.json"
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        yield _note("docker config", f"{path} cannot be read: {type(error).__name__}", "repair or remove it")
        return
    if isinstance(config, dict):
        yield from _of_config(config, path)


def _of_config(config: Mapping[str, Any], path: Path) -> Iterator[HealthRow]:
    if config.get("proxies"):
        what = f"{path} has proxies: clients pass them on, and RUNs of the classic builder miss by that"
        yield _note("proxies", what, "give all machines proxies, or none")
    if "buildkit" in (config.get("features") or {}):
        yield _note("features", f"{path} sets features.buildkit: it chooses the builder", "set it alike")
    if config.get("aliases"):
        yield _note("aliases", f"{path} has aliases: `docker build` may be another program", "")


def _of_buildx(environment: Mapping[str, str]) -> Iterator[HealthRow]:
    current = read_object(store_directory(environment) / CURRENT) or {}
    name = current.get("Name")
    if isinstance(name, str) and name not in ("", "default"):
        what = f"{name} is chosen: builds go to it, and its cache is its own"
        yield _note("buildx builder", what, "docker buildx use default")


def _of_git() -> Iterator[HealthRow]:
    if find_program("git") is None:
        return
    asked = git_command("config", "--get-regexp", r"^core\.(autocrlf|filemode|symlinks)$")
    try:
        done = run(asked, timeout_s=PATIENCE_S)
    except ProgramMissingError:
        return
    if done.timed_out:
        what, remedy = no_answer(PATIENCE_S), f"ask it yourself: {shlex.join(asked.argv)}"
        yield HealthRow(area=AREA, name="git config", health=Health.UNKNOWN, what=what, remedy=remedy)
        return
    pairs = (line.partition(" ") for line in done.stdout.splitlines())
    found = {name.lower(): value.strip().lower() for name, _, value in pairs}
    for name, (tinting, effect) in _GIT.items():
        if found.get(name.lower()) == tinting:
            other = "false" if tinting == "true" else "true"
            yield _note(name, f"{tinting}: {effect}", f"git config {name} {other}, and check out again")


def _note(name: str, what: str, remedy: str) -> HealthRow:
    return HealthRow(area=AREA, name=name, health=Health.NOTE, what=what, remedy=remedy)
