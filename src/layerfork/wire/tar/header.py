"""One 512-byte tar header block as a context entry: v7, ustar, GNU, PAX and star.

Numbers, names and type characters are read as Go's ``archive/tar`` reads them, for that is what
the engines use. Source: golang/go src/archive/tar/{reader,format,strconv}.go @ go1.21; the rules
used here have been the same since go1.10.
"""

from zlib import adler32

from layerfork.record.context import ContextEntry, EntryType, display_name

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
    """GNU has times where ustar has the prefix, but Go before 1.8 wrote a prefix all the same."""
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
