"""Entries of a scenario's context, as its file writes them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from layerfork.record.scenario import MADE_AT, Entry, EntryKind

LONGEST_NAME = 255
"""Bytes of one part of a path: what Linux's file systems take."""
LARGEST = 1 << 30
"""Bytes of a file that is made."""


class EntryTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """``"path" = { … }``; a path that ends with a slash is a directory."""

    text: str | None = None
    hex: str | None = None
    size: int | None = None
    seed: int | None = None
    link: str | None = None
    hardlink: str | None = None
    fifo: bool | None = None
    mode: str | None = None
    uid: int | None = None
    gid: int | None = None
    mtime: datetime | None = None
    xattrs: dict[str, str] | None = None
    xattrs_hex: dict[str, str] | None = None
    name_hex: str | None = None
    """The last part of the name, where it is not text."""


class BadScenarioError(Exception):
    """What TOML allows and a scenario does not."""


_WHAT = ("text", "hex", "size", "link", "hardlink", "fifo")
"""Keys that say what an entry is: one of them replaces the others."""


def merged(
    tables: Mapping[str, EntryTable], changes: Mapping[str, EntryTable | bool]
) -> dict[str, EntryTable]:
    """The entries of the next phase: a table changes or adds its keys, ``false`` removes the entry."""
    after = dict(tables)
    for path, change in changes.items():
        if isinstance(change, bool):
            if change:
                raise BadScenarioError(f"{path} = true says nothing: write what it is, or false to remove it")
            if after.pop(path, None) is None:
                raise BadScenarioError(f"{path} cannot be removed: it does not exist")
            continue
        after[path] = _changed(after.get(path, EntryTable()), change)
    return after


def _changed(before: EntryTable, change: EntryTable) -> EntryTable:
    given: dict[str, Any] = {
        key: value for key in change.__struct_fields__ if (value := getattr(change, key)) is not None
    }
    kept = msgspec.structs.asdict(before)
    if any(key in given for key in _WHAT):
        kept |= dict.fromkeys((*_WHAT, "seed"))
    return EntryTable(**{**kept, **given})


def entries_of(tables: Mapping[str, EntryTable]) -> tuple[Entry, ...]:
    """The entries, directories before what lies in them. Raises: BadScenarioError."""
    entries = {path.rstrip("/"): _entry(path, table) for path, table in tables.items()}
    for path, entry in tuple(entries.items()):
        for parent in _parents(path):
            above = entries.setdefault(
                parent, Entry(name=parent.encode(), kind=EntryKind.DIRECTORY, mode=0o755)
            )
            if above.kind is not EntryKind.DIRECTORY:
                raise BadScenarioError(f"{path} lies in {parent}, which is a {above.kind.value}")
        if entry.kind is EntryKind.HARDLINK:
            _check_hardlink(path, entry, entries)
    order = sorted(entries.items(), key=lambda item: (item[1].kind is EntryKind.HARDLINK, item[0]))
    names = [entry.name for _, entry in order]
    if len(set(names)) < len(names):
        raise BadScenarioError("two entries have one name")
    return tuple(entry for _, entry in order)


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _check_hardlink(path: str, entry: Entry, entries: Mapping[str, Entry]) -> None:
    named = entries.get(entry.target.decode())
    if named is None or named.kind is not EntryKind.FILE:
        raise BadScenarioError(f"{path} is a hard link to {entry.target.decode()}, which is not a file here")


def _entry(path: str, table: EntryTable) -> Entry:
    name = _name(path, table)
    kind = _kind(path, table)
    size = table.size or 0
    if not 0 <= size <= LARGEST:
        raise BadScenarioError(f"{path}: size is 0 to {LARGEST}")
    return Entry(
        name=name,
        kind=kind,
        mode=_mode(path, table, 0o755 if kind is EntryKind.DIRECTORY else 0o644),
        uid=_owner(path, table.uid),
        gid=_owner(path, table.gid),
        mtime=_time(table.mtime),
        content=_content(path, table),
        size=size,
        seed=table.seed or 0,
        target=(table.link or table.hardlink or "").encode(),
        xattrs=_xattrs(path, table),
    )


def _is_file_name(name: bytes) -> bool:
    """Whether a directory can have an entry of this name."""
    if name in (b"", b".", b"..") or len(name) > LONGEST_NAME:
        return False
    return b"/" not in name and b"\0" not in name


def _name(path: str, table: EntryTable) -> bytes:
    parts = path.rstrip("/").split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise BadScenarioError(f"{path!r} leaves the context: paths are relative, without . and ..")
    if max(len(part.encode()) for part in parts) > LONGEST_NAME:
        raise BadScenarioError(f"{path[:40]}… has a name of more than {LONGEST_NAME} bytes")
    if table.name_hex is None:
        return path.rstrip("/").encode()
    last = _bytes(path, "name_hex", table.name_hex)
    if not _is_file_name(last):
        raise BadScenarioError(f"{path}: name_hex is not a file name")
    return "/".join((*parts[:-1], "")).encode() + last


def _kind(path: str, table: EntryTable) -> EntryKind:
    given = [key for key in _WHAT if getattr(table, key) is not None]
    if len(given) > 1:
        raise BadScenarioError(f"{path} is two things: {' and '.join(given)}")
    if path.endswith("/"):
        if given:
            raise BadScenarioError(f"{path} is a directory, which has no {given[0]}")
        return EntryKind.DIRECTORY
    kinds = {"link": EntryKind.LINK, "hardlink": EntryKind.HARDLINK, "fifo": EntryKind.FIFO}
    return kinds.get(given[0], EntryKind.FILE) if given else EntryKind.FILE


def _content(path: str, table: EntryTable) -> bytes:
    if table.hex is not None:
        return _bytes(path, "hex", table.hex)
    return (table.text or "").encode()


def _bytes(path: str, key: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadScenarioError(f"{path}: {key} is not hexadecimal") from None


def _xattrs(path: str, table: EntryTable) -> tuple[tuple[str, bytes], ...]:
    """Those that are text, then those that are not."""
    texts = {name: value.encode() for name, value in (table.xattrs or {}).items()}
    others = {name: _bytes(path, "xattrs_hex", value) for name, value in (table.xattrs_hex or {}).items()}
    if both := texts.keys() & others.keys():
        raise BadScenarioError(f"{path}: {min(both)} is in xattrs and in xattrs_hex")
    return (*texts.items(), *others.items())


def _mode(path: str, table: EntryTable, default: int) -> int:
    if table.mode is None:
        return default
    try:
        mode = int(table.mode, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o7777:
        raise BadScenarioError(f'{path}: mode is octal digits, such as "0755"')
    return mode


def _owner(path: str, number: int | None) -> int:
    if number is not None and not 0 <= number < 2**31:
        raise BadScenarioError(f"{path}: uid and gid are numbers from 0")
    return number or 0


def _time(value: datetime | None) -> float:
    """Seconds since 1970; a time without a zone is UTC."""
    if value is None:
        return MADE_AT
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
