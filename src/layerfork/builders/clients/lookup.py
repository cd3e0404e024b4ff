"""Finds a client by the id that a person typed."""

import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches

from layerfork.builders.clients.client import BuildClient
from layerfork.errors import UsageError
from layerfork.record.build import Builder

NEAREST = 3
"""How many names are suggested for an unknown one."""
_ID = re.compile(r"(?P<name>[^@+]+)(?:@(?P<version>[^@+]+))?(?:\+(?P<builder>[^@+]+))?")


def find_in(clients: tuple[BuildClient, ...], client_id: str, also: Iterable[str] = ()) -> BuildClient:
    """The client of an id ``name[@version][+builder]``.

    A client of the toolchain takes any version: it then names the toolchain to use. ``also`` are names of
    clients elsewhere, which are suggested too.
    Raises: UsageError, with near matches, when there is none.
    """
    parts = _ID.fullmatch(client_id.strip())
    if parts is None:
        raise UsageError(f"{client_id!r} is not a client id", "an id is NAME, NAME@VERSION or NAME+BUILDER")
    client = _named(clients, parts["name"], parts["version"] or "", also)
    return _with_builder(client, parts["builder"]) if parts["builder"] else client


def _named(clients: tuple[BuildClient, ...], name: str, version: str, also: Iterable[str]) -> BuildClient:
    same_name = [client for client in clients if client.name == name]
    if not same_name:
        names = tuple(dict.fromkeys((*also, *(client.name for client in clients))))
        near = get_close_matches(name, names, n=NEAREST, cutoff=0)
        hint = f"did you mean {_either(near)}? All are listed by: layerfork clients"
        raise UsageError(f"there is no client {name!r}", hint)
    for client in same_name:
        if client.version == version:
            return client
    for client in same_name:
        if client.toolchain_version:
            return replace(client, version=version)
        if client.environment is not None and client.environment.version == version:
            return client
    versions = [client.version for client in same_name if client.version]
    raise UsageError(f"{name} is not pinned in version {version!r}", f"there is {_either(versions)}")


def _with_builder(client: BuildClient, name: str) -> BuildClient:
    builders = {builder.value: builder for builder in Builder}
    builder = builders.get(name)
    if builder is None:
        raise UsageError(f"there is no builder {name!r}", f"the builders are {_either(builders)}")
    if builder not in client.builders:
        reason = client.why_not_builder(builder)
        raise UsageError(f"{client.id} cannot build with {name}: {reason}")
    return replace(client, builder=builder)


def _either(names: "list[str] | tuple[str, ...] | dict[str, Builder]") -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
