"""What Go's standard library makes of text where Python's methods of the same name differ.

Python's ``strip`` and ``split`` know more blanks (U+001C to U+001F), ``lower`` and ``upper`` may make two
characters of one, ``isdigit`` and ``int`` take more digits.
Source: golang/go src/unicode/{graphic,letter}.go, src/strings/strings.go, src/strconv/atoi.go and
src/time/format.go @ go1.24.
"""

import re

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
