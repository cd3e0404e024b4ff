"""Secrets by the names that go before them: assignments, JSON, YAML, XML, headers.

Every function here takes linear time: a word is read once, and what was taken for a value is not read again.
"""

import re
from collections.abc import Iterator

from layerfork.record.secrets import names_secret, words_of
from layerfork.wire.redact.tokens import Span
from layerfork.wire.redact.values import (
    SHORTEST,
    hides,
    is_path,
    is_plain_word,
    rest_of_word,
    value_at,
    worth_hiding,
)

_NAME = re.compile(
    r"(?P<name>[\w.-]++)"
    r"(?P<middle>=|\\*+[\"'][ \t]*+:[ \t]*+|[ \t]++=[ \t]*+|:[ \t]++)?+"
)
_HEADER_NAME = re.compile(r"(?i)[a-z]+-[a-z-]+|authorization|cookie")
_HEADER_VALUE = re.compile(r"(?:(?i:bearer|basic|token|digest) ++)?+(?P<value>[^\s\"']++)")
_COOKIES = re.compile(r"(?P<value>[^\n\"']++)")
_PAIR = re.compile(
    r"(?m)^[ \t]*+(?i:ENV|LABEL)[ \t]++(?P<name>[A-Za-z_][\w.-]*+)[ \t]++(?P<value>[^=\s][^\n]*+)$"
)
_GIVEN = re.compile(r"(?m)^\|[0-9]++ (?P<given>[^\n]*)")
"""How the classic builder writes the arguments of a RUN into a history: unquoted, before the command.
Source: moby/moby builder/dockerfile/dispatchers.go:prependEnvOnCmd @ v26.1.5."""
_GIVEN_NAME = re.compile(r"(?<= )(?P<name>[A-Za-z_]\w*+)=")
_COMMAND_OF_GIVEN = re.compile(r" /\S*+ -c(?= |$)")
_ELEMENT = re.compile(r"<(?P<name>[\w:.-]++)(?:\s[^<>]*+)?+>(?P<value>[^<>]++)(?=</)")
_ATTRIBUTES = re.compile(
    r"(?i)\b(?:key|name)=\\?\"(?P<name>[^\"\\]{1,100})\\?\"\s++value=\\?\"(?P<value>[^\"\\]++)"
)
_NEW_LINE = re.compile(r"\\+[nrt](?=[\w.-]+(?:$|[=: \t]))")
_KEY_BEGINS = re.compile(r"(?:^|[\n{\[(\"'`,]|\\[nrt])[ \t]*+(?:-[ \t]++)?$")
_LOOK_BACK = 40
_BLOCK = re.compile(r"[|>][-+]?[ \t]*\n[ \t]++(?P<value>[^\n]++)")
_QUOTED = re.compile(r"\\*[\"']")
_SCALAR = re.compile(r"(?P<value>(?:[^\n\"',}\\]++|\\++(?![nrt\"'\\]))++)")
_SCALAR_WORD = re.compile(
    r"(?P<value>(?:[^\s\"',}\\]++|\\++(?![nrt\"'\\]))++)(?=[ \t]*(?:$|\n|\r|[,}\"']|\\[nrt\"'#]))"
)
_OPENING = re.compile(r"(?:\\*+[\"'])?+")
_WORD = re.compile(r"[ \t]*+(?P<value>[^\s\"'<>]++)")
_MOST_WORDS = 8
"""Words of a sentence that may be the password that it announces, at most."""
_PARTS = re.compile(r"[A-Za-z0-9]++")
_DRAWN = re.compile(r"[A-Za-z][0-9]++[A-Za-z]|[0-9][A-Za-z]++[0-9]")
_ID = re.compile(r"[0-9a-f]++|[0-9A-F]++")
_OF_A_LINE = re.compile(r"(?:pass(?:word|wd|phrase)?|secret)s?$")
_SECRETS_PLACE = re.compile(r"\\*[\"']?(?:dst|env|id|source|src|target|type)=")
"""As `docker build --secret=id=…,src=…` says where a secret lies."""
_LOOKS_MADE = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])|(?=.*[a-z])(?=.*[A-Z].*[A-Z])")


def named(text: str) -> Iterator[Span]:
    """Places of values whose name says that they are secret."""
    yield from _assigned(text)
    yield from _given(text)
    for pattern in (_PAIR, _ELEMENT, _ATTRIBUTES):
        for match in pattern.finditer(text):
            if hides(match["name"], match["value"]):
                yield from worth_hiding(text, *match.span("value"))


def _assigned(text: str) -> Iterator[Span]:
    """``NAME=value``, ``"name": "value"``, ``X-Name: value``, ``name: value``."""
    at = 0
    while (match := _NAME.search(text, at)) is not None:
        at = match.end()
        name, middle = match["name"], match["middle"]
        if not middle:
            continue
        start = match.start()
        if name[0] in "nrt" and text[start - 1 : start] == "\\":
            start, name = start + 1, name[1:]
        plain = name.lstrip("-.0123456789")
        if not plain or not names_secret(plain):
            continue
        if name.startswith("-") and _SECRETS_PLACE.match(text, at):
            continue
        for found in _values_of(text, at, start, name):
            at = _after(text, *found)
            if names_secret(plain, text[found[0] : found[1]]):
                yield from worth_hiding(text, *found)


def _values_of(text: str, at: int, start: int, name: str) -> Iterator[Span]:
    """What a name that ends here, before a ``=`` or a colon, is given; several words in prose only."""
    if text[start + len(name)] == ":":
        yield from _after_colon(text, at, name.lstrip("-.0123456789"), start)
        return
    found = rest_of_word(text, at, start, flag=name.startswith("-"))
    found = found or value_at(text, at, before=text[start - 1 : start])
    if found is not None:
        yield found


def _after(text: str, start: int, end: int) -> int:
    """Where to go on: at the last line of a value that begins another name, else behind the value."""
    last = max(text.rfind("\\n", start, end), text.rfind("\\r", start, end))
    if last <= start or not _NEW_LINE.match(text, last, end):
        return end
    return last


def _after_colon(text: str, at: int, name: str, start: int) -> Iterator[Span]:
    words = words_of(name)
    if _HEADER_NAME.fullmatch(name):
        pattern = _COOKIES if "cookie" in name.lower() else _HEADER_VALUE
    elif len(words) == 1 and words[0] in ("auth", "key", "keys", "private", "session", "sig", "signature"):
        return  # as in `failed to get key: not found`
    elif not _KEY_BEGINS.search(text, max(0, start - _LOOK_BACK), start):
        yield from _in_prose(text, at, _MOST_WORDS if _OF_A_LINE.search(words[-1]) else 1)
        return
    elif _BLOCK.match(text, at):
        pattern = _BLOCK
    elif _QUOTED.match(text, at):
        if (found := value_at(text, at)) is not None:
            yield found
        return
    else:
        pattern = _SCALAR if _OF_A_LINE.search(words[-1]) else _SCALAR_WORD
    if (match := pattern.match(text, at)) is not None:
        yield match.span("value")


def _in_prose(text: str, at: int, count: int) -> Iterator[Span]:
    """Values in the middle of a line, where a word may belong to a sentence: the first one if it looks like a
    secret, and of the next ``count`` words those that look random.
    """
    opening = _OPENING.match(text, at)
    assert opening is not None  # of nothing, too
    at = opening.end()
    for number in range(count):
        match = _WORD.match(text, at)
        if match is None or match["value"][0] in "|;&":
            return
        start, value = match.start("value"), match["value"].rstrip(".,:;!?")
        if _looks_made(value) if number == 0 else _looks_drawn(value):
            yield start, start + len(value)
        if match["value"].endswith(";"):
            return
        at = match.end()


def _looks_made(word: str) -> bool:
    return not is_plain_word(word) and not is_path(word) and _LOOKS_MADE.match(word) is not None


def _looks_drawn(word: str) -> bool:
    """Whether letters and digits alternate in a word that is no address, no version and no identifier."""
    return (
        _looks_made(word)
        and "://" not in word
        and any(
            len(part) >= SHORTEST and _DRAWN.search(part) and not _ID.fullmatch(part)
            for part in _PARTS.findall(word)
        )
    )


def _given(text: str) -> Iterator[Span]:
    for match in _GIVEN.finditer(text):
        command = _COMMAND_OF_GIVEN.search(text, match.start("given"), match.end())
        end = command.start() if command is not None else match.end()
        names = list(_GIVEN_NAME.finditer(text, match.start("given"), end))
        ends = [*(following.start() - 1 for following in names[1:]), end]
        for name, its_end in zip(names, ends[: len(names)], strict=True):
            if hides(name["name"], text[name.end() : its_end]):
                yield from worth_hiding(text, name.end(), its_end)
