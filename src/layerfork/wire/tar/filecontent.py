"""Content of one archive entry while it passes: its digests, and the few files whose content is kept."""

import posixpath
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from layerfork.record.context import ContentSource, ContextEntry, Digest, EntryType
from layerfork.wire.tar.sparse import SparseHash, SparseMap

# The few files of an archive whose content is kept: the Dockerfile, which a record shows, ignore files.

MAX_BYTES = 1 << 20
MAX_LINKS = 10


class KeptFile:
    """Keeps a file by name, also when that name is a symbolic link to a file that comes later.

    The default name may be written in lower case. Source: moby/moby
    builder/remotecontext/detect.go:withDockerfileFromContext @ v26.1.5.
    """

    def __init__(self, name: str | None, also: Iterable[str] = ()) -> None:
        """Names are normalised and relative; None keeps no file of this kind."""
        self.tails: tuple[str, ...] = ()
        """How the names of entries that may be wanted end: a quick first look."""
        self._name = name
        self._links: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}
        self._names: set[str] = set()
        for wanted in (name, "dockerfile" if name == "Dockerfile" else None, *also):
            if wanted is not None:
                self._want(wanted)

    @property
    def content(self) -> bytes | None:
        """The content of the first file."""
        return self.content_of(self._name)

    def content_of(self, name: str | None) -> bytes | None:
        """At most 1 MiB of a file; of several entries with its name the last; None when it was not sent."""
        for _ in range(MAX_LINKS):
            if name is None or name not in self._links:
                break
            name = self._links[name]
        if name == "Dockerfile" and name not in self._contents:
            name = "dockerfile"
        return self._contents.get(name) if name is not None else None

    def wants(self, entry: ContextEntry) -> bool:
        """Whether the content of this entry is to be kept."""
        return entry.name.endswith(self.tails) and _normal(entry.name) in self._names

    def keep(self, entry: ContextEntry, content: bytes) -> None:
        """The content of an entry that is wanted."""
        name = _normal(entry.name)
        self._links.pop(name, None)
        self._contents[name] = content

    def follow(self, entry: ContextEntry) -> None:
        """Want the target of a link instead of the wanted entry."""
        if entry.type is EntryType.SYMLINK and len(self._names) <= MAX_LINKS:
            name = _normal(entry.name)
            target = _normal(posixpath.join(posixpath.dirname(name), entry.linkname))
            self._links[name] = target
            self._want(target)

    def _want(self, name: str) -> None:
        self._names.add(name)
        self.tails = (*self.tails, posixpath.basename(name))


def _normal(name: str) -> str:
    return posixpath.normpath("/" + name).lstrip("/")


HeaderSum = Callable[[ContextEntry], bytes]
"""The bytes that the classic builder hashes for an entry before its content."""


class EntryContent:
    """Hashes the content of an entry, piece by piece, alone and after the builder's header bytes."""

    def __init__(
        self, entry: ContextEntry, *, header_sum: HeaderSum | None, layout: SparseMap | None, captured: bool
    ) -> None:
        """``layout`` is where the sent bytes of a sparse file belong; ``captured`` also keeps them."""
        self.entry = entry
        self.kept = bytearray() if captured else None
        self._alone = sha256()
        self._summed = sha256(header_sum(entry)) if header_sum is not None else None
        self._sparse = SparseHash(layout, _Both(self._hash)) if layout is not None else None

    def update(self, data: memoryview) -> None:
        """The next bytes, as sent."""
        if self._sparse is None:
            self._hash(data)
        else:
            self._sparse.update(data)

    def finish(self) -> ContextEntry:
        """The entry with its digests."""
        summed = self._summed.hexdigest() if self._summed is not None else None
        seal(self.entry, self._alone.hexdigest(), summed)
        return self.entry

    def _hash(self, data: bytes | memoryview) -> None:
        self._alone.update(data)
        if self._summed is not None:
            self._summed.update(data)
        if self.kept is not None:
            self.kept += data[: MAX_BYTES - len(self.kept)]


class _Both:
    """A hash whose update goes to a function."""

    def __init__(self, update: Callable[[bytes | memoryview], None]) -> None:
        self.update = update


_set: Callable[[ContextEntry, str, Any], None] = object.__setattr__


def seal(entry: ContextEntry, content: str | None, tarsum: str | None) -> None:
    """Set the digests (hexadecimal) of an entry that is not shared yet.

    Writes into the frozen value: the header must be an entry before the content passes, and
    copying it costs more than hashing a small file.
    """
    if content is not None:
        _set(entry, "content", Digest("sha256:" + content))
        _set(entry, "content_source", ContentSource.SENT)
    if tarsum is not None:
        _set(entry, "tarsum", Digest("sha256:" + tarsum))
