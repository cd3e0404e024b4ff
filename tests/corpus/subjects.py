"""What pairs of the corpus are made of: builds written by hand, and what must be said about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from zlib import crc32

from layerfork.record.build import Builder
from layerfork.record.context import ContextEntry, EntryType

EPOCH_S = 1_700_000_000


class Client(StrEnum):
    """How a build reaches its engine."""

    POST = "post"
    """A tar, straight to ``POST /build``: the classic builder, or podman's service."""
    BUILDX = "buildx"
    """A directory, by buildx."""
    BUILDX_TAR = "buildx-tar"
    """A tar on the standard input of buildx."""
    DOCKER = "docker"
    """A directory, by the docker CLI with the classic builder."""
    PODMAN = "podman"
    """A directory, by podman's own program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One entry of a context, every field as the test wants it."""

    entry: ContextEntry
    data: bytes = b""


def file(name: str, text: str = "", **fields: object) -> Node:
    """A file; its time follows from its text, since BuildKit looks at size and time alone."""
    data = (text or name).encode()
    made = ContextEntry(
        name=name,
        type=EntryType.FILE,
        mode=0o644,
        size=len(data),
        mtime_ns=(EPOCH_S + crc32(data) % 100_000) * 10**9,
    )
    return Node(entry=replace(made, **fields), data=data)  # type: ignore[arg-type]


def directory(name: str, **fields: object) -> Node:
    made = ContextEntry(name=f"{name}/", type=EntryType.DIRECTORY, mode=0o755, mtime_ns=EPOCH_S * 10**9)
    return Node(entry=replace(made, **fields))  # type: ignore[arg-type]


def symlink(name: str, target: str, **fields: object) -> Node:
    made = ContextEntry(
        name=name, type=EntryType.SYMLINK, mode=0o777, linkname=target, mtime_ns=EPOCH_S * 10**9
    )
    return Node(entry=replace(made, **fields))  # type: ignore[arg-type]


def hardlink(name: str, target: str, **fields: object) -> Node:
    made = ContextEntry(
        name=name, type=EntryType.HARDLINK, mode=0o644, linkname=target, mtime_ns=EPOCH_S * 10**9
    )
    return Node(entry=replace(made, **fields))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build."""

    dockerfile: str
    """Joined with the context; FROM alpine unless it says otherwise."""
    nodes: tuple[Node, ...] = ()
    """Without the Dockerfile, which is the context's first entry unless one of that name is here."""
    client: Client | None = None
    """None: as the builder's pairs usually do."""
    engine: str = ""
    """Empty: the pair's."""
    args: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    network: str = ""
    platform: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    """Further parameters of ``POST /build``."""
    flags: tuple[str, ...] = ()
    """Further flags of a command line; ``{shared}`` is a directory that both builds of the pair see."""
    directory: str = "context"
    """Name of the directory that is sent."""
    bases: tuple[tuple[str, "Build"], ...] = ()
    """Images that are built before this one, with their tags."""
    client_version: str = ""
    """Version of the docker CLI, with its buildx, such as ``20.10``. Empty: the engine's own."""
    served: tuple[tuple[str, str], ...] = ()
    """What ``http://127.0.0.1:8000`` serves inside the engine while this builds: name and text."""

    def tar_nodes(self) -> tuple[Node, ...]:
        """The whole context."""
        if any(node.entry.name.removeprefix("./") == "Dockerfile" for node in self.nodes):
            return self.nodes
        return (file("Dockerfile", self.dockerfile), *self.nodes)


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork that has to be found."""

    at: str
    """Beginning of the reader's instruction, as its builder shows it: of one step alone."""
    causes: tuple[str, ...]
    """All causes, in any order: ``code path``, then ``+3`` when it stands for three more paths, then its
    status unless it is PROVEN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A writer and a reader on a clean cache, and all that has to be said about them."""

    name: str
    code: str
    """The cause code that it is about."""
    matters: bool
    """The change of that cause is why a step forks; else it is there and nothing forks for it."""
    builder: Builder
    """The reader's."""
    writer: Build
    reader: Build
    forks: tuple[Fork, ...] = ()
    warnings: tuple[str, ...] = ()
    """Codes of the warnings, sorted, each once."""
    engine: str = ""
    """Empty: the default engine of the builder."""
    between: tuple[str, ...] = ()
    """Requests to the engine between the two builds: ``POST /build/prune?all=1``."""
    control: str = ""
    """What a second build by the writer showed."""
    at_once: bool = False
    """The reader begins one second after the writer, whether that has ended or not."""


_BUILDERS = {
    "classic": (Builder.CLASSIC, None),
    "buildkit": (Builder.BUILDKIT, Client.BUILDX),
    "buildkit-tar": (Builder.BUILDKIT, Client.BUILDX_TAR),
    "buildah": (Builder.BUILDAH, None),
}


def matters(
    builders: str, code: str, writer: Build, reader: Build, *forks: Fork, what: str = "", **more: Any
) -> tuple[Pair, ...]:
    """One pair for each builder, in which the change of a cause is why a step forks.

    ``builders`` are names of builders, with blanks between them; ``what`` tells pairs of one code apart.
    """
    return tuple(
        _pair(each, code, what, writer, reader, matters=True, forks=forks, **more)
        for each in builders.split()
    )


def idle(
    builders: str, code: str, writer: Build, reader: Build, *forks: Fork, what: str = "idle", **more: Any
) -> tuple[Pair, ...]:
    """One pair for each builder, in which the change is there and does not matter."""
    return tuple(
        _pair(each, code, what, writer, reader, matters=False, forks=forks, **more)
        for each in builders.split()
    )


def _pair(name: str, code: str, what: str, writer: Build, reader: Build, **more: Any) -> Pair:
    builder, client = _BUILDERS[name]
    return Pair(
        name="-".join(filter(None, (name, code, what))),
        code=code,
        builder=builder,
        writer=replace(writer, client=writer.client or client),
        reader=replace(reader, client=reader.client or client),
        **more,
    )


DEFAULT_ENGINES = {
    Builder.CLASSIC: "private:26.1",
    Builder.BUILDKIT: "private:26.1",
    Builder.BUILDAH: "podman:5.4",
}
DEFAULT_CLIENTS = {
    Builder.CLASSIC: Client.POST,
    Builder.BUILDKIT: Client.BUILDX,
    Builder.BUILDAH: Client.POST,
}
