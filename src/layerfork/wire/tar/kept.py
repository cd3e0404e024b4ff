"""The few files of an archive whose content is kept: the Dockerfile, which a record shows, ignore files."""

import posixpath
from collections.abc import Iterable

from layerfork.record.context import ContextEntry, EntryType

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
        """An entry that is wanted has no content: where it points to is wanted instead."""
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
