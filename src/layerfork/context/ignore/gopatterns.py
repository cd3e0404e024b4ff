"""What the three Go dialects share: reading patterns, and their wildcards as a regular expression."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from layerfork.context.ignore.regexps import malformed
from layerfork.record import gopath

Test = Callable[[str], bool]
"""Says whether one pattern matches a path. Making it raises UsageError for a pattern that is refused."""


class Excluder(Protocol):
    """What each Go dialect's matcher can do."""

    def excludes(self, path: str) -> bool:
        """Whether a path (relative, no ``./``) is left out, judged alone.

        Raises: UsageError for a malformed expression that is noticed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRule:
    """One pattern of an ignore file."""

    text: str
    """Cleaned, without ``!``."""
    exception: bool
    """Paths that match are kept after all."""

    @property
    def depth(self) -> int:
        """How many names the pattern has."""
        return self.text.count("/") + 1


def read_rules(
    patterns: Iterable[str],
    *,
    accepts: Callable[[str], bool] = gopath.is_valid_pattern,
    after_exclamation: Callable[[str], str] = str,
) -> tuple[PatternRule, ...]:
    """Rules from patterns as an ignore file's reader gives them.

    ``accepts`` is the check of shell syntax that each pattern has to pass, ``after_exclamation`` what is done
    to the text of an exception before.
    Source: moby/patternmatcher patternmatcher.go:New @ v0.6.0; moby/moby and containers/storage
    pkg/fileutils/fileutils.go:NewPatternMatcher @ v20.10.24 and v1.24.6: the same.
    Raises: UsageError for a pattern that is refused before any path is looked at.
    """
    trimmed = (gopath.trim_space(pattern) for pattern in patterns)
    rules = []
    for pattern in (gopath.clean(pattern) for pattern in trimmed if pattern):
        exception = pattern.startswith("!")
        text = after_exclamation(pattern[1:]) if exception else pattern
        if pattern == "!" or not accepts(text):
            raise malformed(pattern)
        rules.append(PatternRule(text=text, exception=exception))
    return tuple(rules)


def wildcard_expression(pattern: str, escaped: str) -> str:
    """A pattern as a Go expression without its anchors.

    ``**`` crosses slashes and takes a following one along, a last ``**`` takes everything; ``escaped`` lists
    the characters that lose what they mean in expressions, all others keep it. A backslash stays before its
    character, so that a letter becomes a class or a control character.
    Source: moby/patternmatcher patternmatcher.go:compile @ v0.6.0; moby/moby and containers/storage
    pkg/fileutils/fileutils.go:compile @ v20.10.24 and v1.57.2.
    """
    pieces = []
    characters = list(pattern.removeprefix("\ufeff"))[::-1]
    while characters:
        char = characters.pop()
        if char == "*" and characters[-1:] == ["*"]:
            characters.pop()
            if characters[-1:] == ["/"]:
                characters.pop()
            pieces.append("(.*/)?" if characters else ".*")
        elif char == "\\":
            pieces.append("\\" + (characters.pop() if characters else ""))
        elif char in escaped:
            pieces.append("\\" + char)
        else:
            pieces.append({"*": "[^/]*", "?": "[^/]"}.get(char, char))
    return "".join(pieces)


def parents(path: str) -> list[str]:
    """Directories above a path, the outermost first."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]
