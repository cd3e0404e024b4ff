"""Build context entries, with every attribute that some builder hashes, and what clients send of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import NewType

from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode

Digest = NewType("Digest", str)
_SHOWN_DIGITS = 12


def short_digest(digest: str) -> str:
    """The first twelve digits, without the name of the algorithm: as docker shows an image id."""
    return digest.removeprefix("sha256:")[:_SHOWN_DIGITS]


"""``sha256:`` and 64 hexadecimal digits."""


class EntryType(StrEnum):
    """What a context entry is, whatever carried it (tar header or file sync)."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    CHAR_DEVICE = "char-device"
    BLOCK_DEVICE = "block-device"
    FIFO = "fifo"
    SOCKET = "socket"
    OTHER = "other"


TYPEFLAGS = {
    EntryType.FILE: "0",
    EntryType.HARDLINK: "1",
    EntryType.SYMLINK: "2",
    EntryType.CHAR_DEVICE: "3",
    EntryType.BLOCK_DEVICE: "4",
    EntryType.DIRECTORY: "5",
    EntryType.FIFO: "6",
}
"""Type characters of tar headers; a tar holds nothing else."""


class ContentSource(StrEnum):
    """Where an entry's content digest comes from."""

    NONE = "none"
    """The entry has no content (a directory, a link)."""
    SENT = "sent"
    """Hashed on the wire."""
    DISK = "disk"
    """Not sent in this build; hashed from the directory by the harness."""
    NOT_SENT = "not-sent"
    """The engine did not ask for it, and it was not hashed."""
    TRUNCATED = "truncated"
    """The stream ended inside the content."""
    HIDDEN = "hidden"
    """It is a secret that the client sent among the files: nothing about it is recorded."""


class Transport(StrEnum):
    """How the context travelled."""

    TAR = "tar"
    """Body of ``POST /build``, or an upload through a BuildKit session."""
    FILE_SYNC = "file-sync"
    """BuildKit's directory transfer: stats first, then the contents that were asked for."""
    REMOTE = "remote"
    """A git or HTTP source that the engine fetched itself."""
    DISK = "disk"
    """Read by a daemonless builder, or walked by us; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextEntry:
    """One file, directory or link offered to a build, as it was sent."""

    name: str
    """As sent: ``./a``, ``a`` and ``d/`` stay what they are. Bytes that are not UTF-8 appear as ``\\xNN``."""
    raw_name: bytes | None = None
    """The exact bytes, only when they are not UTF-8."""
    type: EntryType
    typeflag: str = ""
    """Type character of the tar header (``0 1 2 3 4 5 6 7``); empty when it was not a tar."""
    mode: int
    """As sent. Tar: the whole number of the header, type bits included. File sync: permission,
    setuid (04000), setgid (02000) and sticky (01000) bits."""
    uid: int = 0
    gid: int = 0
    uname: str = ""
    gname: str = ""
    size: int = 0
    mtime_ns: int = 0
    linkname: str = ""
    raw_linkname: bytes | None = None
    devmajor: int = 0
    devminor: int = 0
    xattrs: tuple[tuple[str, bytes], ...] = ()
    """Name without ``SCHILY.xattr.``, and raw value; sorted by name."""
    pax: tuple[tuple[str, str], ...] = ()
    """PAX records that became no field above, as sent."""
    content: Digest | None = None
    """SHA-256 of the content alone."""
    content_source: ContentSource = ContentSource.NONE
    tarsum: Digest | None = None
    """The classic builder's digest of this entry (header as sent, then content), computed in passing."""

    @property
    def name_bytes(self) -> bytes:
        return self.raw_name if self.raw_name is not None else self.name.encode()

    @property
    def linkname_bytes(self) -> bytes:
        return self.raw_linkname if self.raw_linkname is not None else self.linkname.encode()


_NAMES = tuple(field.name for field in fields(ContextEntry))
_VALUES = attrgetter(*_NAMES)
_SLOTS = tuple(getattr(ContextEntry, name).__set__ for name in _NAMES)


def with_content(entry: ContextEntry, content: Digest, source: ContentSource) -> ContextEntry:
    """The entry with a digest, as `dataclasses.replace` would make it, in a quarter of the time."""
    made = entry_of(_VALUES(entry))
    _PUT_CONTENT(made, content)
    _PUT_SOURCE(made, source)
    return made


def entry_of(values: Iterable[object]) -> ContextEntry:
    """An entry of the values of all its fields, in their order: a quick way to make very many."""
    made = object.__new__(ContextEntry)
    for put, value in zip(_SLOTS, values, strict=True):
        put(made, value)
    return made


_PUT_CONTENT, _PUT_SOURCE = (_SLOTS[_NAMES.index(name)] for name in ("content", "content_source"))


MAIN_CONTEXT = "context"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextManifest:
    """Everything that one build sent from one context, in the order it was sent."""

    name: str = MAIN_CONTEXT
    """``context`` for the main one; the name of a named context otherwise."""
    transport: Transport
    entries: Sequence[ContextEntry]
    """A tuple, or a sequence that equals it and decodes what it is asked for."""
    announced: str = ""
    """File sync: SHA-256 of all that the client said of its entries, hexadecimal; else empty."""
    compression: str = "identity"
    """``identity``, ``gzip``, ``bzip2``, ``xz`` or ``zstd``."""
    directory_name: str = ""
    """File sync: last part of the path of the directory that was sent, where the client's session says it."""
    remote: str = ""
    """URL of a remote source, credentials removed."""
    excludes: tuple[str, ...] = ()
    """Ignore patterns: those that the builder asked the client to apply (file sync), or those of the ignore
    file in a tar that was posted to the classic builder or podman."""
    followed_paths: tuple[str, ...] = ()
    """Paths that the builder asked for (file sync); empty is all of them."""
    global_pax: tuple[tuple[str, str], ...] = ()
    """Records of PAX global headers (``git archive`` sends one), as sent. Builders apply them to nothing."""
    sent_bytes: int = 0
    """Bytes on the wire, compressed if they were."""
    complete: bool = True
    """False when the stream ended early or was not understood; the record's gaps say where."""

    def __post_init__(self) -> None:
        if isinstance(self.entries, list):
            object.__setattr__(self, "entries", tuple(self.entries))


def display_name(raw: bytes) -> tuple[str, bytes | None]:
    """Text for a file name and, only when it is not UTF-8, the exact bytes beside it."""
    try:
        return raw.decode("utf-8"), None
    except UnicodeDecodeError:
        return raw.decode("utf-8", errors="backslashreplace"), raw


# What clients send of a directory, compared with its canonical tar.

SENDINGS_SCHEMA = "layerfork/pack-check/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDifference:
    """One attribute that a client sends with another value, and that the builder's keys read."""

    cause: CauseCode
    entries: int
    """How many of them."""
    path: str
    """The first of them."""
    sent: str
    """What the client sends of it; empty where it sends nothing."""
    packed: str
    """What the tar has of it; empty where it has nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingGroup:
    """Clients that send a directory in the same way, to one builder."""

    clients: tuple[str, ...]
    builder: Builder
    differences: tuple[SentDifference, ...]
    notes: tuple[str, ...] = ()
    """What was not compared, or always differs, a line each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingReport:
    """What every client sends of a directory."""

    context: str
    sendings: tuple[SendingGroup, ...]
    unknown: tuple[str, ...] = ()
    """Clients for which it is unknown what they send."""

    @property
    def differs(self) -> bool:
        """Whether some client sends something else."""
        return any(sending.differences for sending in self.sendings)
