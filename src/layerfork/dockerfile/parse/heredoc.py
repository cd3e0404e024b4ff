"""Here-documents: ``<<EOF`` words of RUN, COPY and ADD.

Source: moby/buildkit frontend/dockerfile/parser/parser.go:heredocsFromLine @ 73ed6825c.
"""

import re

from layerfork.dockerfile.expand import BadSubstitutionError, expand
from layerfork.dockerfile.gotext import SPACES
from layerfork.dockerfile.instruction import Heredoc

_WORD = re.compile(r"(\d*)<<(-?)\s*([^<]*)", re.ASCII)


def find_heredocs(line: str) -> list[Heredoc]:
    """Here-documents that a logical line opens, contents still empty, in order."""
    found = (_heredoc_of(word) for word in _raw_words(line))
    return [heredoc for heredoc in found if heredoc is not None]


def _heredoc_of(word: str) -> Heredoc | None:
    match = _WORD.fullmatch(word)
    if match is None or not match[3]:
        return None
    try:
        names = expand(_hide_variables(match[3]), {}).words
    except BadSubstitutionError:
        return None
    if len(names) != 1:
        return None
    name = names[0].replace("\0", "$")
    quotes_gone = sum(match[3].count(q) - name.count(q) for q in "'\"")
    return Heredoc(
        name=name,
        content="",
        expand=not quotes_gone,
        chomp=match[2] == "-",
        file_descriptor=int(match[1] or 0),
    )


def _hide_variables(word: str) -> str:
    """A delimiter is never expanded: its dollars are ordinary characters."""
    return word.replace("$", "\0")


def _raw_words(line: str) -> list[str]:
    """Words split at blanks outside quotes; ``<<`` and blanks after it belong to the word."""
    words, word, position = [], "", 0
    while position < len(line):
        char = line[position]
        if char in SPACES:
            if word:
                words.append(word)
            word = ""
        elif char in "'\"":
            end = _quote_end(line, position)
            word += line[position:end]
            position = end
            continue
        elif line.startswith("<<", position):
            end = position + 2
            while end < len(line) and line[end] in "\t\r ":
                end += 1
            word += line[position:end]
            position = end
            continue
        elif char == "\\":
            word += line[position : position + 2]
            position += 2
            continue
        else:
            word += char
        position += 1
    return [*words, word] if word else words


def _quote_end(line: str, start: int) -> int:
    """Index after the closing quote; the end of the line when there is none."""
    quote, position = line[start], start + 1
    while position < len(line):
        if line[position] == "\\" and quote == '"':
            position += 1
        elif line[position] == quote:
            return position + 1
        position += 1
    return len(line)
