"""Values as Dockerfiles, shells, JSON and lists of words write them, and which of them are worth hiding."""

import re
from collections.abc import Iterator

from layerfork.wire.redact.names import is_trivial
from layerfork.wire.redact.tokens import Span

_VALUE = re.compile(
    r"\"(?P<double>(?:[^\"\\\n]|\\[\s\S])*+)\""
    r"|'(?P<single>[^'\n]*+(?:'(?:\"'\"|\\')'[^'\n]*+)*+)'"
    r"|(?P<escape>\\++\")(?P<escaped>(?:(?!\\\")[^\n])*+)"
    r"|(?P<open>[\"'][^\n]*+)"
    r"|(?P<bare>(?:[^\s\"'\\]|\\[\s\S])++)"
)
"""A value as a Dockerfile, a shell and JSON write one. Bare, it ends at a blank: what ends it in a shell may
well be part of it elsewhere."""
_REST = {
    '"': re.compile(r"(?:[^\"\\\n]|\\(?!\")[\s\S])*+"),
    "'": re.compile(r"[^'\n]*+"),
}
_ENDS = ";)]},&|\\"
_ENDS_AFTER = {"?": re.compile(r"[&#]"), "&": re.compile(r"[&#]"), ",": re.compile(r",")}
_DEFAULT = re.compile(r"[\"']?(?:\$\{\w++:?[-+=?])++(?P<value>[^}\n]*+)")
"""Of ``${NAME:-value}`` the value."""
_TOLD = re.compile(r"(?:\\?[\"'])?(?:\$|\\\$\{?\w+\}?(?!\S)|hidden:[0-9a-f]{16}(?=[\s\"'\\;&|,)\]}<]|$))")
"""How a value begins that holds no secret: a variable, or what is hidden already."""
GAP = r"(?:(?:\\*+[\"'])?+[ \t]*+,\s*+(?=\\*+[\"'])|(?:\\*+[\"'])?+(?:[ \t]|\\\r?\n)++)"
"""What stands between two words of a command line, or of a list of words in JSON."""
_GAP = re.compile(GAP)
_IN_LIST = re.compile(r"(?:[\[,]\s*+|- )\\*+[\"']$")
_LONGEST_GAP = 12


def is_told(value: str) -> bool:
    """Whether a value begins as one that holds no secret."""
    return _TOLD.match(value) is not None


def value_at(text: str, at: int, before: str = "") -> Span | None:
    """The value that starts here, without its quotes; None for a variable, or one that is hidden already.

    ``before`` is the character in front of its name: it says what ends a value that has no quotes.
    """
    if (default := _DEFAULT.match(text, at)) is not None:
        return default.span("value")
    if _TOLD.match(text, at) or (match := _VALUE.match(text, at)) is None:
        return None
    start, end = match.span(match.lastgroup or 0)
    if match.lastgroup == "open":
        start += 1
    elif match.lastgroup == "bare" and before in _ENDS_AFTER:
        found = _ENDS_AFTER[before].search(text, start, end)
        end = found.start() if found is not None else end
    return start, end


def rest_of_word(text: str, at: int, name_start: int, *, flag: bool) -> Span | None:
    """The value from here to the quote that ends its word, if the word began with a quote before its name.

    That is so of a flag, and of a word of a list: ``["app", "KEY=a b"]``.
    """
    quote = text[name_start - 1 : name_start]
    if quote not in ("'", '"') or _TOLD.match(text, at) or text[at : at + 1] in ("'", '"'):
        return None
    if not flag and not _IN_LIST.search(text, max(0, name_start - _LONGEST_GAP), name_start):
        return None
    match = _REST[quote].match(text, at)
    assert match is not None  # of nothing, too
    escaped = text[name_start - 2 : name_start - 1] == "\\"
    end = match.end()
    while escaped and end > at and text[end - 1] == "\\":
        end -= 1
    return (at, end) if end > at else None


def words_from(text: str, at: int, count: int) -> Iterator[Span]:
    """Words of a command line that follow what ends here, at most so many; none beyond a pipe."""
    for _ in range(count):
        gap = _GAP.match(text, at)
        if gap is None or text[gap.end() : gap.end() + 1] in ("", "|", ";", "&", "<", ">", "\n"):
            return
        found = value_at(text, gap.end())
        if found is None:
            match = _VALUE.match(text, gap.end())
            found = match.span(match.lastgroup or 0) if match is not None else None
        if found is None:
            return
        yield found
        at = found[1]


def is_quoted(text: str, start: int, end: int) -> bool:
    """Whether a value stands between quotes."""
    return text[start - 1 : start] in ("'", '"') and text[end : end + 1] in ("'", '"', "\\")


def worth_hiding(text: str, start: int, end: int) -> Iterator[Span]:
    """The value without what a shell or a list put after it, unless it says nothing or was dealt with."""
    value = text[start:end] if is_quoted(text, start, end) else text[start:end].rstrip(_ENDS)
    if value and not is_trivial(value) and not _TOLD.match(value):
        yield start, start + len(value)
