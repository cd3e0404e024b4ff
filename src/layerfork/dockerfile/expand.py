"""Variable replacement in Dockerfile words: ``$x``, ``${x:-d}``, ``${x##p}``, ``${x/p/r}``.

Source: moby/buildkit frontend/dockerfile/shell/lex.go @ 73ed6825c; docs.docker.com Dockerfile
reference, "Environment replacement". The forms ``# % /`` and those without a colon came with newer
parsers; older ones refuse them, so a build that got through means the same in all of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from layerfork.dockerfile.gotext import SPACES

SPECIAL_PARAMETERS = "@*#?-$!0"


class BadSubstitutionError(Exception):
    """A word that builders refuse to expand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A word after replacement."""

    text: str
    words: tuple[str, ...]
    """The same, split at blanks outside quotes; replaced values are split too."""
    used: frozenset[str]
    """Names that were looked up, whether they had a value or not."""


def expand(word: str, values: Mapping[str, str], escape: str = "\\") -> Expansion:
    """Replace variables, and remove quotes and escapes.

    Raises: BadSubstitutionError.
    """
    scanner = _Scanner(source=word, values=values, escape=escape)
    text, words = scanner.take_until("")
    return Expansion(text=text, words=tuple(words), used=frozenset(scanner.used))


def expand_raw(text: str, values: Mapping[str, str], escape: str = "\\") -> Expansion:
    """Replace variables and remove escapes, but leave quotes as they are: for here-documents.

    Raises: BadSubstitutionError.
    """
    scanner = _Scanner(source=text, values=values, escape=escape, keep_quotes=True)
    result, words = scanner.take_until("")
    return Expansion(text=result, words=tuple(words), used=frozenset(scanner.used))


@dataclass(slots=True, kw_only=True)
class _Words:
    """Collects words while text goes by."""

    done: list[str] = field(default_factory=list)
    current: str = ""

    def add(self, text: str) -> None:
        for char in text:
            if char in SPACES:
                self.end()
            else:
                self.current += char

    def add_raw(self, text: str) -> None:
        self.current += text

    def end(self) -> None:
        if self.current:
            self.done.append(self.current)
            self.current = ""


@dataclass(slots=True, kw_only=True)
class _Scanner:
    source: str
    values: Mapping[str, str]
    escape: str
    keep_quotes: bool = False
    """Quotes are ordinary characters (here-documents)."""
    position: int = 0
    used: set[str] = field(default_factory=set)

    def peek(self) -> str:
        return self.source[self.position : self.position + 1]

    def next(self) -> str:
        char = self.peek()
        self.position += 1
        return char

    def take_until(self, stop: str, keep_escapes: bool = False) -> tuple[str, list[str]]:
        """Text and words up to a stop character, or to the end when it is empty."""
        result, words = "", _Words()
        while char := self.peek():
            if char == stop:
                self.next()
                words.end()
                return result, words.done
            if char == "$":
                value = self._dollar()
                result += value
                words.add(value)
            elif char in "'\"" and not self.keep_quotes:
                value = self._single_quoted() if char == "'" else self._double_quoted(keep_escapes)
                result += value
                words.add_raw(value)
            else:
                result += self._plain(words, keep_escapes)
        if stop:
            raise BadSubstitutionError(f"unexpected end of statement while looking for matching {stop}")
        words.end()
        return result, words.done

    def _plain(self, words: _Words, keep_escapes: bool) -> str:
        char = self.next()
        if char != self.escape:
            words.add(char)
            return char
        kept = char if keep_escapes else ""
        escaped = self.next()
        words.add_raw(kept + escaped)
        return kept + escaped

    def _single_quoted(self) -> str:
        end = self.source.find("'", self.position + 1)
        if end < 0:
            raise BadSubstitutionError("unexpected end of statement while looking for matching single-quote")
        text = self.source[self.position + 1 : end]
        self.position = end + 1
        return text

    def _double_quoted(self, keep_escapes: bool) -> str:
        self.next()
        text = ""
        while char := self.peek():
            if char == '"':
                self.next()
                return text
            if char == "$":
                text += self._dollar()
                continue
            self.next()
            if char == self.escape:
                if keep_escapes:
                    text += char
                following = self.peek()
                if not following:
                    continue
                if following in ('"', "$", self.escape):
                    char = self.next()
            text += char
        raise BadSubstitutionError("unexpected end of statement while looking for matching double-quote")

    def _dollar(self) -> str:
        self.next()
        if self.peek() != "{":
            name = self._name()
            return self._value(name) if name else "$"
        self.next()
        if not self.peek():
            raise BadSubstitutionError("syntax error: missing '}'")
        if self.peek() in "{}:":
            raise BadSubstitutionError("syntax error: bad substitution")
        name = self._name()
        operator = self.next()
        if operator == "}":
            return self._value(name)
        if operator == "/":
            return self._replace(name)
        colon = operator == ":"
        if colon:
            operator = self.next()
        if operator not in ("+", "-", "?", "#", "%") or (colon and operator in "#%"):
            raise BadSubstitutionError(f"unsupported modifier ({':' * colon}{operator}) in substitution")
        word, _ = self.take_until("}", keep_escapes=operator in "#%")
        return self._modified(name, operator, colon, word)

    def _name(self) -> str:
        start = self.position
        first = self.peek()
        if first.isdecimal():
            while self.peek().isdecimal():
                self.next()
        elif first and first in SPECIAL_PARAMETERS:
            self.next()
        else:
            while (char := self.peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
                self.next()
        return self.source[start : self.position]

    def _value(self, name: str) -> str:
        self.used.add(name)
        return self.values.get(name, "")

    def _modified(self, name: str, operator: str, colon: bool, word: str) -> str:
        value = self._value(name)
        present = name in self.values and not (colon and not value)
        if operator == "-":
            return value if present else word
        if operator == "+":
            return word if present else ""
        if operator == "?":
            if present:
                return value
            raise BadSubstitutionError(f"{name}: {word or 'is not allowed to be unset'}")
        greedy = word.startswith(operator)
        pattern = word[1:] if greedy else word
        return (_cut_suffix if operator == "%" else _cut_prefix)(pattern, value, greedy)

    def _replace(self, name: str) -> str:
        everywhere = self.peek() == "/"
        if everywhere:
            self.next()
        pattern, _ = self.take_until("/", keep_escapes=True)
        replacement, _ = self.take_until("}", keep_escapes=True)
        expression = re.compile(_as_regex(pattern, greedy=True))
        return expression.sub(lambda _: replacement, self._value(name), count=0 if everywhere else 1)


def _cut_prefix(pattern: str, value: str, greedy: bool) -> str:
    match = re.match(_as_regex(pattern, greedy), value)
    return value[match.end() :] if match else value


def _cut_suffix(pattern: str, value: str, greedy: bool) -> str:
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    return _cut_prefix("".join(reversed(pieces)), value[::-1], greedy)[::-1]


def _as_regex(pattern: str, greedy: bool) -> str:
    """A shell pattern of ``*`` and ``?`` only; backslash escapes them, itself, ``}`` and ``/``."""
    result = ""
    characters = iter(pattern)
    for char in characters:
        if char == "*":
            result += ".*" if greedy else ".*?"
        elif char == "?":
            result += "."
        elif char == "\\":
            escaped = next(characters, "")
            if escaped not in ("*", "?", "\\", "}", "/"):
                raise BadSubstitutionError(f"invalid escape '\\{escaped}'")
            result += re.escape(escaped)
        else:
            result += re.escape(char)
    return result
