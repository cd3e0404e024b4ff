"""Text as Go's standard library reads and writes it, where Python's functions differ."""

import re

# What Go's standard library makes of text where Python's methods of the same name differ.
#
# Python's ``strip`` and ``split`` know more blanks (U+001C to U+001F), ``lower`` and ``upper`` may make two
# characters of one, ``isdigit`` and ``int`` take more digits.
# Source: golang/go src/unicode/{graphic,letter}.go, src/strings/strings.go, src/strconv/atoi.go and
# src/time/format.go @ go1.24.

SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What ``unicode.IsSpace`` calls white space."""
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_TERM = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_MAX_DIGITS = 21
_MAX_FRACTION = 18
"""Digits after the point that always count."""
_MAX_INT64 = (1 << 63) - 1
_UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}


def trim(text: str) -> str:
    """Without the white space around it."""
    return text.strip(SPACES)


def lower(text: str) -> str:
    """In small letters as far as ASCII words can tell, each character by itself."""
    return "".join(_one(char, char.lower()) for char in text)


def upper(text: str) -> str:
    """In capitals as far as ASCII words can tell, each character by itself."""
    return "".join(_one(char, char.upper()) for char in text)


def _one(char: str, mapped: str) -> str:
    """What Go maps a character to. Where Python makes several of one, Go's only ASCII letter is the ``i``
    of U+0130; the others stay as they are here."""
    if len(mapped) == 1:
        return mapped
    return "i" if char == "\u0130" else char


def parse_int32(text: str) -> int:
    """A decimal number of 32 bits.

    Raises: ValueError.
    """
    number = int(text) if _NUMBER.fullmatch(text) and len(text) < _MAX_DIGITS else 1 << 31
    if not -(1 << 31) <= number < 1 << 31:
        raise ValueError(f"{text!r} is no number of 32 bits")
    return number


def parse_duration_ns(text: str) -> int:
    """Nanoseconds of ``1m30s``; 0 for an empty text, as builders take it.

    Raises: ValueError.
    """
    if not text:
        return 0
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 1m30s")
    total = sum(_nanoseconds(*match.groups("")) for match in _TERM.finditer(text))
    if total > _MAX_INT64:
        raise ValueError(f"{text!r} is too long a time")
    return -total if text.startswith("-") else total


def _nanoseconds(whole: str, fraction: str, unit: str) -> int:
    """Whole units exactly, and as much of a fraction as Go's floating point makes of it."""
    significant = whole.lstrip("0")
    if len(significant) >= _MAX_DIGITS:
        return _MAX_INT64 + 1
    digits = fraction[:_MAX_FRACTION]
    part = float(int(digits or 0)) * (_UNITS_NS[unit] / 10.0 ** len(digits))
    return int(significant or 0) * _UNITS_NS[unit] + int(part)


# How Go writes strings and durations: the forms that history strings are made of.
#
# Source: golang/go src/strconv/quote.go and src/time/{time,format}.go @ go1.22.

_SHORT = {
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
    "\\": r"\\",
}
_WRITTEN_UNITS_NS = {"ns": 1, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}


def quote(text: str) -> str:
    """A string as ``%q`` writes it."""
    return '"' + "".join(r"\"" if char == '"' else _escaped(char) for char in text) + '"'


def quote_rune(number: int) -> str:
    """A number as ``%q`` writes it: as the character it stands for, U+FFFD where it stands for none."""
    is_character = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    char = chr(number if is_character else 0xFFFD)
    return "'" + (r"\'" if char == "'" else _escaped(char)) + "'"


def quote_list(words: tuple[str, ...]) -> str:
    """A slice as ``%q`` writes it: blanks between, no commas."""
    return "[" + " ".join(quote(word) for word in words) + "]"


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    number = ord(char)
    if 0xDC80 <= number <= 0xDCFF:
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def format_duration(nanoseconds: int) -> str:
    """``1m30s`` as Go writes a duration."""
    if nanoseconds == 0:
        return "0s"
    for unit in ("ns", "µs", "ms"):
        if nanoseconds < _WRITTEN_UNITS_NS[unit] * 1000:
            return _decimal(nanoseconds, _WRITTEN_UNITS_NS[unit]) + unit
    minutes, rest = divmod(nanoseconds, _WRITTEN_UNITS_NS["m"])
    text = _decimal(rest, _WRITTEN_UNITS_NS["s"]) + "s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = (f"{hours}h" if hours else "") + f"{minutes}m" + text
    return text


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if unit > 1 else ""
    return f"{whole}.{fraction}" if fraction else str(whole)
