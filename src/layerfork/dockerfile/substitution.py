"""The patterns of ``${x#p}``, ``${x%p}`` and ``${x/p/r}``.

Source: moby/buildkit frontend/dockerfile/shell/lex.go:{convertShellPatternToRegex,trimPrefix,trimSuffix}
@ v0.13.2 to 73ed6825c; golang/go src/regexp/regexp.go:{ReplaceAllString,Expand} @ go1.24.
"""

import re
from collections.abc import Iterator

import re2

_ESCAPED = ("*", "?", "\\")
LONGEST = 16 << 20
"""Characters that variables may make of a text. Lines that double one make more than there are atoms."""
TOO_LONG = "the result is too long to follow"
_MOST_MEMORY = 64 << 20
_SURROGATE = re.compile("[\ud800-\udfff]")
_TEMPLATE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


class BadSubstitutionError(Exception):
    """A word that builders refuse to expand."""


def trim_prefix(pattern: str, value: str, *, greedy: bool) -> str:
    """The value without a beginning that matches."""
    match = _compiled(_as_regex(pattern, greedy)).match(_as_go_reads(value))
    return value[match.end() :] if match else value


def trim_suffix(pattern: str, value: str, *, greedy: bool) -> str:
    """The value without an end that matches."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    return trim_prefix("".join(reversed(pieces)), value[::-1], greedy=greedy)[::-1]


def replace_pattern(pattern: str, replacement: str, value: str, *, everywhere: bool) -> str:
    """The value with its first match replaced, or all.

    Where all are replaced, the replacement is a template of Go's regular expressions: ``$name`` in it is
    a group (there are none), and ``$$`` a dollar. An empty match next to a match does not count.
    """
    pieces: list[str] = []
    position, last, length = 0, -1, 0
    for start, end in _matches(_as_regex(pattern, greedy=True), value):
        if start == end == last:
            continue
        filled = _fill(replacement, value[start:end]) if everywhere else replacement
        pieces += (value[position:start], filled)
        length += len(filled)
        if length > LONGEST:
            raise BadSubstitutionError(TOO_LONG)
        position = last = end
        if not everywhere:
            break
    return "".join((*pieces, value[position:]))


def _matches(regex: str, value: str) -> Iterator[tuple[int, int]]:
    for match in _compiled(regex).finditer(_as_go_reads(value)):
        yield match.span()


def _compiled(regex: str) -> re2._Regexp:
    """By the engine that Go's own follows: in linear time."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(regex, options)
    except re2.error as error:
        raise BadSubstitutionError(f"the pattern cannot be followed: {error}") from error


def _as_go_reads(text: str) -> str:
    """What is no character reads as U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def _fill(template: str, whole: str) -> str:
    def group(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return "$" if name is None else whole if set(name) == {"0"} else ""

    return _TEMPLATE.sub(group, template)


def _as_regex(pattern: str, greedy: bool) -> str:
    """A shell pattern of ``*`` and ``?`` only; backslash escapes them, itself, ``}`` and ``/``."""
    result = []
    characters = iter(_as_go_reads(pattern.removeprefix("\ufeff")))
    for char in characters:
        if char == "*":
            result.append(".*" if greedy else ".*?")
        elif char == "?":
            result.append(".")
        elif char == "\\":
            result.append(_escaped(next(characters, "")))
        else:
            result.append(_literal(char))
    return "".join(result)


def _escaped(char: str) -> str:
    if char and char in "}/":
        return _literal(char)
    if char not in _ESCAPED:
        raise BadSubstitutionError(f"invalid escape '\\{char}'")
    return _literal(char)


def _literal(char: str) -> str:
    return char if char.isalnum() or char == "_" or not char.isascii() else f"\\x{ord(char):02x}"
