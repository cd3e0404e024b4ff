"""Secrets by the names that go before them: assignments, JSON, headers, flags of command lines.

Every function here takes linear time: a word is read once, and what was taken for a value is not read again.
"""

import re
from collections.abc import Iterator

from layerfork.wire.redact.names import is_trivial, names_secret
from layerfork.wire.redact.tokens import Span

_NAME = re.compile(
    r"(?P<name>[\w.-]++)"
    r"(?P<middle>=|\\*+[\"'][ \t]*+:[ \t]*+|[ \t]++=[ \t]*+|:[ \t]++)?+"
)
_VALUE = re.compile(
    r"\"(?P<double>(?:[^\"\\\n]|\\[\s\S])*+)\""
    r"|'(?P<single>[^'\n]*+(?:'(?:\"'\"|\\')'[^'\n]*+)*+)'"
    r"|\\\"(?P<escaped>(?:(?!\\\")[^\n])*+)"
    r"|(?P<open>[\"'][^\n]*+)"
    r"|(?P<bare>(?:[^\s\"'\\]|\\[\s\S])++)"
)
"""A value as a Dockerfile, a shell and JSON write one. Bare, it ends at a blank: what ends it in a shell may
well be part of it elsewhere."""
_ENDS = ";)]},&|\\"
_HEADER_NAME = re.compile(r"(?i)[a-z]+-[a-z-]+|authorization|cookie")
_HEADER_VALUE = re.compile(r"(?:(?i:bearer|basic|token|digest) ++)?+(?P<value>[^\s\"']++)")
_COOKIES = re.compile(r"(?P<value>[^\n\"']++)")
_ENDS_AFTER = {"?": re.compile(r"[&#]"), "&": re.compile(r"[&#]"), ",": re.compile(r",")}
_OTHER_FLAG = re.compile(r"-|id=")
_DEFAULT = re.compile(r"[\"']?(?:\$\{\w++:?[-+=?])++(?P<value>[^}\n]*+)")
"""Of ``${NAME:-value}`` the value."""
_TOLD = re.compile(r"(?:\\?[\"'])?(?:\$|\\\$\{?\w+\}?(?!\S)|hidden:[0-9a-f]{16}(?=[\s\"'\\;&|,)\]}]|$))")
"""How a value begins that holds no secret: a variable, or what is hidden already."""
_PAIR = re.compile(
    r"(?m)^[ \t]*+(?i:ENV|LABEL)[ \t]++(?P<name>[A-Za-z_][\w.-]*+)[ \t]++(?P<value>[^=\s][^\n]*+)$"
)
_GIVEN = re.compile(r"(?m)^\|[0-9]++ (?P<given>[^\n]*)")
"""How the classic builder writes the arguments of a RUN into a history: unquoted, before the command.
Source: moby/moby builder/dockerfile/dispatchers.go:prependEnvOnCmd @ v26.1.5."""
_GIVEN_NAME = re.compile(r"(?<= )(?P<name>[A-Za-z_]\w*+)=")
_COMMAND_OF_GIVEN = re.compile(r" /\S*+ -c(?= |$)")

_FLAG = re.compile(r"(?<![\w-])--?(?P<name>[\w-]++)(?:[ \t]|\\\r?\n)++(?=\S)")
_FLAG_NAMES = re.compile(r"(?i)(?:password|passwd|passphrase|token|secret|api-?key|access-?key)$")
_USER = re.compile(
    r"(?<!\S)(?:-u|--user|--proxy-user)(?:[ \t=]|\\\r?\n)++"
    r"(?:\"[^\":\n]*+:(?P<double>[^\"\n]++)\"|'[^':\n]*+:(?P<single>[^'\n]++)'"
    r"|[^\s:;&|\"']++:(?P<bare>[^\s\"']++))"
)
_NETRC = re.compile(r"(?i)\bmachine[ \t]++\S++\s++login\s++\S++\s++password\s++(?P<value>\S++)")
_AUTHORIZATION = re.compile(r"(?i)\bauthorization:[ \t]*+(?:[a-z]++[ \t]++)?+(?P<value>[^\s\"']++)")
_COMMAND = re.compile(r"[^\n;&|]++")
_SHORT_FLAGS = (
    (re.compile(r"\blogin\b"), re.compile(r"(?<=\s)-p[ \t=]*+")),
    (re.compile(r"\bsshpass\b"), re.compile(r"(?<=\s)-p[ \t]*+")),
    (re.compile(r"\b(?:mysql|mariadb|mysqldump|mysqladmin)\b"), re.compile(r"(?<=\s)-p(?=\S)")),
)
"""Programs, and their flags that go before a password."""


def named(text: str) -> Iterator[Span]:
    """Places of values whose name says that they are secret."""
    yield from _assigned(text)
    yield from _given(text)
    for match in _PAIR.finditer(text):
        if names_secret(match["name"]):
            yield from _worth_hiding(text, *match.span("value"))


def in_commands(text: str) -> Iterator[Span]:
    """Places of secrets as command lines spell them: after a flag, after a user, in a header, for netrc."""
    for match in _FLAG.finditer(text):
        if _FLAG_NAMES.search(match["name"]):
            yield from _after_flag(text, match.end())
    for command in _COMMAND.finditer(text):
        for program, flag in _SHORT_FLAGS:
            if (found := program.search(text, *command.span())) is not None:
                for each in flag.finditer(text, found.end(), command.end()):
                    yield from _after_flag(text, each.end())
    for pattern in (_USER, _NETRC, _AUTHORIZATION):
        for match in pattern.finditer(text):
            yield from _worth_hiding(text, *match.span(match.lastgroup or 0))


def _assigned(text: str) -> Iterator[Span]:
    """``NAME=value``, ``"name": "value"``, ``X-Name: value``."""
    at = 0
    while (match := _NAME.search(text, at)) is not None:
        at = match.end()
        name, middle = match["name"].lstrip("-.0123456789"), match["middle"]
        if not middle or not name or not names_secret(name):
            continue
        if middle.startswith(":"):
            found = _in_header(text, at, name)
        else:
            found = _value(text, at, before=text[match.start() - 1 : match.start()])
        if found is not None:
            at = found[1]
            yield from _worth_hiding(text, *found)


def _in_header(text: str, at: int, name: str) -> Span | None:
    if not _HEADER_NAME.fullmatch(name):
        return None
    match = (_COOKIES if "cookie" in name.lower() else _HEADER_VALUE).match(text, at)
    return None if match is None else match.span("value")


def _given(text: str) -> Iterator[Span]:
    for match in _GIVEN.finditer(text):
        command = _COMMAND_OF_GIVEN.search(text, match.start("given"), match.end())
        end = command.start() if command is not None else match.end()
        names = list(_GIVEN_NAME.finditer(text, match.start("given"), end))
        ends = [*(following.start() - 1 for following in names[1:]), end]
        for name, its_end in zip(names, ends[: len(names)], strict=True):
            if names_secret(name["name"]):
                yield from _worth_hiding(text, name.end(), its_end)


def _value(text: str, at: int, before: str = "") -> Span | None:
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


def _after_flag(text: str, at: int) -> Iterator[Span]:
    if not _OTHER_FLAG.match(text, at) and (found := _value(text, at)) is not None:
        yield from _worth_hiding(text, *found)


def _worth_hiding(text: str, start: int, end: int) -> Iterator[Span]:
    """The value without what a shell or a list put after it, unless it says nothing or was dealt with."""
    value = text[start:end].rstrip(_ENDS)
    if value and not is_trivial(value) and not _TOLD.match(value):
        yield start, start + len(value)
