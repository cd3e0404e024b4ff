"""How Go writes strings and durations: the forms that history strings are made of.

Source: golang/go src/strconv/quote.go and src/time/{time,format}.go @ go1.22.
"""

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
_UNITS_NS = {"ns": 1, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000}


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
        if nanoseconds < _UNITS_NS[unit] * 1000:
            return _decimal(nanoseconds, _UNITS_NS[unit]) + unit
    minutes, rest = divmod(nanoseconds, _UNITS_NS["m"])
    text = _decimal(rest, _UNITS_NS["s"]) + "s"
    if minutes:
        hours, minutes = divmod(minutes, 60)
        text = (f"{hours}h" if hours else "") + f"{minutes}m" + text
    return text


def _decimal(number: int, unit: int) -> str:
    whole, rest = divmod(number, unit)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if unit > 1 else ""
    return f"{whole}.{fraction}" if fraction else str(whole)
