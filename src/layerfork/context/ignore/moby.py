"""Ignore rules of Docker's Go programs, up to 20.10 and since 23.0 (BuildKit 0.10)."""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from layerfork.context.ignore.gopatterns import PatternRule, Test, parents, read_rules, wildcard_expression
from layerfork.context.ignore.regexps import go_regexp
from layerfork.record import gopath
from layerfork.releases import MobyIgnores

# Ignore rules of Docker's Go programs: CLI and Engine from 23.0 on, BuildKit and buildx from 0.10 on.
#
# Source: moby/patternmatcher patternmatcher.go @ v0.5.0 to v0.6.1.

_SPECIAL = re.compile(r"[*?\[\]\\]")
_ESCAPED = ".+()$"
"""Of the characters that upstream means to escape, those below U+0040. The bits of ``|``, ``{`` and ``}``
fall out of the bytes of its table: beside a wildcard these keep their meaning.
Source: patternmatcher.go:shouldEscape; measured with 26.1.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MobyMatcher:
    """An ordered list of rules: of those that match a path or a directory above it, the last decides.

    A rule that could not change the outcome so far is passed over, so that a malformed expression in it is
    not noticed. Every question raises UsageError for one that is noticed.
    """

    rules: tuple[PatternRule, ...]

    @property
    def has_exceptions(self) -> bool:
        return any(rule.exception for rule in self.rules)

    def excludes(self, path: str) -> bool:
        """Whether a path (relative, no ``./``) is left out, judged alone. The root never is.

        Source: patternmatcher.go:MatchesOrParentMatches.
        """
        return path != "." and self._last_match([path, *parents(path)])

    def excludes_by_one_parent(self, path: str) -> bool:
        """As `excludes`, but of the directories above only the one as deep as the pattern is looked at.

        Source: patternmatcher.go:Matches, which docker CLI still asks about the Dockerfile.
        """
        if path == ".":
            return False
        above = parents(path)
        excluded = False
        for rule in self.rules:
            places = [path, *above[rule.depth - 1 : rule.depth]]
            if rule.exception == excluded and any(map(_test(rule.text), places)):
                excluded = not rule.exception
        return excluded

    def decide(self, path: str, parent: tuple[bool, ...] | None) -> tuple[bool, tuple[bool, ...]]:
        """Whether a walk leaves a path out, and what the walk hands on to what lies below it.

        ``parent`` is what the parent directory handed on. None or an empty tuple says that nothing is known
        of it: all directories above are then looked at. Where exceptions come before what they except from,
        a walk may decide otherwise than `excludes`.
        Source: patternmatcher.go:MatchesUsingParentResults.
        """
        above = [] if parent else parents(path)
        excluded = False
        state = []
        for index, rule in enumerate(self.rules):
            matched = parent[index] if parent else False
            if not matched and rule.exception == excluded:
                test = _test(rule.text)
                matched = bool(test(path)) or any(map(test, above))
            state.append(matched)
            if matched:
                excluded = not rule.exception
        return excluded, tuple(state)

    def _last_match(self, places: list[str]) -> bool:
        excluded = False
        for rule in self.rules:
            if rule.exception == excluded and any(map(_test(rule.text), places)):
                excluded = not rule.exception
        return excluded


def moby_matcher(patterns: Iterable[str]) -> MobyMatcher:
    """A matcher for patterns as `read_docker_ignorefile` gives them.

    Raises: UsageError for a pattern that is refused before any path is looked at.
    """
    return MobyMatcher(rules=read_rules(patterns))


@lru_cache(maxsize=1024)
def _test(pattern: str) -> Test:
    """Plain text is compared as text; so it is after a first ``**`` and before a last one.

    Source: patternmatcher.go:{compile,match}.
    """
    if not _SPECIAL.search(pattern):
        return pattern.__eq__
    if pattern.startswith("**") and not _SPECIAL.search(pattern[2:]):
        suffix = pattern[2:]
        whole = suffix.removeprefix("/") if suffix.startswith("/") else None
        return lambda path: path.endswith(suffix) or path == whole
    if pattern.endswith("**") and not _SPECIAL.search(pattern[:-2]):
        prefix = pattern[:-2]
        return lambda path: path.startswith(prefix)
    return go_regexp(f"^{wildcard_expression(pattern, _ESCAPED)}$")


# Ignore rules of Docker's Go programs up to 20.10: CLI, Engine and the BuildKit in both.
#
# Source: moby/moby pkg/fileutils/fileutils.go @ v17.06.0 to v20.10.24.

_OLD_ESCAPED = ".$"


@dataclass(frozen=True, slots=True, kw_only=True)
class OldMobyMatcher:
    """An ordered list of rules: the last that matches a path, or the directory above it that is as deep as
    the pattern, decides. Every question raises UsageError for a malformed expression in any rule."""

    rules: tuple[PatternRule, ...]

    @property
    def has_exceptions(self) -> bool:
        return any(rule.exception for rule in self.rules)

    def excludes(self, path: str) -> bool:
        """Whether a path (relative, no ``./``) is left out. The root never is. Source: Matches."""
        if path == ".":
            return False
        above = parents(path)
        excluded = False
        for rule in self.rules:
            if any(map(_old_test(rule.text), [path, *above[rule.depth - 1 : rule.depth]])):
                excluded = not rule.exception
        return excluded


def old_moby_matcher(patterns: Iterable[str], *, checks_whole_pattern: bool = True) -> OldMobyMatcher:
    """A matcher for patterns as `read_docker_ignorefile` gives them.

    ``checks_whole_pattern``: see `MobyIgnores`.
    Raises: UsageError for a pattern that is refused before any path is looked at.
    """
    accepts = gopath.is_valid_pattern if checks_whole_pattern else gopath.is_valid_beginning
    return OldMobyMatcher(rules=read_rules(patterns, accepts=accepts))


def moby_matcher_of(ignores: MobyIgnores) -> Callable[[Iterable[str]], MobyMatcher | OldMobyMatcher]:
    """Makes matchers as a CLI or engine of one release does."""
    if not ignores.is_old:
        return moby_matcher
    return functools.partial(old_moby_matcher, checks_whole_pattern=ignores.checks_whole_pattern)


@lru_cache(maxsize=1024)
def _old_test(pattern: str) -> Test:
    return go_regexp(f"^{wildcard_expression(pattern, _OLD_ESCAPED)}$")
