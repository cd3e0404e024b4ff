"""Variable replacement in Dockerfile words: ``$x``, ``${x:-d}``, ``${x##p}``, ``${x/p/r}``.

Source: docs.docker.com Dockerfile reference, "Environment replacement".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from layerfork.dockerfile.lexer import Lexer


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
