"""The fields of a context entry as key parts, and the facts of a context that enter no key."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256

from layerfork.keys.classic.tarsum import typeflag_of
from layerfork.keys.unpacked import shown
from layerfork.record.cachekey import EntryParts, KeyPart, KeyPlace, Row
from layerfork.record.context import ContentSource, ContextEntry, ContextManifest
from layerfork.record.gopath import context_path

_UNKNOWN = frozenset({ContentSource.NOT_SENT, ContentSource.TRUNCATED, ContentSource.HIDDEN})

make_entry_parts: Callable[[tuple[str, tuple[Row, ...], tuple[Row, ...], tuple[KeyPlace, ...]]], EntryParts]
make_entry_parts = partial(tuple.__new__, EntryParts)
"""The quick way to make one of very many: from path, usual and own rows."""
PERMISSIONS = 0o7777
"""Permission, setuid, setgid and sticky bits; the rest of a tar mode is type bits."""


def header_parts(entry: ContextEntry, path: str, owner_names: bool = False) -> EntryParts:
    """Every field that the classic builder hashes of an entry, content included.

    Size is no part of its own: a file's content implies it, other types have none. ``path`` is the
    entry's place in the context, whatever its name looked like when sent.
    """
    typeflag = typeflag_of(entry)
    name = entry.name if entry.raw_name is None else f"bytes {entry.raw_name.hex()}"
    row = ("entry-name", "name", name)
    content = entry.content
    own: tuple[Row, ...] = (row,) if content is None else (row, ("content", "content", content))
    if entry.linkname or entry.devmajor or entry.devminor or entry.xattrs:
        own = (*own, *_rare_rows(entry, typeflag))
    if owner_names:
        own = (*own, ("owner-name", "uname", entry.uname), ("owner-name", "gname", entry.gname))
    path = path if path.isascii() else shown(path)
    return make_entry_parts((path, _usual_rows(typeflag, entry.mode, entry.uid, entry.gid), own, ()))


@lru_cache(maxsize=1024)
def _usual_rows(typeflag: str, mode: int, uid: int, gid: int) -> tuple[Row, ...]:
    """Cause, field and value of what every entry has: few combinations occur in one context."""
    fields = (
        ("entry-type", "typeflag", typeflag),
        ("mode", "mode", f"0{mode & PERMISSIONS:03o}"),
        ("uid", "uid", str(uid)),
        ("gid", "gid", str(gid)),
    )
    type_bits = mode & ~PERMISSIONS
    if not type_bits:
        return fields
    return (*fields, ("mode-type-bits", "mode", f"{type_bits:07o}"))


def _rare_rows(entry: ContextEntry, typeflag: str) -> Iterator[Row]:
    if entry.linkname:
        cause = "hardlink" if typeflag == "1" else "link-target"
        yield cause, "linkname", _bytes_text(entry.linkname, entry.raw_linkname)
    for field, number in (("devmajor", entry.devmajor), ("devminor", entry.devminor)):
        if number:
            yield "entry-type", field, str(number)
    for name, value in entry.xattrs:
        yield "xattr", name, value.hex()


def content_is_known(entry: ContextEntry) -> bool:
    """False when the entry has content that was not hashed."""
    return entry.content_source not in _UNKNOWN


def _bytes_text(text: str, raw: bytes | None) -> str:
    return text if raw is None else f"bytes {raw.hex()}"


# Facts of a context that differ between clients and enter no key, each as one part.

LISTS = ("entry order", "mtime", "pax")
"""Facts of all entries together: the value is a digest, which says nothing but whether two are equal."""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """Order, times, format and the like, each as a part. Made when somebody asks: hardly anybody does."""

    context: ContextManifest | None
    owner_names: bool = True
    """False where names are parts of keys."""

    def __iter__(self) -> Iterator[KeyPart]:
        return _parts(self.context, self.owner_names) if self.context is not None else iter(())


def _parts(context: ContextManifest, owner_names: bool) -> Iterator[KeyPart]:
    paths = [context_path(entry.name) for entry in context.entries]
    times = [f"{path} {entry.mtime_ns}" for path, entry in zip(paths, context.entries, strict=True)]
    pax = [f"{path} {entry.pax}" for path, entry in zip(paths, context.entries, strict=True) if entry.pax]
    facts = {
        "compression": context.compression,
        "entry order": _listing(paths),
        "mtime": _listing(sorted(times)),
        "pax": _listing(sorted(pax)),
        "root entry": "sent" if "." in paths else "not sent",
    }
    if owner_names:
        names = {(entry.uname, entry.gname) for entry in context.entries} - {("", "")}
        facts["owner names"] = ", ".join(sorted(map(":".join, names)))
    for name, value in facts.items():
        yield KeyPart(cause=name, field=name, value=value)


def _listing(lines: list[str]) -> str:
    return sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
