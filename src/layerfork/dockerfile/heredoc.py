"""Here-documents: ``<<EOF`` words of RUN, COPY and ADD."""

import re

from layerfork.dockerfile.expand import Lexer
from layerfork.dockerfile.instruction import Heredoc
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.releases import Grammar

_WORD = re.compile(r"([0-9]*)<<(-?)([\t\n\f\r ]*)([^<]*)")
_MAX_DESCRIPTOR = (1 << 64) - 1
_MAX_DIGITS = 21


def find_heredocs(line: str, grammar: Grammar) -> tuple[Heredoc, ...]:
    """Here-documents that a logical line opens, contents still empty, in order.

    A line in which a quote or a brace is not closed opens none.
    Raises: BadSubstitutionError when a name has an open quote.
    """
    try:
        _, words = _lexer(line, grammar, keep_quotes=True, keep_escapes=True).read()
    except BadSubstitutionError:
        return ()
    found = (heredoc_of(word, grammar) for word in words)
    return tuple(heredoc for heredoc in found if heredoc is not None)


def heredoc_of(word: str, grammar: Grammar) -> Heredoc | None:
    """The here-document that a word opens, content still empty.

    Raises: BadSubstitutionError.
    """
    match = _WORD.fullmatch(word)
    if match is None or not match[4] or not grammar.heredocs:
        return None
    if match[3] and not grammar.heredocs_after_blanks:
        return None
    _, names = _lexer(match[4], grammar).read()
    if len(names) != 1:
        return None
    _, quoted = _lexer(match[4], grammar, keep_quotes=True).read()
    if len(quoted) != 1:
        raise BadSubstitutionError(f"the name of the here-document {word!r} is empty in part")
    return Heredoc(
        name=names[0],
        content="",
        expand=_quotes(names[0]) == _quotes(quoted[0]),
        chomp=match[2] == "-",
        file_descriptor=_descriptor(match[1]),
    )


def opens_heredoc(word: str, grammar: Grammar) -> bool:
    """Whether a word of COPY or ADD is a here-document and no path."""
    try:
        return heredoc_of(word, grammar) is not None
    except BadSubstitutionError:
        return False


def _descriptor(digits: str) -> int:
    significant = digits.lstrip("0")
    return min(int(significant[:_MAX_DIGITS] or 0), _MAX_DESCRIPTOR)


def _lexer(text: str, grammar: Grammar, *, keep_quotes: bool = False, keep_escapes: bool = False) -> Lexer:
    return Lexer(
        source=text,
        values={},
        escape="\\",
        keep_quotes=keep_quotes,
        keep_escapes=keep_escapes,
        keep_unset=True,
        shares_buffer=grammar.shares_words,
    )


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')
