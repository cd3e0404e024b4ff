"""Splitting a line into words as Docker's parser does: blanks, quotes and escapes kept or removed."""

import re
from dataclasses import dataclass, field

from layerfork.dockerfile.gotext import SPACES

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
