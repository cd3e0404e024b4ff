"""The patterns of ``${x#p}``, ``${x%p}`` and ``${x/p/r}``.

Source: moby/buildkit frontend/dockerfile/shell/lex.go:{convertShellPatternToRegex,trimPrefix,trimSuffix}
@ v0.13.2 to 73ed6825c; golang/go src/regexp/regexp.go:{ReplaceAllString,Expand} @ go1.24.
"""

import re

_ESCAPED = ("*", "?", "\\")
_TEMPLATE = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


class BadSubstitutionError(Exception):
    """A word that builders refuse to expand."""


def trim_prefix(pattern: str, value: str, *, greedy: bool) -> str:
    """The value without a beginning that matches."""
    match = re.match(_as_regex(pattern, greedy), value)
    return value[match.end() :] if match else value


def trim_suffix(pattern: str, value: str, *, greedy: bool) -> str:
    """The value without an end that matches."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    return trim_prefix("".join(reversed(pieces)), value[::-1], greedy=greedy)[::-1]


def replace_pattern(pattern: str, replacement: str, value: str, *, everywhere: bool) -> str:
    """The value with its first match replaced, or all.

    Where all are replaced, the replacement is a template of Go's regular expressions: ``$name`` in it is
    a group, of which there are none, and ``$$`` a dollar. An empty match next to a match does not count.
    """
    regex = re.compile(_as_regex(pattern, greedy=True))
    if not everywhere:
        return regex.sub(lambda _: replacement, value, count=1)
    result, last = "", -1
    position = 0
    for match in regex.finditer(value):
        if match.start() == match.end() == last:
            continue
        result += value[position : match.start()] + _fill(replacement, match[0])
        position = last = match.end()
    return result + value[position:]


def _fill(template: str, whole: str) -> str:
    def group(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        return "$" if name is None else whole if set(name) == {"0"} else ""

    return _TEMPLATE.sub(group, template)


def _as_regex(pattern: str, greedy: bool) -> str:
    """A shell pattern of ``*`` and ``?`` only; backslash escapes them, itself, ``}`` and ``/``."""
    result = ""
    characters = iter(pattern.removeprefix("\ufeff"))
    for char in characters:
        if char == "*":
            result += ".*" if greedy else ".*?"
        elif char == "?":
            result += "."
        elif char == "\\":
            result += _escaped(next(characters, ""))
        else:
            result += re.escape(char)
    return result


def _escaped(char: str) -> str:
    if char and char in "}/":
        return re.escape(char)
    if char not in _ESCAPED:
        raise BadSubstitutionError(f"invalid escape '\\{char}'")
    return re.escape(char)
