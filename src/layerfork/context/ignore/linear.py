"""Expressions of engines that backtrack, searched in linear time where RE2 can say the same."""

import re
from collections.abc import Callable

import re2

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(r"\\([^\w\s]|\s)", re.ASCII)


def linear_match(regex: str) -> Callable[[str], bool] | None:
    """As Python's ``match(regex + "$")``, before whose end one line feed may stand; None when RE2 cannot."""
    found = _compiled(rf"\A(?:{regex})\n?\z")
    return None if found is None else lambda text: found.search(_whole(text)) is not None


def linear_search(regex: str) -> Callable[[str], bool] | None:
    """Whether a text holds a match; None when RE2 cannot say it."""
    found = _compiled(regex)
    return None if found is None else lambda text: found.search(_whole(text)) is not None


def _compiled(regex: str) -> re2._Regexp | None:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    try:
        return re2.compile(_hexadecimal(_whole(regex)), options)
    except re2.error:
        return None


def _hexadecimal(regex: str) -> str:
    """Escaped blanks and signs as both engines read them."""
    return _ESCAPED.sub(lambda found: rf"\x{ord(found[1]):02x}" if found[1].isascii() else found[1], regex)


def _whole(text: str) -> str:
    """A byte that is no UTF-8 is one character that no pattern names."""
    return _SURROGATE.sub("\ufffd", text)
