"""A scenario: what its phases build, what is expected of the cache, and how a person asked for it."""

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from layerfork.record.build import Builder

MADE_AT = 1_577_836_800
"""Modification time of every entry that names none: 2020-01-01T00:00:00Z."""

OWN_PLATFORM = "own"
CACHE_PLACE = "{cache}"
"""A directory of this client's builds, empty at first and never cleaned."""
LAST_IMAGE = "{image}"
"""The image that the phase before made."""


class EntryKind(StrEnum):
    """What an entry of a context is."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    HARDLINK = "hardlink"
    FIFO = "fifo"


class Event(StrEnum):
    """What happens to the engine between two builds."""

    PRUNE = "prune"
    """``docker builder prune --all``."""
    PRUNE_IMAGES = "prune-images"
    """``docker image prune``: images without a tag that no other stands on."""
    REMOVE_IMAGE = "remove-image"
    """``docker rmi`` of the image that the phase before made."""
    CLEAN = "clean"
    """Everything is removed but the base image: what another machine has."""
    SHIP_IMAGE = "ship-image"
    """The image that the phase before made is saved, everything is cleaned, and it is loaded again: what
    another machine has that only gets the image."""
    RESTART = "restart"
    """The engine's daemons end and start again, on the data that they had."""
    BASE_MOVED = "base-moved"
    """``alpine`` is an image with one more layer."""
    BASE_RECONFIGURED = "base-reconfigured"
    """``alpine`` has the layers that it had, and one more environment variable."""
    BASE_REBUILT = "base-rebuilt"
    """``alpine`` has the layers and settings that it had, and was made at another time."""
    BASE_RESTORED = "base-restored"
    """``alpine`` is what it was at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a context, with all that a checkout would lose."""

    name: bytes
    """Relative to the context, with slashes; not always UTF-8."""
    kind: EntryKind = EntryKind.FILE
    mode: int = 0o644
    """Permission bits, setuid and its kin included; a link has none of its own."""
    uid: int = 0
    gid: int = 0
    mtime: float = MADE_AT
    """Seconds since 1970."""
    content: bytes = b""
    """Of a file that is written out."""
    size: int = 0
    """Of a file whose bytes are made from `seed`; 0 takes `content`."""
    seed: int = 0
    target: bytes = b""
    """Where a link leads, or the entry that a hard link is another name of."""
    xattrs: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a phase is expected to do to the cache of the phase before it."""

    builders: tuple[Builder, ...]
    clients: tuple[str, ...] = ()
    """Patterns of client ids (``docker_py-*``); none is every client."""
    engines: tuple[str, ...] = ()
    """Patterns of engines (``private:20.10*``, ``*+containerd``); none is every engine."""
    missed: str = ""
    """The first instruction that is built again, as the Dockerfile has it; empty when all are reused."""
    causes: tuple[str, ...] = ()
    """Codes of why, all of them; empty leaves them open."""
    reused: tuple[str, ...] = ()
    """Instructions that are reused although one above them is not."""
    fails: bool = False
    """No build is expected: this builder, or this client, cannot do it."""
    why: str

    def is_for(self, builder: Builder, client: str, engine: str) -> bool:
        """Whether it says something of this client on this builder of this engine."""
        return builder in self.builders and _fits(client, self.clients) and _fits(engine, self.engines)


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What is built, and how: the whole of it, not what changed."""

    title: str = ""
    dockerfile: str
    entries: tuple[Entry, ...] = ()
    build_args: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    target: str = ""
    platform: str = ""
    """``os/architecture[/variant]``; `OWN_PLATFORM` names the engine's, empty names none."""
    no_cache: bool = False
    cache_from: str = ""
    """What is imported; `CACHE_PLACE` and `LAST_IMAGE` in it are replaced."""
    cache_to: str = ""
    """Where the cache is exported to; the same words are replaced."""
    before: tuple[Event, ...] = ()
    """What happens before it is built, in order."""
    expected: tuple[Expectation, ...] = field(default=())
    """The first that `is_for` a client counts; none of the first phase, which meets no cache."""

    def expects(self, builder: Builder, client: str, engine: str) -> Expectation | None:
        """What is expected of this client on this builder of this engine; None when nothing is."""
        return next((each for each in self.expected if each.is_for(builder, client, engine)), None)


# What is built in an experiment, and how a person asked for it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A Dockerfile and its context."""

    name: str
    title: str = ""
    question: str = ""
    """That it answers."""
    family: str = ""
    """The kind of question."""
    context: Path
    """Absolute path of the context directory; of a scenario with phases, of its folder."""
    dockerfile: Path
    """Absolute path of the Dockerfile; of a scenario with phases, of the file that holds it."""
    random_runs: bool = False
    """Every RUN writes a random value: equal layers prove reuse."""
    phases: tuple[Phase, ...] = ()
    """What is built, one after the other, from a context that is made for it; none of a person's directory,
    which is used as it lies there."""
    served: bool = False
    """Its context is served to clients that fetch it from a URL; otherwise they are not asked."""
    content: str = ""
    """Digest of its file, which says with its name which scenario it is, wherever its folder lies; empty of
    one that comes with layerfork, whose name is enough, and of a person's directory."""
    other_dockerfile: bool = False
    """A person named another Dockerfile than that of the phases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Everything that `layerfork run` was asked, parsed and checked for form, not for meaning."""

    path: str = ""
    """A directory with a Dockerfile, or the name of a bundled scenario; empty is ``seed``."""
    dockerfile: str = ""
    target: str = ""
    build_args: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    clients: tuple[str, ...] = ()
    """Client ids; empty is the five of 2015."""
    engines: tuple[str, ...] = ()
    """``private``, ``private:28.5``, ``host``, ``host:CONTEXT``; empty decides: host if one answers."""
    builder: Builder | None = None
    """What every client is asked for; None leaves it to each."""
    controls: bool = True
    timeout_s: float = 600.0
    inherit_config: bool = False
    load: tuple[str, ...] = ()
    """Image archives to load into a private engine before the first build."""
    save: str = ""
    """File for the records, one JSON document a line; empty saves nothing."""
    resume: str = ""
    """File of an earlier run: what it holds is not measured again where that means the same; it is written
    anew."""
