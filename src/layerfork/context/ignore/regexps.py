"""Regular expressions of Go, Python and JavaScript, as far as ignore patterns hold them."""

import re
from collections.abc import Callable
from functools import lru_cache

import re2

from layerfork.errors import UsageError


def malformed(pattern: str) -> UsageError:
    """An ignore pattern that the program which reads it refuses."""
    return UsageError(f"malformed ignore pattern {pattern!r}", "close its [ or escape it with \\")


def unmodelled(pattern: str) -> UsageError:
    """An ignore pattern whose meaning to the program which reads it is not known here."""
    return UsageError(
        f"ignore pattern {pattern!r} is not modelled", "write it without the escapes of letters"
    )


# Go's regular expressions, on RE2: the engine that Go's own follows, with the same syntax.

_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|.", re.DOTALL)


@lru_cache(maxsize=1024)
def go_regexp(expression: str) -> Callable[[str], bool]:
    """A function that says whether a text contains a match of an expression.

    ``.`` matches no newline, ``$`` only the end, classes of a backslash and a letter are ASCII. As in Go,
    each byte that is not UTF-8 (here a surrogate) reads as U+FFFD.
    Source: golang/go src/regexp/syntax/{parse,doc}.go @ go1.22; google/re2 doc/syntax.txt @ 2025-11-05.
    Raises: UsageError for an expression that Go refuses.
    """
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    if "\\C" in _TOKEN.findall(expression):  # any byte: RE2 has it, Go does not
        raise malformed(expression)
    try:
        compiled = re2.compile(_as_go_reads(expression), options)
    except re2.error as error:
        raise malformed(expression) from error
    search = compiled.search
    return lambda text: search(_as_go_reads(text)) is not None


def _as_go_reads(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text).encode()


# Expressions of engines that backtrack, searched in linear time where RE2 can say the same.

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


# JavaScript's regular expressions without flags, as far as ignore patterns can hold them.
#
# Source: ECMA-262, 15th edition, 22.2.1 and B.1.2 (what browsers and Node.js accept beside it).

BLANK = " \t\n\v\f\r\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""White space and line ends; a byte order mark is among them."""

_JS_TOKEN = re.compile(
    r"\\(?P<escape>.)|\[(?P<set>(?:\\.|[^\]\\])*)\]|(?P<repeat>\{\d+(?:,\d*)?\}|[*+?])|(?P<other>.)",
    re.DOTALL,
)
_FOR_RE2 = {r"\Z": r"\z", r"(?a:\b)": r"\b", r"(?a:\B)": r"\B", "(?!)": r"[^\x00-\x{10ffff}]"}
_ITEM = re.compile(r"\\.|.", re.DOTALL)
_SETS = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    "s": re.escape(BLANK),
}
_CONTROLS = {"t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_BOUNDARIES = {"b": r"(?a:\b)", "B": r"(?a:\B)"}
_UNMODELLED = frozenset("0123456789cdkuwxsDWS")
"""After a backslash in a set: what makes no single character of its own, or is spelt with more characters."""
_OTHER = {"(": "(", ")": ")", "|": "|", "^": "^", "$": r"\Z", ".": "[^\n\r\u2028\u2029]"}


@lru_cache(maxsize=256)
def js_regexp(expression: str) -> Callable[[str], bool]:
    """Whether a text holds a match of an expression.

    Raises: UsageError for one that JavaScript refuses, or that is not modelled: escapes that are spelt with
    digits, ``c``, ``k``, ``u`` or ``x``.
    """
    pieces: list[str] = []
    repeatable = False
    for token in _JS_TOKEN.finditer(expression):
        if token["repeat"] is not None and not repeatable:
            raise malformed(expression)
        pieces.append(_piece(token, expression))
        repeatable = token["repeat"] is None and token[0] not in ("(", "|", "^", "$", "\\b", "\\B")
    try:
        compiled = re.compile("".join(pieces))
    except (re.error, OverflowError, RecursionError) as error:
        raise malformed(expression) from error
    plain = "".join(_FOR_RE2.get(piece, piece) for piece in pieces)
    return linear_search(plain) or (lambda text: compiled.search(text) is not None)


def _piece(token: re.Match[str], expression: str) -> str:
    if token["escape"] is not None:
        return _escape(token["escape"], expression)
    if token["set"] is not None:
        return _set(token["set"], expression)
    if token["repeat"] is not None:
        return token["repeat"]
    char = token["other"]
    if char in "[\\":
        raise malformed(expression)
    return _OTHER.get(char, re.escape(char))


def _escape(char: str, expression: str) -> str:
    if char.lower() in _SETS:
        return f"[{'^' * char.isupper()}{_SETS[char.lower()]}]"
    if char in _UNMODELLED:
        raise unmodelled(expression)
    return _BOUNDARIES.get(char) or re.escape(_CONTROLS.get(char, char))


def _set(body: str, expression: str) -> str:
    """``[]`` matches nothing and ``[^]`` anything; a bracket needs no backslash after its like."""
    negated = body.startswith("^")
    items = _ITEM.findall(body[negated:])
    if not items:
        return r"[\s\S]" if negated else "(?!)"
    ranges = []
    while items:
        low = high = _set_item(items.pop(0), expression)
        if len(items) > 1 and items[0] == "-":
            high = _set_item(items[1], expression)
            del items[:2]
        if low > high:
            raise malformed(expression)
        ranges.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"[{'^' * negated}{''.join(ranges)}]"


def _set_item(item: str, expression: str) -> str:
    char = item[-1]
    if len(item) > 1 and char in _UNMODELLED:
        raise unmodelled(expression)
    return {**_CONTROLS, "b": "\b"}.get(char, char) if len(item) > 1 else char
