"""Clients: which can run here, and making the environments that they need."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from layerfork.clients import CLIENTS, BuildClient, ContextForm, find_client
from layerfork.engines import open_engine
from layerfork.errors import ClientError, EngineError
from layerfork.harness.environments.installing import (
    Say,
    ensure_environment,
    find_environment,
    find_interpreter,
)
from layerfork.model.build import Builder
from layerfork.model.listing import ClientRow, EngineRow, Fetched, Obstacle
from layerfork.process import find_program
from layerfork.reporters import json_report, listing_text


def list_clients() -> tuple[ClientRow, ...]:
    """Every client of the table, as it stands on this machine. Installs and starts nothing."""
    toolchains = {kind: open_engine(kind).describe(os.environ) for kind in ("private", "podman")}
    return tuple(_row(client, toolchains) for client in CLIENTS)


def render_clients(rows: Sequence[ClientRow], form: str) -> str:
    """The rows as ``text`` or ``json``."""
    return json_report.render_clients(rows) if form == "json" else listing_text.render_clients(rows)


def get_clients(names: Sequence[str], say: Say, keep: Callable[[Fetched], None]) -> bool:
    """Make clients ready; one that fails does not stop the others. Whether all are ready.

    No name at all is every client of the table. What is brought are environments of libraries, and engines
    for clients that come with one; ``keep`` gets the result of each as it comes.
    Raises: UsageError for a name that is none, before anything is installed.
    """
    wanted = [find_client(name) for name in names] or list(CLIENTS)
    errors = {}
    for client in wanted:
        name = client.environment.name if client.environment is not None else _engine_of(client)
        if name in errors:
            continue
        try:
            if client.environment is not None:
                ensure_environment(client.environment, say)
            else:
                open_engine(name).fetch(os.environ, say)
            errors[name] = ""
        except (ClientError, EngineError) as failure:
            errors[name] = str(failure)
        keep(Fetched(name=name, error=errors[name]))
    return not any(errors.values())


def _engine_of(client: BuildClient) -> str:
    """The engine that a client's programs come with."""
    return "podman" if client.builders == (Builder.BUILDAH,) else "private"


def _row(client: BuildClient, engines: Mapping[str, EngineRow]) -> ClientRow:
    environment = client.environment
    return ClientRow(
        id=client.id,
        title=client.title,
        version=environment.version if environment is not None else _toolchain_version(client, engines),
        builders=tuple(builder.value for builder in client.builders),
        obstacles=tuple(_obstacles(client, engines)),
    )


def _toolchain_version(client: BuildClient, engines: Mapping[str, EngineRow]) -> str:
    """Of the program that it is, in the toolchain of the default engine of its kind."""
    known = dict(engines[_engine_of(client)].components)
    for program in (client.plugin, client.name.partition("-")[0]):
        if program in known:
            return known[program]
    return ""


def _obstacles(client: BuildClient, engines: Mapping[str, EngineRow]) -> Iterator[Obstacle]:
    environment, engine = client.environment, _engine_of(client)
    if environment is not None and find_environment(environment) is None:
        what = f"the library {environment.package} {environment.version} is not installed yet"
        try:
            find_interpreter(environment)
            yield Obstacle(what=what, remedy=f"layerfork clients get {client.id}")
        except ClientError as error:
            yield Obstacle(what=error.message, remedy=error.hint)
    brought = find_program("docker") is not None and engine == "private"
    if not engines[engine].version and not brought and (environment is None or engine == "podman"):
        yield Obstacle(what=f"its programs come with {engine}", remedy=f"layerfork engines get {engine}")
    if client.context_form is ContextForm.GIT and find_program("git") is None:
        yield Obstacle(what="it needs git", remedy="install it (Debian package git)")
