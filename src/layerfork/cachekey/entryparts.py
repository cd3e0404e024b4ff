"""The fields of a context entry as key parts."""

from collections.abc import Callable
from functools import lru_cache, partial

from layerfork.cachekey.filesum import typeflag_of
from layerfork.cachekey.tree import shown
from layerfork.model.cachekey import KeyPart
from layerfork.model.context import ContentSource, ContextEntry

make_part: Callable[[tuple[str, str, str, str]], KeyPart] = partial(tuple.__new__, KeyPart)
"""The quick way to make one of very many parts: from cause, path, field and value."""
PERMISSIONS = 0o7777
"""Permission, setuid, setgid and sticky bits; the rest of a tar mode is type bits."""


def header_parts(entry: ContextEntry, path: str, owner_names: bool = False) -> list[KeyPart]:
    """Every field that the classic builder hashes of an entry, content included.

    Size is no part of its own: a file's content implies it, other types have none. ``path`` is the
    entry's place in the context, whatever its name looked like when sent.
    """
    path = shown(path)
    typeflag = typeflag_of(entry)
    name = entry.name if entry.raw_name is None else f"bytes {entry.raw_name.hex()}"
    usual = _usual_fields(typeflag, entry.mode, entry.uid, entry.gid)
    parts = [make_part((cause, path, field, value)) for cause, field, value in usual]
    parts.append(make_part(("entry-name", path, "name", name)))
    if entry.content is not None:
        parts.append(make_part(("content", path, "content", entry.content)))
    if entry.linkname or entry.devmajor or entry.devminor or entry.xattrs:
        parts.extend(_rare_parts(entry, path, typeflag))
    if owner_names:
        parts.append(make_part(("owner-name", path, "uname", entry.uname)))
        parts.append(make_part(("owner-name", path, "gname", entry.gname)))
    return parts


@lru_cache(maxsize=1024)
def _usual_fields(typeflag: str, mode: int, uid: int, gid: int) -> tuple[tuple[str, str, str], ...]:
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


def _rare_parts(entry: ContextEntry, path: str, typeflag: str) -> list[KeyPart]:
    parts = []
    if entry.linkname:
        cause = "hardlink" if typeflag == "1" else "link-target"
        text = _bytes_text(entry.linkname, entry.raw_linkname)
        parts.append(KeyPart(cause=cause, path=path, field="linkname", value=text))
    for field, number in (("devmajor", entry.devmajor), ("devminor", entry.devminor)):
        if number:
            parts.append(KeyPart(cause="entry-type", path=path, field=field, value=str(number)))
    for name, value in entry.xattrs:
        parts.append(KeyPart(cause="xattr", path=path, field=name, value=value.hex()))
    return parts


def content_is_known(entry: ContextEntry) -> bool:
    """False when the entry has content that nobody hashed."""
    return entry.content_source not in (ContentSource.NOT_SENT, ContentSource.TRUNCATED)


def _bytes_text(text: str, raw: bytes | None) -> str:
    return text if raw is None else f"bytes {raw.hex()}"
