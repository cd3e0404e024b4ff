"""Dockerfiles that stand as texts in the tests of programs in Go."""

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

FORMATTED = "a text with gaps that Go fills (%s)"
JOINED = "a text joined with what the program computes"
MADE = "a text that the program changes"

_TOKEN = re.compile(
    r"(?P<passed>\s+|//[^\n]*|/\*.*?\*/)|(?P<raw>`[^`]*`)|(?P<quoted>\"(?:\\.|[^\"\\\n])*\")"
    r"|(?P<rune>'(?:\\.|[^'\\\n])+')|(?P<word>\w+)|(?P<mark>.)",
    re.DOTALL,
)
_VERB = re.compile(r"%(?:\[\d+\])?[+#-]?[sdvqxt]")
_FORMATTING = re.compile(r"\w*[a-z]f")
_CHANGING = frozenset(
    {"Join", "Replace", "ReplaceAll", "Repeat", "TrimSuffix", "TrimPrefix", "append", "Parse"}
)
_JOIN = ("strings", ".", "Join", "(", "[", "]", "string", "{")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoText:
    """A constant text of a program, of one literal or of several that are joined."""

    line: int
    text: str
    passed_over: str
    """Why it is not the text that the program uses; empty where it may be."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int

    @property
    def value(self) -> str:
        """What a literal stands for."""
        if self.kind == "raw":
            return self.text[1:-1].replace("\r", "")
        return str(ast.literal_eval(self.text))


def go_texts(source: str, wanted: Callable[[str], bool]) -> Iterator[GoText]:
    """The constant texts of a program that are wanted.

    Source: The Go Programming Language Specification, "String literals".
    """
    tokens = list(_tokens(source))
    calls: list[str] = []
    at = 0
    while at < len(tokens):
        found = _constant(tokens, at)
        if found is None:
            _follow(calls, tokens, at)
            at += 1
            continue
        text, end = found
        if wanted(text):
            yield GoText(line=tokens[at].line, text=text, passed_over=_why_not(tokens, at, end, calls, text))
        at = end


def _tokens(source: str) -> Iterator[_Token]:
    line = 1
    for found in _TOKEN.finditer(source):
        if found.lastgroup != "passed":
            yield _Token(str(found.lastgroup), found[0], line)
        line += found[0].count("\n")


def _constant(tokens: Sequence[_Token], at: int) -> tuple[str, int] | None:
    """A sum of literals that begins there, and where it ends."""
    found = _operand(tokens, at)
    while found is not None and _mark(tokens, found[1]) == "+":
        more = _operand(tokens, found[1] + 1)
        if more is None:
            break
        found = found[0] + more[0], more[1]
    return found


def _operand(tokens: Sequence[_Token], at: int) -> tuple[str, int] | None:
    """A literal, or a strings.Join of literals."""
    if at < len(tokens) and tokens[at].kind in ("raw", "quoted"):
        return tokens[at].value, at + 1
    if tuple(each.text for each in tokens[at : at + len(_JOIN)]) != _JOIN:
        return None
    parts: list[str] = []
    at += len(_JOIN)
    while (part := _constant(tokens, at)) is not None:
        parts.append(part[0])
        at = part[1]
        if _mark(tokens, at) == ",":
            at += 1
    between = _constant(tokens, at + 2) if (_mark(tokens, at), _mark(tokens, at + 1)) == ("}", ",") else None
    if between is None or _mark(tokens, between[1]) != ")":
        return None
    return between[0].join(parts), between[1] + 1


def _mark(tokens: Sequence[_Token], at: int) -> str:
    return tokens[at].text if at < len(tokens) and tokens[at].kind == "mark" else ""


def _follow(calls: list[str], tokens: Sequence[_Token], at: int) -> None:
    """Keep the names of the functions whose arguments the next token is among, braces among them."""
    mark = _mark(tokens, at)
    if mark == "(":
        calls.append(tokens[at - 1].text if at and tokens[at - 1].kind == "word" else "")
    elif mark == "{":
        calls.append(mark)
    elif mark in (")", "}") and calls:
        calls.pop()


def _why_not(tokens: Sequence[_Token], at: int, end: int, calls: Sequence[str], text: str) -> str:
    around: list[str] = []
    for each in reversed(calls):
        if each == "{" and around:
            break
        around.append(each)
    if _VERB.search(text) or any(_FORMATTING.fullmatch(each) for each in around):
        return FORMATTED
    if "+" in (_mark(tokens, at - 1) if at else "", _mark(tokens, end)):
        return JOINED
    return MADE if _CHANGING.intersection(around) else ""
