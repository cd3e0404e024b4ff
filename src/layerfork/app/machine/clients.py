"""Clients: which can run here, and making the environments that they need."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from layerfork.builders.clients import CLIENTS, BuildClient, ContextForm, find_client
from layerfork.builders.clients.client import Programs
from layerfork.builders.engines import open_engine
from layerfork.builders.environments.installing import (
    ensure_environment,
    find_environment,
    find_interpreter,
)
from layerfork.builders.environments.projectfile import described_clients
from layerfork.builders.process import find_program
from layerfork.builders.secrets.redactionkey import redaction_key
from layerfork.errors import ClientError, EngineError
from layerfork.record.listing import ClientRow, EngineRow, Fetched, Obstacle
from layerfork.record.progress import Say
from layerfork.wire.redact import Redactor


def list_clients() -> tuple[ClientRow, ...]:
    """Every client of the table, as it stands on this machine: first those that a person would take.

    Installs and starts nothing.
    """
    names = {client.programs.engine for client in CLIENTS if client.programs}
    engines = {name: open_engine(name).describe(os.environ) for name in names}
    return tuple(_row(client, engines) for client in sorted(CLIENTS, key=_newest_first))


def _newest_first(client: BuildClient) -> tuple[bool, tuple[int, ...]]:
    """What has no version in its id is today's; of the others the newest comes first."""
    return bool(client.version), tuple(-int(number) for number in re.findall(r"\d+", client.version))


def list_own_clients() -> tuple[tuple[str, str], ...]:
    """Name and command of each client that the settings of the working directory describe, secrets hidden.

    Raises: UsageError.
    """
    described, redactor = described_clients(Path.cwd()), Redactor(redaction_key())
    return tuple((name, redactor.clean(own.command)) for name, own in described.items())


def get_clients(names: Sequence[str], say: Say, keep: Callable[[Fetched], None]) -> bool:
    """Make clients ready; one that fails does not stop the others. Whether all are ready.

    No name at all is every client of the table. What is brought are environments of libraries, and engines
    for clients that come with one; ``keep`` gets the result of each as it comes.
    Raises: UsageError for an unknown name, before anything is installed.
    """
    wanted = [find_client(name) for name in names] or CLIENTS
    needed = dict(_need(client, say) for client in wanted)
    results = []
    for name, bring in needed.items():
        results.append(Fetched(name=name, error=_error_of(bring)))
        keep(results[-1])
    return not any(result.error for result in results)


def _need(client: BuildClient, say: Say) -> tuple[str, Callable[[], object]]:
    """Name of what a client has to be brought, and what brings it."""
    if client.environment is not None:
        return client.environment.name, partial(ensure_environment, client.environment, say)
    assert client.programs is not None, client.id
    name = client.programs.engine
    return name, partial(open_engine(name).fetch, os.environ, say)


def _error_of(bring: Callable[[], object]) -> str:
    try:
        bring()
    except (ClientError, EngineError) as failure:
        return str(failure)
    return ""


def _row(client: BuildClient, engines: Mapping[str, EngineRow]) -> ClientRow:
    """A client's row; the engines are those that clients' programs come with, by name."""
    environment = client.environment
    engine = engines[client.programs.engine] if client.programs else None
    return ClientRow(
        id=client.id,
        title=client.title,
        version=environment.version if environment is not None else _toolchain_version(client, engine),
        builders=tuple(builder.value for builder in client.builders),
        obstacles=(*_without_library(client), *_without_programs(client, engine)),
    )


def _toolchain_version(client: BuildClient, engine: EngineRow | None) -> str:
    """Of the program that it is, in the engine's toolchain."""
    if engine is None or client.programs is None:
        return ""
    known = dict(engine.components)
    return known.get(client.plugin) or known.get(client.programs.program, "")


def _without_library(client: BuildClient) -> Iterator[Obstacle]:
    environment = client.environment
    if environment is None or find_environment(environment) is not None:
        return
    what = f"the library {environment.package} {environment.version} is not installed yet"
    try:
        find_interpreter(environment)
        yield Obstacle(what=what, remedy=f"layerfork clients get {client.id}")
    except ClientError as error:
        yield Obstacle(what=error.message, remedy=error.hint)


def _without_programs(client: BuildClient, engine: EngineRow | None) -> Iterator[Obstacle]:
    programs = client.programs
    if programs and engine and not engine.version and not _is_installed(programs):
        name = programs.engine
        yield Obstacle(what=f"its programs come with {name}", remedy=f"layerfork engines get {name}")
    if client.context_form is ContextForm.GIT and find_program("git") is None:
        yield Obstacle(what="it needs git", remedy="install it (Debian package git)")


def _is_installed(programs: Programs) -> bool:
    return bool(programs.installed) and find_program(programs.installed) is not None
