"""How the client of a recorded build sends a directory: by what it calls itself, else by what it sent.

Measured, as the user agents are that clients have on a socket: ``tests/transcripts`` and ``docs/clients.md``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from layerfork.context.clientrules import ContextRules, Owners, find_rules
from layerfork.context.manifest import NEWEST_DOCKER_PY
from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, ContextManifest, EntryType, Transport
from layerfork.record.record import BuildRecord

_TYPE_BITS = 0o170000
_DOCKER_PY = re.compile(r"(?:docker-sdk-python|docker-py)/(\d+)\.(\d+)")
_BEFORE_2 = re.compile(r"python-requests/")
_VENDORED = re.compile(r"tc-python/|ansible-community\.docker")
"""testcontainers-python is docker-py; the collection has its code in its own tree."""
_PODMAN_PY = re.compile(r"PodmanPy", re.IGNORECASE)
_DOCKER_CLI = re.compile(r"Docker-Client/(\d+)")
_COMPOSE_V2 = re.compile(r"compose/")
_GO_ITSELF = "Go-http-client/"
"""What Go's own HTTP client says, and podman's remote client with it; measured with 5.4.2."""
_OWN_RULES = re.compile(r"tc-node/")
"""Clients that leave files out by rules of their own."""
_BEFORE_23 = re.compile(r"(?:18\.09|19\.03|20\.10)\b")
_UNNAMED = ("tar", "tar-fs", "dockerode", "buildah")
"""Ways to send of what says no name of its own: tars that people make, Node's libraries, programs that send
nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A way to send a directory."""

    rules: ContextRules
    docker_py: tuple[int, int] = NEWEST_DOCKER_PY
    """Of docker-py the version."""
    guessed: bool = False
    """Only what was sent shows it."""


def sender_of(record: BuildRecord) -> Sender | None:
    """How the build's context was sent; None when no client is known to send it like that.

    What a client calls itself counts as long as what it sent agrees: ``docker build -`` sends a tar that
    something else made.
    """
    manifest = record.context
    if manifest is None or manifest.transport is Transport.REMOTE:
        return None
    agent = record.client.user_agent
    if _OWN_RULES.match(agent):
        return None
    likely = [*_named(record, agent), *(Sender(rules=find_rules(each), guessed=True) for each in _UNNAMED)]
    return next((each for each in likely if _agrees(manifest, each.rules)), None)


def _named(record: BuildRecord, agent: str) -> Iterator[Sender]:
    """What the client calls itself, the likeliest first."""
    if record.context is not None and record.context.transport is Transport.FILE_SYNC:
        old = _BEFORE_23.match(record.client.version)
        yield Sender(rules=find_rules("buildkit-20.10" if old else "buildkit"))
    docker_py = _DOCKER_PY.search(agent)
    if docker_py is not None:
        yield Sender(rules=find_rules("docker-py"), docker_py=(int(docker_py[1]), int(docker_py[2])))
    elif _BEFORE_2.match(agent):
        yield Sender(rules=find_rules("docker-py"), docker_py=(1, 6))
    elif _VENDORED.match(agent):
        yield Sender(rules=find_rules("docker-py"))
    elif _PODMAN_PY.search(agent):
        yield Sender(rules=find_rules("podman-py"))
    elif _COMPOSE_V2.match(agent):
        yield Sender(rules=find_rules("docker-cli"))
    docker = _DOCKER_CLI.match(agent)
    if docker is not None:
        yield Sender(rules=docker_cli_rules(int(docker[1])))
    if record.builder is Builder.BUILDAH and (not agent or agent.startswith(_GO_ITSELF)):
        yield Sender(rules=find_rules("podman-remote"))


def docker_cli_rules(major: int) -> ContextRules:
    """Those of the docker CLI with the classic builder, by its version."""
    return find_rules("docker-cli" if major >= 24 else "docker-cli-23" if major == 23 else "docker-cli-20.10")


def _agrees(manifest: ContextManifest, rules: ContextRules) -> bool:
    """Whether every entry may have been sent by these rules; an owner may be root's anyway."""
    if manifest.transport is not rules.transport:
        return False
    if rules.transport is not Transport.TAR:
        return True
    if bool(rules.owner_names) != any(entry.uname for entry in manifest.entries):
        return False
    if rules.sends_root and all(entry.name != rules.root_name for entry in manifest.entries):
        return False
    return all(_entry_agrees(entry, rules) for entry in manifest.entries)


def _entry_agrees(entry: ContextEntry, rules: ContextRules) -> bool:
    if entry.name.strip("./") == "":
        return rules.sends_root and entry.name == rules.root_name
    has_prefix = entry.name.startswith(rules.prefix or "./")
    if has_prefix != bool(rules.prefix):
        return False
    if entry.type is EntryType.DIRECTORY and entry.name.endswith("/") != rules.directory_slash:
        return False
    return _owner_agrees(entry, rules) and bool(entry.mode & _TYPE_BITS) == rules.type_bits


def _owner_agrees(entry: ContextEntry, rules: ContextRules) -> bool:
    """Files may be root's, so a 0 agrees with every rule."""
    if rules.owners is Owners.ZERO:
        return not (entry.uid or entry.gid)
    return rules.owners is Owners.REAL or not entry.uid
