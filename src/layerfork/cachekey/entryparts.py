"""The fields of a context entry as key parts."""

from layerfork.cachekey.filesum import typeflag_of
from layerfork.cachekey.tree import shown
from layerfork.model.cachekey import KeyPart
from layerfork.model.context import ContentSource, ContextEntry

PERMISSIONS = 0o7777
"""Permission, setuid, setgid and sticky bits; the rest of a tar mode is type bits."""


def header_parts(entry: ContextEntry, path: str, owner_names: bool = False) -> list[KeyPart]:
    """Every field that the classic builder hashes of an entry, content included.

    Size is no part of its own: a file's content implies it, other types have none. ``path`` is the
    entry's place in the context, whatever its name looked like when sent.
    """
    path = shown(path)
    typeflag = typeflag_of(entry)
    parts = [
        KeyPart(cause="entry-name", path=path, field="name", value=_bytes_text(entry.name, entry.raw_name)),
        KeyPart(cause="entry-type", path=path, field="typeflag", value=typeflag),
        KeyPart(cause="mode", path=path, field="mode", value=f"0{entry.mode & PERMISSIONS:03o}"),
        KeyPart(cause="uid", path=path, field="uid", value=str(entry.uid)),
        KeyPart(cause="gid", path=path, field="gid", value=str(entry.gid)),
    ]
    if entry.content is not None:
        parts.append(KeyPart(cause="content", path=path, field="content", value=entry.content))
    type_bits = entry.mode & ~PERMISSIONS
    if type_bits:
        parts.append(KeyPart(cause="mode-type-bits", path=path, field="mode", value=f"{type_bits:07o}"))
    parts.extend(_rare_parts(entry, path, typeflag))
    if owner_names:
        parts.append(KeyPart(cause="owner-name", path=path, field="uname", value=entry.uname))
        parts.append(KeyPart(cause="owner-name", path=path, field="gname", value=entry.gname))
    return parts


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
