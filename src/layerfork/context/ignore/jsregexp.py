"""JavaScript's regular expressions without flags, as far as ignore patterns can hold them.

Source: ECMA-262, 15th edition, 22.2.1 and B.1.2 (what browsers and Node.js accept beside it).
"""

import re
from collections.abc import Callable
from functools import lru_cache

from layerfork.context.ignore.linear import linear_search
from layerfork.context.ignore.malformed import malformed, unmodelled

BLANK = " \t\n\v\f\r\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
"""White space and line ends; a byte order mark is among them."""

_TOKEN = re.compile(
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
    for token in _TOKEN.finditer(expression):
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
