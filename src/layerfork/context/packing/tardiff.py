"""Where a client's entries differ from those of a canonical tar, as far as a builder's keys read them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from layerfork.record.build import Builder
from layerfork.record.cause import CauseCode
from layerfork.record.context import ContextEntry, EntryType, SentDifference
from layerfork.record.gopath import context_path

Entries = Mapping[str, ContextEntry]
"""By path relative to the root, which is not among them."""
_PERMISSIONS, _TYPE_BITS, _SETUID_SETGID = 0o7777, 0o170000, 0o6000
_CAPABILITY = "security.capability"

Read = Callable[[ContextEntry], object]
"""What a key reads of an entry."""


def _xattrs_of_buildkit(entry: ContextEntry) -> object:
    hidden = ("security.", "system.")
    return tuple(
        (name, value) for name, value in entry.xattrs if name == _CAPABILITY or not name.startswith(hidden)
    )


def _permissions(entry: ContextEntry) -> int:
    return entry.mode & _PERMISSIONS


_LINK: tuple[CauseCode, Read] = (CauseCode.LINK_TARGET, lambda entry: entry.linkname_bytes)
_OWNERS: tuple[tuple[CauseCode, Read], ...] = (
    (CauseCode.UID, lambda entry: entry.uid),
    (CauseCode.GID, lambda entry: entry.gid),
)
_READ: dict[Builder, tuple[tuple[CauseCode, Read], ...]] = {
    Builder.CLASSIC: (
        (CauseCode.ENTRY_NAME, lambda entry: entry.name_bytes),
        (CauseCode.MODE_TYPE_BITS, lambda entry: entry.mode & _TYPE_BITS),
        (CauseCode.MODE, _permissions),
        *_OWNERS,
        _LINK,
        (CauseCode.XATTR, lambda entry: entry.xattrs),
    ),
    Builder.BUILDKIT: (
        (CauseCode.MODE, lambda entry: 0 if entry.type is EntryType.SYMLINK else _permissions(entry)),
        *_OWNERS,
        _LINK,
        (CauseCode.XATTR, _xattrs_of_buildkit),
    ),
    Builder.BUILDAH: (
        (CauseCode.MODE, lambda entry: _permissions(entry) & ~_SETUID_SETGID),
        _LINK,
        (CauseCode.XATTR, lambda entry: entry.xattrs),
    ),
}


def entries_by_path(entries: Iterable[ContextEntry]) -> Entries:
    """Entries as builders find them."""
    found = {context_path(entry.name): entry for entry in entries}
    found.pop(".", None)
    return found


def differences(
    sent: Entries, packed: Entries, builder: Builder, *, extras: bool = True
) -> tuple[SentDifference, ...]:
    """What differs, in the order of `CauseCode`. Contents are those of the same files, and not compared.

    ``extras`` says whether entries count that only the client has.
    """
    if builder is Builder.BUILDKIT:
        sent, packed = _as_unpacked(sent), _as_unpacked(packed)
    found: dict[CauseCode, SentDifference] = {}
    for path in sorted({*sent, *packed}):
        for cause, ours, theirs in _differing(sent.get(path), packed.get(path), builder, extras):
            known = found.get(cause)
            found[cause] = (
                SentDifference(cause=cause, entries=1, path=path, sent=ours, packed=theirs)
                if known is None
                else replace(known, entries=known.entries + 1)
            )
    order = list(CauseCode)
    return tuple(sorted(found.values(), key=lambda each: order.index(each.cause)))


def _as_unpacked(entries: Entries) -> Entries:
    """With the directories that BuildKit makes where there is no entry, and without hard links."""
    whole = dict(entries)
    for path, entry in entries.items():
        if entry.type is EntryType.HARDLINK:
            first = entries.get(context_path(entry.linkname), entry)
            whole[path] = replace(first, type=EntryType.FILE, linkname="", raw_linkname=None)
        for end in [place for place, char in enumerate(path) if char == "/"]:
            whole.setdefault(path[:end], ContextEntry(name=path[:end], type=EntryType.DIRECTORY, mode=0o755))
    return whole


def _differing(
    sent: ContextEntry | None, packed: ContextEntry | None, builder: Builder, extras: bool
) -> Iterator[tuple[CauseCode, str, str]]:
    if sent is None or packed is None:
        if extras or packed is not None:
            yield _absent(sent, packed)
        return
    if sent.type is not packed.type:
        hardlink = EntryType.HARDLINK in (sent.type, packed.type)
        yield CauseCode.HARDLINK if hardlink else CauseCode.ENTRY_TYPE, sent.type.value, packed.type.value
        return
    for cause, read in _READ[builder]:
        if read(sent) != read(packed):
            yield cause, _shown(cause, sent), _shown(cause, packed)


def _absent(sent: ContextEntry | None, packed: ContextEntry | None) -> tuple[CauseCode, str, str]:
    there = sent or packed
    assert there is not None
    cause = CauseCode.ENTRY_EXTRA if packed is None else CauseCode.ENTRY_MISSING
    if there.type is EntryType.DIRECTORY:
        cause = CauseCode.DIRECTORY_ENTRY
    return cause, "" if sent is None else sent.type.value, "" if packed is None else packed.type.value


_SHOWN: dict[CauseCode, Callable[[ContextEntry], str]] = {
    CauseCode.ENTRY_NAME: lambda entry: entry.name,
    CauseCode.MODE_TYPE_BITS: lambda entry: f"0{entry.mode:o}",
    CauseCode.MODE: lambda entry: f"0{_permissions(entry):03o}",
    CauseCode.UID: lambda entry: str(entry.uid),
    CauseCode.GID: lambda entry: str(entry.gid),
    CauseCode.LINK_TARGET: lambda entry: entry.linkname,
    CauseCode.XATTR: lambda entry: ", ".join(name for name, _ in entry.xattrs) or "none",
}


def _shown(cause: CauseCode, entry: ContextEntry) -> str:
    return _SHOWN[cause](entry)
