"""What the sources of a COPY or ADD of buildah are: wildcards expanded, ignore rules applied.

Source: containers/buildah add.go:Add and copier/copier.go:copierHandlerStat @ v1.19.6, v1.28.2, v1.39.3 and
v1.44.0.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from layerfork.context.ignore.containers_storage import StorageMatcher, storage_matcher
from layerfork.keys.buildah.content import AddedSource, CopyOptions, MissingSourceError
from layerfork.keys.buildah.copier import Copier
from layerfork.keys.buildah.glob import glob_paths
from layerfork.keys.buildah.rules import BuildahRules
from layerfork.keys.shared.tree import ContextTree
from layerfork.record import gopath

_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFinder:
    """Finds the sources of COPY and ADD instructions in one context."""

    tree: ContextTree
    excludes: StorageMatcher
    rules: BuildahRules

    def find(self, words: Sequence[str], options: CopyOptions) -> tuple[AddedSource, ...]:
        """Items in the order of the words; what a wildcard matches in byte order.

        Raises: MissingSourceError, LinkLoopError, UsageError for a malformed ignore pattern.
        """
        excludes = self._excludes(words, options)
        copier = Copier(tree=self.tree, rules=self.rules, excludes=excludes, options=options)
        globbed = [self._globbed(word) for word in words]
        if not any(globbed):
            raise MissingSourceError(" ".join(words))
        return tuple(
            source
            for word, paths in zip(words, globbed, strict=True)
            if paths
            for source in self._copied(word, paths, copier)
        )

    def _excludes(self, words: Sequence[str], options: CopyOptions) -> StorageMatcher:
        """The ignore file's rules, and after them those of ``--exclude``, whose slashes count.

        Source: imagebuildah/stage_executor.go:{Copy,joinExcludePatternWithCopySource}.
        """
        if not options.excludes:
            return self.excludes
        patterns = list(options.excludes)
        if self.rules.excludes_below_sources:
            patterns += [_below(word, each) for word in words for each in options.excludes]
        own = storage_matcher(patterns, replace(self.rules.ignores, strips_slashes=False))
        return StorageMatcher(rules=(*self.excludes.rules, *own.rules))

    def _globbed(self, word: str) -> list[str]:
        pattern = gopath.clean("/" + word)[1:] or "."
        paths = glob_paths(self.tree, pattern, double_star=self.rules.extended_globs)
        if not paths and not (self.rules.skips_empty_wildcards and _WILDCARD.search(pattern)):
            raise MissingSourceError(word)
        return paths

    def _copied(self, word: str, paths: list[str], copier: Copier) -> list[AddedSource]:
        """Sources of one word. Nothing but directories of which nothing is kept is as good as nothing."""
        sources = [copier.source(path) for path in paths if copier.wants(path)]
        if not any(source.members or not copier.excludes.excludes(source.path) for source in sources):
            raise MissingSourceError(word)
        return sources


def _below(word: str, pattern: str) -> str:
    source, text = gopath.clean(word), pattern.removeprefix("!")
    if source == "." or not text:
        return pattern
    return "!" * pattern.startswith("!") + gopath.clean(f"{source}/{text}")
