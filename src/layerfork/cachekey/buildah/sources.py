"""What a COPY or ADD of buildah takes along: its wildcards, its ignore rules, its links.

Source: containers/buildah add.go:{Add,includeDirectoryAnyway,globbedToGlobbable} and
copier/copier.go:{copierHandlerStat,copierHandlerGet} @ v1.19.6, v1.28.2, v1.39.3 and v1.44.0.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from layerfork.buildcontext import gopath
from layerfork.buildcontext.ignore.containers_storage import StorageMatcher, storage_matcher
from layerfork.cachekey.buildah.content import (
    AddedSource,
    CopyOptions,
    MissingSourceError,
    TarMember,
    tar_member,
)
from layerfork.cachekey.buildah.glob import glob_paths, locate
from layerfork.cachekey.buildah.rules import BuildahRules
from layerfork.cachekey.shared.tree import ContextTree, LinkLoopError, Node, link_target
from layerfork.model.context import EntryType

_MAX_LINKS = 16
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
        globbed = [self._globbed(word) for word in words]
        if not any(globbed):
            raise MissingSourceError(" ".join(words))
        return tuple(
            source
            for word, paths in zip(words, globbed, strict=True)
            if paths
            for source in self._copied(word, paths, excludes, options)
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

    def _copied(
        self, word: str, paths: list[str], excludes: StorageMatcher, options: CopyOptions
    ) -> list[AddedSource]:
        sources = []
        empty = True
        for path in paths:
            excluded = excludes.excludes(path)
            if excluded and not (self._is_directory(path) and _is_above_exception(path, excludes)):
                continue
            source = self._source(path, excludes, options)
            empty = empty and excluded and not source.members
            sources.append(source)
        if empty:
            raise MissingSourceError(word)
        return sources

    def _is_directory(self, path: str) -> bool:
        node = self.tree.find(self.tree.resolve(path))
        return node is not None and node.is_directory

    def _source(self, path: str, excludes: StorageMatcher, options: CopyOptions) -> AddedSource:
        seen: dict[str, str] = {}
        members: list[TarMember] = []
        copied = False
        for match in self._matched_again(path):
            item, place, node = self._follow(match)
            if node.is_directory:
                members.extend(self._members(item, place, excludes, options, seen))
            elif excludes.excludes(item):
                continue
            else:
                name = options.rename or posixpath.basename(match)
                members.append(self._member(name, place, node, options, seen))
            copied = True
        if not copied:
            raise MissingSourceError(path)
        return AddedSource(
            path=path,
            is_directory=self._is_directory(path),
            members=tuple(members),
            directory_slash=self.rules.directory_slash,
        )

    def _matched_again(self, path: str) -> list[str]:
        """What was matched is a pattern again; before 1.38 nothing in it is hidden, and never a backslash."""
        pattern = path
        if self.rules.extended_globs:
            pattern = path.replace("[", "[[]").replace("?", "\\?").replace("*", "\\*")
        return glob_paths(self.tree, pattern, double_star=self.rules.extended_globs)

    def _follow(self, match: str) -> tuple[str, str, Node]:
        """Where a link at the end leads: the path as spelt, the place where it lies, and what is there."""
        item = match
        for _ in range(_MAX_LINKS):
            place, node = locate(self.tree, item)
            if node is None:
                raise MissingSourceError(match)
            if not node.is_link or node.entry is None:
                return item, place, node
            item = gopath.clean("/" + posixpath.join(posixpath.dirname(item), link_target(node.entry)))
            item = item[1:] or "."
        raise LinkLoopError(match)

    def _members(
        self, item: str, top: str, excludes: StorageMatcher, options: CopyOptions, seen: dict[str, str]
    ) -> Iterator[TarMember]:
        """What a directory holds; a hopeless directory is not entered."""
        skipped = ""
        for place, node in self.tree.walk(top):
            if place == top or node.type is EntryType.SOCKET or (skipped and place.startswith(skipped)):
                continue
            name = place if top == "." else place[len(top) + 1 :]
            path = name if item == "." else f"{item}/{name}"
            if not excludes.excludes(path):
                yield self._member(name, place, node, options, seen)
            elif node.is_directory and self.rules.prunes_excluded and not _may_hold(path, excludes):
                skipped = place + "/"

    def _member(
        self, name: str, place: str, node: Node, options: CopyOptions, seen: dict[str, str]
    ) -> TarMember:
        return tar_member(self.tree, name, place, node, options, seen, owner_names=self.rules.owner_names)


def _is_above_exception(directory: str, excludes: StorageMatcher) -> bool:
    """Whether a matched directory is looked into although it is left out."""
    texts = (rule.text.removeprefix("/") for rule in excludes.rules if rule.exception)
    return any(text.startswith(directory + "/") for text in texts)


def _may_hold(directory: str, excludes: StorageMatcher) -> bool:
    """Whether a walk enters a directory that is left out: text is compared, and not by whole names."""
    texts = (rule.text.strip("/") + "/" for rule in excludes.rules if rule.exception)
    return any(text.startswith(directory) for text in texts)


def _below(word: str, pattern: str) -> str:
    source, text = gopath.clean(word), pattern.removeprefix("!")
    if source == "." or not text:
        return pattern
    return "!" * pattern.startswith("!") + gopath.clean(f"{source}/{text}")
