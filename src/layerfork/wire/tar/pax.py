"""PAX extended header records: their parsing, and what they change about an entry.

Source: golang/go src/archive/tar/{reader,strconv}.go @ go1.21 (parsePAX, mergePAX, validPAXRecord).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from layerfork.record.context import ContextEntry, display_name
from layerfork.wire.tar.header import TarError

Records = tuple[tuple[bytes, bytes], ...]
"""Keyword and value, in the order in which they were sent."""

XATTR = b"SCHILY.xattr."
_INT64 = 1 << 63


def parse_records(data: bytes) -> Records:
    """The records of one extended header.

    Raises: TarError.
    """
    records: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(data):
        blank = data.find(b" ", at, at + 20)
        length = _decimal(data[at:blank]) if blank >= 0 else 0
        end = at + length
        if length < 5 or end > len(data) or data[end - 1] != 0x0A:
            raise TarError("a PAX record has a wrong length")
        key, equals, value = data[blank + 1 : end - 1].partition(b"=")
        if not equals or b"\0" in key or (b"\0" in value and key in _TEXT_FIELDS):
            raise TarError("a PAX record is not keyword=value")
        records.append((key, value))
        at = end
    return tuple(records)


def apply_records(entry: ContextEntry, records: Records) -> ContextEntry:
    """The entry with what its PAX records say; the last of equal keywords counts, an empty value nothing.

    Raises: TarError.
    """
    changes: dict[str, Any] = {}
    xattrs: dict[str, bytes] = {}
    others: list[tuple[str, str]] = []
    for key, value in dict(records).items():
        if key in _FIELDS:
            if value:
                changes.update(_FIELDS[key](value))
        elif key.startswith(XATTR):
            xattrs[display_name(key[len(XATTR) :])[0]] = value
        else:
            others.append((display_name(key)[0], display_name(value)[0]))
    return replace(entry, xattrs=tuple(sorted(xattrs.items())), pax=tuple(others), **changes)


def pax_number(value: bytes) -> int:
    """A whole decimal number within 64 bits.

    Raises: TarError.
    """
    number = _decimal(value)
    if not -_INT64 <= number < _INT64:
        raise TarError("a PAX number beyond 64 bits")
    return number


def pax_time_ns(value: bytes) -> int:
    """Seconds with a decimal fraction as nanoseconds; further digits are cut.

    Raises: TarError.
    """
    seconds, _, fraction = value.partition(b".")
    if fraction and not fraction.isdigit():
        raise TarError("a malformed PAX time")
    whole = pax_number(seconds) * 1_000_000_000
    part = int(fraction[:9].ljust(9, b"0") or b"0")
    return whole - part if seconds.startswith(b"-") else whole + part


def _decimal(value: bytes) -> int:
    digits = value[1:] if value[:1] in (b"-", b"+") else value
    if not digits.isdigit() or len(digits) > 40:
        raise TarError("a PAX record that is not a number")
    return int(value)


_FIELDS: dict[bytes, Callable[[bytes], dict[str, Any]]] = {
    b"path": lambda value: dict(zip(("name", "raw_name"), display_name(value), strict=True)),
    b"linkpath": lambda value: dict(zip(("linkname", "raw_linkname"), display_name(value), strict=True)),
    b"mtime": lambda value: {"mtime_ns": pax_time_ns(value)},
    b"uname": lambda value: {"uname": display_name(value)[0]},
    b"gname": lambda value: {"gname": display_name(value)[0]},
    b"uid": lambda value: {"uid": pax_number(value)},
    b"gid": lambda value: {"gid": pax_number(value)},
    b"size": lambda value: {"size": pax_number(value)},
}
_TEXT_FIELDS = frozenset({b"path", b"linkpath", b"uname", b"gname"})
