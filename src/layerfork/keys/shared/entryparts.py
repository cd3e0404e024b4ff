"""The fields of a context entry as key parts."""

from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from layerfork.keys.classic.tarsum import typeflag_of
from layerfork.keys.shared.tree import shown
from layerfork.record.cachekey import EntryParts, Place, Row
from layerfork.record.context import ContentSource, ContextEntry

_UNKNOWN = frozenset({ContentSource.NOT_SENT, ContentSource.TRUNCATED, ContentSource.HIDDEN})

make_entry_parts: Callable[[tuple[str, tuple[Row, ...], tuple[Row, ...], tuple[Place, ...]]], EntryParts]
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
    """False when the entry has content that nobody hashed."""
    return entry.content_source not in _UNKNOWN


def _bytes_text(text: str, raw: bytes | None) -> str:
    return text if raw is None else f"bytes {raw.hex()}"
