"""Variables in Dockerfile words: the lexer of Docker's parser, its quotes, ``$x`` and ``${x…}``."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from layerfork.dockerfile.gotext import SPACES
from layerfork.dockerfile.substitution import (
    LONGEST,
    TOO_LONG,
    BadSubstitutionError,
    replace_pattern,
    trim_prefix,
    trim_suffix,
)

# The shell lexer of Docker's parser: quotes, escapes, ``$x`` and ``${x…}``, words.
#
# Source: moby/buildkit frontend/dockerfile/shell/lex.go @ 73ed6825c. The forms ``# % /`` and those without
# a colon came with newer parsers; older ones refuse them, so a build that got through means the same in all.

SPECIAL_PARAMETERS = "@*#?-$!0"
_HEREDOC_BLANKS = "\t\r "


@dataclass(slots=True, kw_only=True)
class Words:
    """Collects words while text goes by."""

    buffer: list[str]
    """Pieces of the current word."""
    done: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Text whose white space ends words."""
        for char in text:
            if char in SPACES:
                self.end()
            else:
                self.buffer.append(char)

    def add_raw(self, text: str) -> None:
        """Text that is part of a word, white space and all."""
        self.buffer.append(text)

    def end(self) -> None:
        word = "".join(self.buffer)
        self.buffer.clear()
        if word:
            self.done.append(word)


@dataclass(slots=True, kw_only=True)
class Lexer:
    """Reads one text, once."""

    source: str
    values: Mapping[str, str]
    escape: str
    plain_quotes: bool = False
    """Quotes are ordinary characters."""
    keep_quotes: bool = False
    """Quotes quote, and stay in the result."""
    keep_escapes: bool = False
    keep_unset: bool = False
    """Variables without a value stay as they are written, as far as the lexer can tell."""
    shares_buffer: bool = False
    """The words of a ``${x:-word}`` are collected where those around it are: what stood before it in its
    own word is lost."""
    used: set[str] = field(default_factory=set)
    """Names that were looked up."""
    _position: int = 0
    _made: int = 0
    """Characters that variables made so far."""
    _buffer: list[str] = field(default_factory=list)

    def read(self) -> tuple[str, list[str]]:
        """The result, and its words.

        Raises: BadSubstitutionError.
        """
        self.source = self.source.removeprefix("\ufeff")
        try:
            return self._take_until("", self.keep_escapes)
        except RecursionError:
            raise BadSubstitutionError("substitutions are nested too deeply to follow") from None

    def _peek(self) -> str:
        return self.source[self._position : self._position + 1]

    def _next(self) -> str:
        char = self._peek()
        self._position += 1
        return char

    def _take_until(self, stop: str, keep_escapes: bool) -> tuple[str, list[str]]:
        """Text and words up to a stop character, or to the end when it is empty."""
        if self.shares_buffer:
            self._buffer.clear()
        result: list[str] = []
        words = Words(buffer=self._buffer if self.shares_buffer else [])
        while char := self._peek():
            if char == stop:
                self._next()
                words.end()
                return "".join(result), words.done
            result.append(self._piece(char, words, keep_escapes))
        if stop:
            raise BadSubstitutionError(f"unexpected end of statement while looking for matching {stop}")
        words.end()
        return "".join(result), words.done

    def _piece(self, char: str, words: Words, keep_escapes: bool) -> str:
        """What begins here: a variable, a quoted text, a heredoc's sign, or a character."""
        if char == "$":
            value = self._dollar()
            words.add(value)
            return value
        if char in "'\"" and not self.plain_quotes:
            value = self._single_quoted() if char == "'" else self._double_quoted(keep_escapes)
            words.add_raw(value)
            return value
        if char == "<":
            value = self._heredoc_sign()
            words.add_raw(value)
            return value
        return self._plain(words, keep_escapes)

    def _plain(self, words: Words, keep_escapes: bool) -> str:
        char = self._next()
        if char != self.escape:
            words.add(char)
            return char
        kept = char if keep_escapes else ""
        escaped = self._next()
        words.add_raw(kept + escaped)
        return kept + escaped

    def _heredoc_sign(self) -> str:
        """``<<`` with the blanks after it, which do not end its word, or a lone ``<``."""
        start = self._position
        self._next()
        if self._peek() == "<":
            self._next()
            while (char := self._peek()) and char in _HEREDOC_BLANKS:
                self._next()
        return self.source[start : self._position]

    def _single_quoted(self) -> str:
        end = self.source.find("'", self._position + 1)
        if end < 0:
            raise BadSubstitutionError("unexpected end of statement while looking for matching single-quote")
        text = self.source[self._position + 1 : end]
        self._position = end + 1
        return f"'{text}'" if self.keep_quotes else text

    def _double_quoted(self, keep_escapes: bool) -> str:
        opening = self._next()
        quote = opening if self.keep_quotes else ""
        text = [quote]
        while char := self._peek():
            if char == '"':
                self._next()
                return "".join((*text, quote))
            text.append(self._dollar() if char == "$" else self._quoted_character(keep_escapes))
        raise BadSubstitutionError("unexpected end of statement while looking for matching double-quote")

    def _quoted_character(self, keep_escapes: bool) -> str:
        char = self._next()
        if char != self.escape:
            return char
        kept = char if keep_escapes else ""
        following = self._peek()
        if not following:
            return kept
        return kept + (self._next() if following in ('"', "$", self.escape) else char)

    def _dollar(self) -> str:
        made = self._variable()
        self._made += len(made)
        if self._made > LONGEST:
            raise BadSubstitutionError(TOO_LONG)
        return made

    def _variable(self) -> str:
        self._next()
        if self._peek() == "{":
            self._next()
            return self._braced()
        name = self._name()
        if not name:
            return "$"
        return self._value(name, written=f"${name}")

    def _braced(self) -> str:
        """What follows ``${``."""
        if not self._peek():
            raise BadSubstitutionError("syntax error: missing '}'")
        if self._peek() in "{}:":
            raise BadSubstitutionError("syntax error: bad substitution")
        name = self._name()
        operator = self._next()
        if operator == "}":
            return self._value(name, written=f"${{{name}}}")
        if operator == "/":
            return self._replaced(name)
        if operator == ":":
            operator += self._next()
        if operator not in ("+", "-", "?", "#", "%", ":+", ":-", ":?"):
            raise BadSubstitutionError(f"unsupported modifier ({operator}) in substitution")
        word, _ = self._take_until("}", keep_escapes=operator in "#%")
        return self._modified(name, operator, word)

    def _name(self) -> str:
        start = self._position
        first = self._peek()
        if first.isdecimal():
            while self._peek().isdecimal():
                self._next()
        elif first and first in SPECIAL_PARAMETERS:
            self._next()
        else:
            while (char := self._peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
                self._next()
        return self.source[start : self._position]

    def _value(self, name: str, written: str) -> str:
        self.used.add(name)
        return self.values.get(name, written if self.keep_unset else "")

    def _modified(self, name: str, operator: str, word: str) -> str:
        value = self._value(name, written="")
        if self.keep_unset and name not in self.values:
            return f"${{{name}{operator}{word}}}"
        present = name in self.values and not (operator.startswith(":") and not value)
        match operator[-1]:
            case "-":
                return value if present else word
            case "+":
                return word if present else ""
            case "?":
                if present:
                    return value
                raise BadSubstitutionError(f"{name}: {word or 'is not allowed to be unset'}")
            case _:
                trim = trim_suffix if operator == "%" else trim_prefix
                return trim(word.removeprefix(operator), value, greedy=word.startswith(operator))

    def _replaced(self, name: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self._next()
        pattern, _ = self._take_until("/", keep_escapes=True)
        replacement, _ = self._take_until("}", keep_escapes=True)
        value = self._value(name, written="")
        if self.keep_unset and name not in self.values:
            return f"${{{name}/{pattern}/{replacement}}}"
        return replace_pattern(pattern, replacement, value, everywhere=everywhere)


# Variable replacement in Dockerfile words: ``$x``, ``${x:-d}``, ``${x##p}``, ``${x/p/r}``.
#
# Source: docs.docker.com Dockerfile reference, "Environment replacement".


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """A word after replacement."""

    text: str
    words: tuple[str, ...]
    """The same, split at blanks outside quotes; replaced values are split too."""
    used: frozenset[str]
    """Names that were looked up, whether they had a value or not."""


def expand(
    word: str, values: Mapping[str, str], escape: str = "\\", *, shares_buffer: bool = False
) -> Expansion:
    """Replace variables, and remove quotes and escapes.

    ``shares_buffer`` gives the words of the lexer of BuildKit 0.15 and later (Engine 27.1): the words inside
    ``${x:-word}`` share a buffer with those around it, and what stood before it in its own word is lost. The
    text is the same.
    Source: moby/buildkit frontend/dockerfile/shell/lex.go:processStopOn @ v0.15.0 to 73ed6825c.
    Raises: BadSubstitutionError.
    """
    lexer = Lexer(source=word, values=values, escape=escape, shares_buffer=shares_buffer)
    return _expansion(lexer)


def expand_raw(text: str, values: Mapping[str, str], escape: str = "\\") -> Expansion:
    """Replace variables and remove escapes, but leave quotes as they are: for here-documents.

    Raises: BadSubstitutionError.
    """
    return _expansion(Lexer(source=text, values=values, escape=escape, plain_quotes=True))


def _expansion(lexer: Lexer) -> Expansion:
    text, words = lexer.read()
    return Expansion(text=text, words=tuple(words), used=frozenset(lexer.used))
