"""Ignore rules of buildah and podman.

Source: containers/storage pkg/fileutils/fileutils.go @ v1.24.6 to v1.59.0.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from layerfork.context.ignore.gopatterns import PatternRule, Test, read_rules, wildcard_expression
from layerfork.context.ignore.regexps import go_regexp
from layerfork.record import gopath
from layerfork.releases import StorageSyntax

_ESCAPED = ".$"
_NEWEST = StorageSyntax()


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageMatcher:
    """An ordered list of rules: the last that matches a path decides. A pattern matches what lies below, too.

    Every question raises UsageError for a malformed expression in any rule.
    """

    rules: tuple[PatternRule, ...]

    @property
    def has_exceptions(self) -> bool:
        return any(rule.exception for rule in self.rules)

    def excludes(self, path: str) -> bool:
        """Whether a path (relative, no ``./``) is left out. The root never is. Source: Matches."""
        if path == ".":
            return False
        excluded = False
        for rule in self.rules:
            if _test(rule.text)(path):
                excluded = not rule.exception
        return excluded


def storage_matcher(patterns: Iterable[str], syntax: StorageSyntax = _NEWEST) -> StorageMatcher:
    """A matcher for patterns as `read_containers_ignorefile` gives them.

    Raises: UsageError for a pattern that is refused before any path is looked at.
    """
    if syntax.strips_slashes:
        patterns = [pattern.strip("/") for pattern in patterns]
    return StorageMatcher(
        rules=read_rules(
            patterns,
            accepts=gopath.is_valid_pattern if syntax.checks_whole_pattern else gopath.is_valid_beginning,
            after_exclamation=_relative if syntax.strips_exceptions else str,
        )
    )


def _relative(text: str) -> str:
    return gopath.clean(text).removeprefix("/")


@lru_cache(maxsize=1024)
def _test(pattern: str) -> Test:
    """Nothing groups an alternation: ``a|b`` matches what begins with ``a``, and what ends in ``b``."""
    return go_regexp(f"^{wildcard_expression(pattern, _ESCAPED)}(/.*)?$")
