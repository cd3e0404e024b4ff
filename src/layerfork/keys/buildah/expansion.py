"""Variable replacement as buildah does it: fewer forms than Docker's lexer, other patterns.

Only the forms with a colon know whether there is a value, and an empty one counts as none. The escape is a
backslash whatever the Dockerfile says. No prefix or suffix is all of the value, and ``*`` passes no slash.
Source: openshift/imagebuilder shell_parser.go @ v1.2.15. Measured with buildah 1.39.3.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from layerfork.dockerfile import BadSubstitutionError
from layerfork.dockerfile.expand import Expansion, Lexer, Words
from layerfork.record import gopath

ESCAPE = "\\"


def expand(word: str, values: Mapping[str, str], _escape: str = ESCAPE) -> Expansion:
    """Replace variables, and remove quotes and escapes. Raises: BadSubstitutionError."""
    lexer = _Lexer(source=word, values=values, escape=ESCAPE)
    text, words = lexer.read()
    return Expansion(text=text, words=tuple(words), used=frozenset(lexer.used))


@dataclass(slots=True, kw_only=True)
class _Lexer(Lexer):
    def _name(self) -> str:
        """A single digit, or letters, digits and underscores; no other character is a parameter."""
        name = ""
        while (char := self._peek()) and (char.isalpha() or char.isdecimal() or char == "_"):
            name += self._next()
            if name.isdecimal():
                break
        return name

    def _braced(self) -> str:
        name = self._name()
        match self._next():
            case "}":
                return self._value(name, written="")
            case ":":
                operator = self._next()
                return self._with_default(operator, self._value(name, written=""), self._word())
            case "#":
                greedy = self._skip("#")
                return _without_prefix(self._value(name, written=""), self._word(), greedy)
            case "%":
                greedy = self._skip("%")
                return _without_suffix(self._value(name, written=""), self._word(), greedy)
            case "/":
                return self._with_replacement(self._value(name, written=""))
        raise BadSubstitutionError("missing ':' or '#' or '%' or '/' in substitution")

    def _word(self) -> str:
        return self._take_until("}", keep_escapes=False)[0]

    def _skip(self, char: str) -> bool:
        """Whether the character comes next; it is taken then."""
        found = self._peek() == char
        if found:
            self._next()
        return found

    def _with_default(self, operator: str, value: str, word: str) -> str:
        if operator not in ("+", "-", "?"):
            raise BadSubstitutionError(f"unsupported modifier ({operator}) in substitution")
        if operator == "+":
            return word if value else ""
        if operator == "?" and not (value or word):
            raise BadSubstitutionError("a variable is not allowed to be unset")
        return value or word

    def _with_replacement(self, value: str) -> str:
        anchor = self._next() if self._peek() in ("/", "#", "%") else ""
        pattern, end = "", ""
        words = Words(buffer=[])
        while (char := self._peek()) and char not in "/}":
            pattern += self._piece(char, words, keep_escapes=False)
        end = self._next()
        if not pattern or not end:
            raise BadSubstitutionError("no pattern to replace")
        return _replaced(value, pattern, self._word() if end == "/" else "", anchor)


def _without_prefix(value: str, pattern: str, greedy: bool) -> str:
    ends = range(len(value) - 1, -1, -1) if greedy else range(len(value) - 1)
    return next((value[end:] for end in ends if gopath.match(pattern, value[:end])), value)


def _without_suffix(value: str, pattern: str, greedy: bool) -> str:
    starts = range(len(value) - 1) if greedy else range(len(value) - 1, -1, -1)
    return next((value[:start] for start in starts if gopath.match(pattern, value[start:])), value)


def _replaced(value: str, pattern: str, replacement: str, anchor: str) -> str:
    """The longest match at the first place that has one, with ``/`` at every place; ``#`` and ``%`` are the
    value's beginning and end."""
    start = 0
    while start < len(value) and not (anchor == "#" and start):
        ends = (len(value),) if anchor == "%" else range(len(value), start, -1)
        end = next((each for each in ends if gopath.match(pattern, value[start:each])), None)
        if end is not None:
            value = value[:start] + replacement + value[end:]
            if anchor != "/":
                return value
            start += len(replacement) - 1
        start += 1
    return value
