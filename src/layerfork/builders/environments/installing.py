"""Installs client programs: environments of libraries, docker CLIs, clients of the settings file."""

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from layerfork.builders.clients.environment import ClientEnvironment, Interpreter, install_commands, own_node
from layerfork.builders.clients.own import OwnCommand
from layerfork.builders.engines import RunningEngine
from layerfork.builders.process import ProgramMissingError, find_program, last_lines, run
from layerfork.errors import ClientError, UsageError
from layerfork.record.build import Command, Toolchain
from layerfork.record.progress import Say
from layerfork.settingsfile import SettingsFile, find_settings
from layerfork.userdirs import cache_directory

INSTALL_TIMEOUT_S = 600.0


def find_environment(environment: ClientEnvironment) -> Path | None:
    """The directory of an environment that is ready, or None."""
    directory = directory_of(environment)
    return directory if directory.is_dir() else None


def directory_of(environment: ClientEnvironment) -> Path:
    """Where an environment lies, made or not."""
    return cache_directory() / "clients" / environment.directory_name


def ensure_environment(environment: ClientEnvironment, say: Say) -> Path:
    """The directory of an environment, made first if it is missing.

    Made beside its final place and renamed, under a lock: a half-made environment is never used, and
    two runs that need the same one make it once.

    Raises: ClientError with the installer's own message.
    """
    if ready := find_environment(environment):
        return ready
    interpreter = find_interpreter(environment)
    final = directory_of(environment)
    with _only_one(final):
        if ready := find_environment(environment):
            return ready
        say(f"installing {environment.package} {environment.version} in an isolated environment")
        return _install(environment, final, interpreter)


def _install(environment: ClientEnvironment, final: Path, interpreter: Path) -> Path:
    unfinished = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    try:
        for command in install_commands(environment, unfinished, interpreter, os.environ):
            try:
                completed = run(command, timeout_s=INSTALL_TIMEOUT_S)
            except ProgramMissingError as error:
                raise ClientError(f"cannot install {environment.package}: {error}") from error
            if not completed.ok:
                raise ClientError(
                    f"could not install {environment.package} {environment.version}",
                    hint="check the network and the package registry settings, then run: layerfork setup",
                    details=last_lines(completed.stderr or completed.stdout),
                )
        unfinished.rename(final)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return final


@contextlib.contextmanager
def _only_one(final: Path) -> Iterator[None]:
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(final.with_name(f".{final.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ClientError(
            f"cannot write to the cache directory {final.parent}: {error.strerror}",
            hint="set XDG_CACHE_HOME to a directory that you may write to",
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def find_interpreter(environment: ClientEnvironment) -> Path:
    """The python or node that an environment is made with: ours if it fits, else one on PATH.

    A Node.js of the environment's own is relative to its ``bin``.
    Raises: ClientError naming the versions that would do.
    """
    if environment.interpreter is Interpreter.NODE:
        return _find_node(environment)
    if _fits(environment, sys.version_info[:2]):
        return Path(sys.executable)
    for minor in range(14, 5, -1):
        if _fits(environment, (3, minor)) and (python := find_program(f"python3.{minor}")):
            return python
    newest = environment.newest
    raise ClientError(
        f"{environment.package} {environment.version} needs a Python from "
        f"{_dotted(environment.oldest)} to {_dotted(newest) if newest else 'any newer one'}",
        hint="install one and put it on PATH as python3.X",
    )


def _find_node(environment: ClientEnvironment) -> Path:
    if environment.own_node:
        return _find_own_node(environment)
    node = find_program("node")
    if node is None:
        raise ClientError(f"{environment.package} needs Node.js", hint="install it (Debian package nodejs)")
    answer = run(Command(argv=(str(node), "--version"), env={}), timeout_s=20).stdout
    version = tuple(map(int, re.findall(r"\d+", answer)[:2]))
    if not _fits(environment, version):
        raise ClientError(
            f"{environment.package} {environment.version} needs Node.js {_dotted(environment.oldest)} "
            f"or newer, {node} is {answer.strip()}",
            hint="put a newer one first on PATH",
        )
    return node


def _find_own_node(environment: ClientEnvironment) -> Path:
    what = f"{environment.package} {environment.version}"
    if find_program("npm") is None:
        raise ClientError(f"{what} is installed with npm", hint="install it (Debian package npm)")
    node = own_node()
    if node is None:
        raise ClientError(
            f"{what} needs Node.js {_dotted(environment.oldest)} or newer, and npm has none for this machine",
            hint="there is one for Linux on x86_64 and aarch64",
        )
    return node


def _fits(environment: ClientEnvironment, version: tuple[int, ...]) -> bool:
    return environment.oldest <= version and (environment.newest is None or version <= environment.newest)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


# Which docker CLI the clients run: that of the engine's own generation, or the user's.

ASK_TIMEOUT_S = 20.0


def find_toolchain(engine: RunningEngine) -> Toolchain:
    """The toolchain for an engine's clients.

    Raises: ClientError when there is no docker CLI at all.
    """
    if engine.toolchain is not None:
        return engine.toolchain
    docker = find_program("docker")
    if docker is None:
        raise ClientError(
            "there is no docker CLI on PATH",
            hint="install it (Debian package docker-cli), or use --engine private",
        )
    command = Command(
        argv=(str(docker), "version", "--format", "{{.Client.Version}}"),
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": "/nonexistent",
            "DOCKER_HOST": "unix:///nowhere",
        },
    )
    answer = run(command, timeout_s=ASK_TIMEOUT_S).stdout.split()
    version = answer[0].partition("+")[0] if answer else ""
    return Toolchain(docker=docker, cli_plugins=None, version=version)


# Clients of the user's own, as the settings file describes them.

_TABLE = "clients"


def described_clients(directory: Path) -> Mapping[str, OwnCommand]:
    """Clients of the ``[clients.NAME]`` tables of a directory's settings; none without a file.

    Raises: UsageError naming the file and what is wrong with it.
    """
    file = find_settings(directory)
    tables = file.table.get(_TABLE, {}) if file else {}
    if file and not isinstance(tables, dict):
        raise UsageError(f"{file.place(_TABLE)}: clients is not a table", hint="write [clients.NAME]")
    return {name: _described(file, name, table) for name, table in tables.items() if file}


def _described(file: SettingsFile, name: str, table: object) -> OwnCommand:
    place = file.place(_TABLE, name)
    if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
        raise UsageError(
            f"{place}: [clients.{name}] is not a table of strings",
            hint='write command = "make image TAG={tag}", and version = "…" if you like',
        )
    unknown = set(table) - {"command", "version"}
    if unknown or "command" not in table:
        what = f"has unknown keys: {', '.join(sorted(unknown))}" if unknown else "has no command"
        raise UsageError(f"{place}: [clients.{name}] {what}", hint="its keys are command and version")
    return OwnCommand(**table)
