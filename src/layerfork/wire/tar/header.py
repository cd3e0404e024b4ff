"""Tar headers as context entries: v7, ustar, GNU, PAX and star, with the extension headers before them."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zlib import adler32

from layerfork.record.context import ContextEntry, EntryType, display_name

# One 512-byte tar header block as a context entry: v7, ustar, GNU, PAX and star.
#
# Numbers, names and type characters are read as Go's ``archive/tar`` reads them, for that is what
# the engines use. Source: golang/go src/archive/tar/{reader,format,strconv}.go @ go1.21; the rules
# used here have been the same since go1.10.

BLOCK = 512
ZERO_BLOCK = bytes(BLOCK)
MAX_CACHED = 4096
"""How many different owners and tails are remembered; a hostile archive only makes it start again."""

GNU_MAGIC = b"ustar  \0"
_INT64 = 1 << 63
_ADLER_MODULUS = 65521

TYPES: dict[str, EntryType] = {
    "0": EntryType.FILE,
    "1": EntryType.HARDLINK,
    "2": EntryType.SYMLINK,
    "3": EntryType.CHAR_DEVICE,
    "4": EntryType.BLOCK_DEVICE,
    "5": EntryType.DIRECTORY,
    "6": EntryType.FIFO,
    "7": EntryType.FILE,
    "S": EntryType.FILE,
}
HEADER_ONLY = frozenset("123456")
"""Types whose size says nothing about bytes that follow."""
EXTENSIONS = frozenset("xgLK")
"""Headers about the entry that follows; ``g`` is about all of them, but Go applies it to none."""


class TarError(Exception):
    """The archive is not what any of the known formats allows.

    The text says what is wrong and quotes nothing: out of step, a header is some file's content.
    """


_Owner = tuple[int, int, int]
_Tail = tuple[str, str, int, int, bytes]


class HeaderReader:
    """Reads header blocks of one archive; remembers the parts that most entries share."""

    def __init__(self) -> None:
        self._owners: dict[bytes, _Owner] = {}
        self._tails: dict[bytes, _Tail] = {}

    def read(self, block: bytes) -> ContextEntry:
        """The entry of a header block whose bytes are not all zero, by this block alone.

        Raises: TarError.
        """
        # adler32's low half is 1 + the sum of the bytes: a sum at the speed of C
        byte_sum = adler32(block[156:], adler32(block[:148])) & 0xFFFF
        if (number(block[148:156]) - 255 - byte_sum) % _ADLER_MODULUS:
            _check_signed_sum(block)
        owner = self._owners.get(block[100:124]) or self._read_owner(block[100:124])
        tail = self._tails.get(block[257:]) or self._read_tail(block[257:])
        raw_name = block[:100].rstrip(b"\0").partition(b"\0")[0]
        if tail[4]:
            raw_name = tail[4] + b"/" + raw_name
        name, kept_name = display_name(raw_name)
        linkname, kept_linkname = "", None
        if block[157]:
            linkname, kept_linkname = display_name(block[157:257].partition(b"\0")[0])
        typeflag = chr(block[156])
        return ContextEntry(
            name=name,
            raw_name=kept_name,
            type=TYPES.get(typeflag, EntryType.OTHER),
            typeflag=typeflag,
            mode=owner[0],
            uid=owner[1],
            gid=owner[2],
            uname=tail[0],
            gname=tail[1],
            size=number(block[124:136]),
            mtime_ns=number(block[136:148]) * 1_000_000_000,
            linkname=linkname,
            raw_linkname=kept_linkname,
            devmajor=tail[2],
            devminor=tail[3],
        )

    def _read_owner(self, field: bytes) -> _Owner:
        if len(self._owners) >= MAX_CACHED:
            self._owners.clear()
        owner = (number(field[:8]), number(field[8:16]), number(field[16:24]))
        self._owners[field] = owner
        return owner

    def _read_tail(self, field: bytes) -> _Tail:
        """``field`` starts at the magic, byte 257 of the block."""
        if len(self._tails) >= MAX_CACHED:
            self._tails.clear()
        tail = _tail(field)
        self._tails[field] = tail
        return tail


def _tail(field: bytes) -> _Tail:
    magic = field[:8]
    if magic[:6] != b"ustar\0" and magic != GNU_MAGIC:
        return "", "", 0, 0, b""
    uname, gname = text(field[8:40]), text(field[40:72])
    devmajor, devminor = number(field[72:80]), number(field[80:88])
    width = 131 if field[251:255] == b"tar\0" else 155
    prefix = field[88 : 88 + width].partition(b"\0")[0]
    if magic == GNU_MAGIC and not _is_misplaced_prefix(field, prefix):
        prefix = b""
    return uname, gname, devmajor, devminor, prefix


def _is_misplaced_prefix(field: bytes, prefix: bytes) -> bool:
    """GNU has times where ustar has the prefix, but Go before 1.8 wrote a prefix there too."""
    try:
        number(field[88:100])
        number(field[100:112])
    except TarError:
        return prefix.isascii()
    return False


def text(field: bytes) -> str:
    """A NUL-terminated field as text."""
    return display_name(field.partition(b"\0")[0])[0]


def number(field: bytes) -> int:
    """A numeric field: octal digits padded with blanks or NULs, or base 256.

    Raises: TarError when it is neither, or beyond 64 bits.
    """
    try:
        value = int(field.rstrip(b"\0 "), 8)
    except ValueError:
        return _odd_number(field)
    if value < 0:
        raise TarError("a header field that is not a number")
    return value


def _odd_number(field: bytes) -> int:
    if field[0] & 0x80:
        return _base_256(field)
    digits = field.strip(b" \0").partition(b"\0")[0]
    if not digits:
        return 0
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise TarError("a header field that is not a number")
    return int(digits, 8)


def _base_256(field: bytes) -> int:
    bits = 8 * len(field) - 1
    value = int.from_bytes(field, "big") & ((1 << bits) - 1)
    if field[0] & 0x40:
        value -= 1 << bits
    if not -_INT64 <= value < _INT64:
        raise TarError("a number beyond 64 bits")
    return value


def _check_signed_sum(block: bytes) -> None:
    """Some old archivers summed signed bytes."""
    others = block[:148] + block[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in others) + 256
    if number(block[148:156]) != signed:
        raise TarError("wrong header checksum")


# PAX extended header records: their parsing, and what they change about an entry.
#
# Source: golang/go src/archive/tar/{reader,strconv}.go @ go1.21 (parsePAX, mergePAX, validPAXRecord).

Records = tuple[tuple[bytes, bytes], ...]
"""Keyword and value, in the order in which they were sent."""

XATTR = b"SCHILY.xattr."


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


# Extension headers of a tar: what they say of the entry that follows, or of all of them.

MAX_GLOBAL_RECORDS = 1000


class Extensions:
    """Extension headers that were seen and not used up yet."""

    def __init__(self) -> None:
        self.pending = False
        """Whether an extension header was seen whose entry has not come."""
        self.pax: Records = ()
        """PAX records for the next entry."""
        self.for_all: list[tuple[str, str]] = []
        """Records of PAX global headers, the first thousand."""
        self._long_name: bytes | None = None
        self._long_link: bytes | None = None

    def add(self, header: ContextEntry, data: bytes) -> None:
        """An extension header with its data, padding included. Raises: TarError."""
        data = data[: header.size]
        match header.typeflag:
            case "L":
                self._long_name = data.partition(b"\0")[0]
            case "K":
                self._long_link = data.partition(b"\0")[0]
            case "x":
                self.pax = parse_records(data)
            case _:
                self._forget()
                records = (
                    (display_name(name)[0], display_name(value)[0]) for name, value in parse_records(data)
                )
                self.for_all += itertools.islice(records, MAX_GLOBAL_RECORDS - len(self.for_all))

    def apply(self, entry: ContextEntry) -> ContextEntry:
        """The entry as its extension headers say; they are used up. Raises: TarError."""
        if self.pax:
            entry = apply_records(entry, self.pax)
        if self._long_name:
            name, raw_name = display_name(self._long_name)
            entry = replace(entry, name=name, raw_name=raw_name)
        if self._long_link:
            linkname, raw_linkname = display_name(self._long_link)
            entry = replace(entry, linkname=linkname, raw_linkname=raw_linkname)
        self._forget()
        return entry

    def _forget(self) -> None:
        self.pending = False
        self.pax = ()
        self._long_name = self._long_link = None
