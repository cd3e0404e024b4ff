"""Writes a tar archive whose headers are exactly the given entries: the same bytes every time.

Source: POSIX.1-2017, pax utility, "ustar Interchange Format" and "pax Interchange Format".
"""

from collections.abc import Callable, Iterable
from typing import IO

from layerfork.record.context import TYPEFLAGS, ContextEntry, EntryType

BLOCK = 512
RECORD = 10240
"""Archives end in zeros up to a multiple of this, as tar's own do."""

Contents = Callable[[ContextEntry], Iterable[bytes]]
"""Gives a file's bytes in pieces; they must add up to the entry's size."""


def write_tar(entries: Iterable[ContextEntry], contents: Contents, out: IO[bytes]) -> None:
    """Write entries in the given order, names and modes exactly as they are, type bits included.

    What does not fit the old header (long or wide values, xattrs, fractions of seconds) goes to a PAX
    header of its own. Sockets cannot be in a tar and are left out.

    Raises: ValueError when a file's contents do not have its size.
    """
    written = 0
    for entry in entries:
        if entry.type is EntryType.SOCKET:
            continue
        head = entry_head(entry)
        out.write(head)
        written += len(head)
        if _has_content(entry):
            written += _write_content(entry, contents, out)
    out.write(archive_end(written))


def entry_head(entry: ContextEntry) -> bytes:
    """What stands before an entry's content: its header, and before that a PAX header if it needs one."""
    records = _pax_records(entry)
    return (_pax(records) if records else b"") + _header(entry, entry.size if _has_content(entry) else 0)


def archive_end(written: int) -> bytes:
    """What ends an archive after ``written`` bytes."""
    return bytes(-(written + 2 * BLOCK) % RECORD + 2 * BLOCK)


def _has_content(entry: ContextEntry) -> bool:
    return _typeflag(entry) not in "123456"


def _typeflag(entry: ContextEntry) -> str:
    return entry.typeflag or TYPEFLAGS.get(entry.type, "0")


def _write_content(entry: ContextEntry, contents: Contents, out: IO[bytes]) -> int:
    size = 0
    for piece in contents(entry):
        out.write(piece)
        size += len(piece)
    if size != entry.size:
        raise ValueError(f"{entry.name} has {size} bytes, its header says {entry.size}")
    padding = -size % BLOCK
    out.write(bytes(padding))
    return size + padding


def _pax_records(entry: ContextEntry) -> list[tuple[str, bytes]]:
    records = [(name, value.encode()) for name, value in entry.pax]
    if len(entry.name_bytes) > 100:
        records.append(("path", entry.name_bytes))
    if len(entry.linkname_bytes) > 100:
        records.append(("linkpath", entry.linkname_bytes))
    for name, number, digits in (("size", entry.size, 11), ("uid", entry.uid, 7), ("gid", entry.gid, 7)):
        if not 0 <= number < 8**digits:
            records.append((name, str(number).encode()))
    seconds, nanoseconds = divmod(entry.mtime_ns, 10**9)
    if nanoseconds or not 0 <= seconds < 8**11:
        sign = "-" if entry.mtime_ns < 0 else ""
        whole, rest = divmod(abs(entry.mtime_ns), 10**9)
        records.append(("mtime", f"{sign}{whole}.{rest:09d}".rstrip("0").rstrip(".").encode()))
    records.extend((f"SCHILY.xattr.{name}", value) for name, value in entry.xattrs)
    return records


def _pax(records: list[tuple[str, bytes]]) -> bytes:
    body = b"".join(pax_record(name.encode() + b"=" + value) for name, value in records)
    header = header_block(name=b"PaxHeaders/entry", mode=0o644, size=len(body), typeflag="x")
    return header + body + bytes(-len(body) % BLOCK)


def pax_record(pair: bytes) -> bytes:
    """``<length> <pair>\\n``, where the length counts its own digits."""
    length = len(pair) + 3
    while len(str(length)) + len(pair) + 2 != length:
        length = len(str(length)) + len(pair) + 2
    return str(length).encode() + b" " + pair + b"\n"


def _header(entry: ContextEntry, size: int) -> bytes:
    return header_block(
        name=entry.name_bytes[:100],
        mode=entry.mode,
        uid=entry.uid,
        gid=entry.gid,
        size=size,
        seconds=entry.mtime_ns // 10**9,
        typeflag=_typeflag(entry),
        linkname=entry.linkname_bytes[:100],
        uname=entry.uname.encode()[:32],
        gname=entry.gname.encode()[:32],
        devmajor=entry.devmajor,
        devminor=entry.devminor,
    )


def header_block(
    *,
    name: bytes,
    mode: int,
    size: int,
    typeflag: str,
    uid: int = 0,
    gid: int = 0,
    seconds: int = 0,
    linkname: bytes = b"",
    uname: bytes = b"",
    gname: bytes = b"",
    devmajor: int = 0,
    devminor: int = 0,
    prefix: bytes = b"",
    has_devices: bool = True,
) -> bytes:
    """One header block with its checksum; names longer than their fields are the caller's business."""
    fields = (
        name.ljust(100, b"\0"),
        _octal(mode, 8),
        _octal(uid, 8),
        _octal(gid, 8),
        _octal(size, 12),
        _octal(seconds, 12),
        b" " * 8,
        typeflag.encode("latin-1"),
        linkname.ljust(100, b"\0"),
        b"ustar\x0000",
        uname.ljust(32, b"\0"),
        gname.ljust(32, b"\0"),
        _octal(devmajor, 8) if has_devices else bytes(8),
        _octal(devminor, 8) if has_devices else bytes(8),
        prefix.ljust(155, b"\0"),
    )
    block = b"".join(fields).ljust(BLOCK, b"\0")
    checksum = b"%06o\0 " % sum(block)
    return block[:148] + checksum + block[156:]


def _octal(number: int, width: int) -> bytes:
    """Octal digits and a NUL; zero where a PAX record holds what does not fit."""
    fits = 0 <= number < 8 ** (width - 1)
    return b"%0*o\0" % (width - 1, number if fits else 0)
