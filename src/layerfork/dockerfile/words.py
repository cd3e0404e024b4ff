"""From an instruction's line to its keyword, flags and words."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from layerfork.dockerfile.gotext import SPACES, lower, trim

BLANKS = re.compile(r"[\t\v\f\r ]+")
"""What separates the words of an instruction."""
_BYTE_SPACES = "\t\n\v\f\r \x85\xa0"
"""Bytes that are white space when taken for characters; the last two also stand inside of characters."""


def split_words(text: str, escape: str) -> list[str]:
    """Words of an ENV, LABEL or ARG; quotes and escapes stay in them.

    Source: moby/buildkit frontend/dockerfile/parser/line_parsers.go:parseWords @ 73ed6825c.
    """
    return _WordScanner(text=text, escape=escape).scan()


@dataclass(slots=True, kw_only=True)
class _WordScanner:
    text: str
    escape: str
    position: int = 0
    word: str = ""
    quoted: bool = False
    """The word had a quote in it, so it counts even when empty."""
    words: list[str] = field(default_factory=list)

    def scan(self) -> list[str]:
        while self.position < len(self.text):
            char = self.text[self.position]
            if char in SPACES:
                self._end_word()
                self.position += 1
            elif char in "'\"":
                self.quoted = True
                self._take_quoted(char)
            else:
                self._take()
        self._end_word()
        return self.words

    def _end_word(self) -> None:
        if self.quoted or self.word:
            self.words.append(self.word)
        self.word, self.quoted = "", False

    def _take(self) -> None:
        """One character, or an escape together with what it escapes; a last lone escape is dropped."""
        char = self.text[self.position]
        if char == self.escape:
            if self.position + 1 == len(self.text):
                self.position += 1
                return
            self.word += char
            self.position += 1
            char = self.text[self.position]
        self.word += char
        self.position += 1

    def _take_quoted(self, quote: str) -> None:
        self.word += quote
        self.position += 1
        while self.position < len(self.text):
            char = self.text[self.position]
            if char == quote:
                self.word += char
                self.position += 1
                return
            if quote == "'":
                self.word += char
                self.position += 1
            else:
                self._take()


def split_flags(text: str, escape: str) -> tuple[list[str], str]:
    """Leading ``--flag`` words, quotes and escapes removed, and the rest of the line.

    Builders look at single bytes here: of a flag's letters beyond ASCII each byte becomes a letter, or
    ends the flag.
    Source: moby/buildkit frontend/dockerfile/parser/split_command.go:extractBuilderFlags @ 73ed6825c.
    """
    flags: list[str] = []
    line = text.encode("utf-8", "surrogateescape").decode("latin-1")
    position = 0
    while True:
        while position < len(line) and line[position] in _BYTE_SPACES:
            position += 1
        if not line.startswith("--", position):
            return flags, _rest(line, position)
        word, quoted, position = _unquoted_word(line, position, escape)
        if word == "--":
            return flags, _rest(line, position)
        if word or quoted:
            flags.append(word)


def _rest(line: str, position: int) -> str:
    return line[position:].encode("latin-1").decode("utf-8", "replace")


def _unquoted_word(line: str, position: int, escape: str) -> tuple[str, bool, int]:
    word, quote, quoted = "", "", False
    while position < len(line):
        char = line[position]
        if not quote and char in _BYTE_SPACES:
            break
        position += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote, quoted = char, True
        elif char == escape:
            if position < len(line):
                word += line[position]
                position += 1
        else:
            word += char
    return word, quoted, position


# From an instruction's line to its keyword, flags and words: what the grammar of each keyword says.
#
# What builders check beyond that is in `checks`; they do not check it inside an ONBUILD.
# Source: moby/buildkit frontend/dockerfile/parser/{parser,line_parsers}.go @ v0.8.0 to 73ed6825c.

KEYWORDS = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK"}
    | {"LABEL", "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
_PAIRS = frozenset({"ENV", "LABEL"})
_WHOLE = frozenset({"MAINTAINER", "ONBUILD", "STOPSIGNAL", "USER", "WORKDIR"})
_LISTS = frozenset({"EXPOSE", "FROM"})
_JSON_OR_WHOLE = frozenset({"CMD", "ENTRYPOINT", "RUN", "SHELL"})
_JSON_OR_LIST = frozenset({"ADD", "COPY", "VOLUME"})
_SURROGATES = re.compile("[\ud800-\udfff]")
"""What an escape such as ``\\ud800`` alone stands for: no character, says Go."""
_ASCII_BLANKS = re.compile(r"[\t\n\v\f\r ]+")


class BadInstructionError(Exception):
    """An instruction that no builder accepts; the message says why."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint
        """What to do; empty for the obvious."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """A line taken apart."""

    keyword: str
    """In capitals; may be unknown."""
    raw_flags: tuple[str, ...] = ()
    """``--name=value``, quotes and escapes removed."""
    words: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str | None], ...] = ()
    json: bool = False
    rest: str = ""
    """Everything after the flags, trimmed."""


def keyword_of(text: str) -> str:
    """The keyword of an instruction's text, in capitals; empty when there is no text."""
    word = lower(BLANKS.split(trim(text), maxsplit=1)[0])
    return "".join(char.upper() if char.isascii() else char for char in word)


def parse_arguments(
    line: str, escape: str, *, text_after_array: bool = False, flags_escape: bool = True
) -> Arguments:
    """Take a logical line apart. Of an unknown keyword nothing but flags is read.

    ``text_after_array`` passes over what follows a JSON array, as older builders did. Without
    ``flags_escape`` a backslash escapes in flags, whatever does elsewhere.
    Raises: BadInstructionError.
    """
    keyword = keyword_of(line)
    flags, rest = split_flags(
        "".join(BLANKS.split(trim(line), maxsplit=1)[1:]), escape if flags_escape else "\\"
    )
    rest = trim(rest)
    words, is_json = _words(keyword, rest, text_after_array)
    return Arguments(
        keyword=keyword,
        raw_flags=tuple(flags),
        words=tuple(words),
        pairs=tuple(_pairs(keyword, rest, escape)),
        json=is_json,
        rest=rest,
    )


def _words(keyword: str, rest: str, text_after_array: bool) -> tuple[list[str], bool]:
    if keyword == "HEALTHCHECK":
        kind, *command = _ASCII_BLANKS.split(rest, maxsplit=1)
        words, is_json = _array_or(_whole, "".join(command), text_after_array)
        return ([kind, *words] if kind else []), is_json
    if keyword in _JSON_OR_WHOLE:
        return _array_or(_whole, rest, text_after_array)
    if keyword in _JSON_OR_LIST:
        return _array_or(_list, rest, text_after_array)
    if keyword in _WHOLE:
        return _whole(rest), False
    return (_list(rest) if keyword in _LISTS else []), False


def _whole(rest: str) -> list[str]:
    return [rest] if rest else []


def _list(rest: str) -> list[str]:
    return BLANKS.split(rest) if rest else []


def _array_or(
    read_text: Callable[[str], list[str]], rest: str, text_after_array: bool
) -> tuple[list[str], bool]:
    """An array of strings, or else text."""
    array = _read_array(rest, text_after_array) if rest.startswith("[") else None
    if array is None:
        return read_text(rest), False
    if not all(isinstance(word, str) for word in array):
        raise BadInstructionError("when using JSON array syntax, arrays must be comprised of strings only")
    return [_SURROGATES.sub("\ufffd", word) for word in array if isinstance(word, str)], True


def _read_array(text: str, text_after_array: bool) -> list[object] | None:
    """The JSON array that a text is; None when it is none that Go reads. Arrays nested some thousand deep
    are taken for text here, so that nothing is refused which a builder accepts."""
    decoder = json.JSONDecoder(parse_constant=_not_json, parse_float=_number, parse_int=_number)
    try:
        array, end = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(array, list) or (text[end:].strip("\t\n\r ") and not text_after_array):
        return None
    return array


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is out of range")
    return number


def _pairs(keyword: str, rest: str, escape: str) -> list[tuple[str, str | None]]:
    """Names and values of ENV and LABEL, and of ARG, where values may be absent."""
    if keyword == "ARG":
        cut = [word.partition("=") for word in split_words(rest, escape)]
        return [(name, value if equals else None) for name, equals, value in cut]
    return list(_name_values(keyword, rest, escape)) if keyword in _PAIRS else []


def _name_values(keyword: str, rest: str, escape: str) -> list[tuple[str, str]]:
    """``name=value …``, or the old form ``name the whole rest``."""
    words = split_words(rest, escape)
    if words and "=" not in words[0]:
        name, *value = BLANKS.split(rest, maxsplit=1)
        if not value:
            raise BadInstructionError(f"{keyword} needs a name and a value")
        return [(name, value[0])]
    without = next((word for word in words if "=" not in word), None)
    if without is not None:
        raise BadInstructionError(f"{keyword} has {without!r} where name=value is needed")
    return [(name, value) for name, _, value in (word.partition("=") for word in words)]
