"""Ignore rules of Docker's Go programs up to 20.10: CLI, Engine and the BuildKit in both.

Source: moby/moby pkg/fileutils/fileutils.go @ v17.06.0 to v20.10.24.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from layerfork.context.ignore.goregexp import go_regexp
from layerfork.context.ignore.rules import Rule, Test, parents, read_rules, wildcard_expression
from layerfork.record import gopath
from layerfork.record.versions import parse_release

_ESCAPED = ".$"


@dataclass(frozen=True, slots=True, kw_only=True)
class OldMobyMatcher:
    """An ordered list of rules: the last that matches a path, or the directory above it that is as deep as
    the pattern, decides. Every question raises UsageError for a malformed expression in any rule."""

    rules: tuple[Rule, ...]

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
            if any(map(_test(rule.text), [path, *above[rule.depth - 1 : rule.depth]])):
                excluded = not rule.exception
        return excluded


def old_moby_matcher(patterns: Iterable[str], *, checks_whole_pattern: bool = True) -> OldMobyMatcher:
    """A matcher for patterns as `read_docker_ignorefile` gives them.

    A program built with Go before 1.16 checks no more of a pattern than a path of one dot needs; Debian's
    20.10.5 is one. Source: golang/go src/path/filepath/match.go:Match @ go1.15 and go1.16.
    Raises: UsageError for a pattern that is refused before any path is looked at.
    """
    accepts = gopath.is_valid_pattern if checks_whole_pattern else gopath.is_valid_beginning
    return OldMobyMatcher(rules=read_rules(patterns, accepts=accepts))


def old_moby_matcher_of(version: str) -> Callable[[Iterable[str]], OldMobyMatcher]:
    """`old_moby_matcher` as a CLI or engine of a version up to 20.10 has it, by its text.

    Source: moby/moby Dockerfile, ARG GO_VERSION @ v20.10.7 (1.13) and v20.10.8 (1.16).
    """
    release = parse_release(version)
    checks_whole = release is None or release >= (20, 10, 8)
    return functools.partial(old_moby_matcher, checks_whole_pattern=checks_whole)


@lru_cache(maxsize=1024)
def _test(pattern: str) -> Test:
    return go_regexp(f"^{wildcard_expression(pattern, _ESCAPED)}$")
