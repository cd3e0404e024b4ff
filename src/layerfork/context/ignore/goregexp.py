"""Go's regular expressions, on RE2: the engine that Go's own follows, with the same syntax."""

import re
from collections.abc import Callable
from functools import lru_cache

import re2

from layerfork.context.ignore.malformed import malformed

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
