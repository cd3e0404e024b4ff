"""What the sources of a COPY or ADD of buildah are, and what its copier puts into the tar of each."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from layerfork.context.ignore.containers_storage import StorageMatcher, storage_matcher
from layerfork.keys.buildah.content import AddedSource, CopyOptions, MissingSourceError, TarMember, tar_member
from layerfork.keys.unpacked import ContextTree, LinkLoopError, Node, in_byte_order, link_target
from layerfork.record import gopath
from layerfork.record.context import EntryType
from layerfork.releases import BuildahRules

# What a source of COPY or ADD matches: Go's ``Glob`` inside the context, links in directories followed.
#
# Source: golang/go src/path/filepath/match.go:Glob @ go1.22; containers/buildah copier/copier.go:extendedGlob
# @ v1.38.0 to v1.44.0.


class _MalformedGlobError(Exception):
    pass


def glob_paths(tree: ContextTree, pattern: str, *, double_star: bool) -> list[str]:
    """Paths that a clean relative pattern matches, in buildah's order; a malformed one matches nothing.

    With ``double_star`` a component ``**`` stands for every directory there; else it is as ``*``.
    Raises: LinkLoopError.
    """
    patterns = _expand(tree, pattern) if double_star and pattern != "." else [pattern]
    try:
        return [path for each in patterns for path in _glob(tree, each)]
    except _MalformedGlobError:
        return []


def locate(tree: ContextTree, path: str) -> tuple[str, Node | None]:
    """Where a path lies when links on the way are followed, and what is there; the last name may be a link.

    Raises: LinkLoopError.
    """
    if path == ".":
        return path, tree.root
    parent, name = posixpath.split(path)
    place = _join(tree.resolve(parent), name)
    return place, tree.find(place)


def _expand(tree: ContextTree, pattern: str) -> list[str]:
    patterns = ["."]
    for component in pattern.split("/"):
        if component == "**":
            joined = [_join(parent, below) for parent in patterns for below in _directories(tree, parent)]
        else:
            joined = [_join(parent, component) for parent in patterns]
        patterns = list(dict.fromkeys(joined))
    return patterns


def _directories(tree: ContextTree, parent: str) -> list[str]:
    """A directory and all below it, relative to it; nothing when wildcards or a link are in the way."""
    top, node = locate(tree, parent)
    if node is None or not node.is_directory:
        return []
    places = [place for place, found in tree.walk(top) if found.is_directory]
    return [posixpath.relpath(place, top) for place in places]


def _glob(tree: ContextTree, pattern: str) -> list[str]:
    if not gopath.has_glob(pattern):
        return [pattern] if locate(tree, pattern)[1] is not None else []
    if not gopath.is_valid_pattern(pattern):
        raise _MalformedGlobError
    parent, name = posixpath.split(pattern)
    parents = _glob(tree, parent) if gopath.has_glob(parent) else [parent or "."]
    found = []
    for directory in parents:
        node = tree.find(tree.resolve(directory))
        children = node.children if node is not None and node.is_directory else {}
        found += [_join(directory, child) for child in in_byte_order(children) if gopath.match(name, child)]
    return found


def _join(parent: str, name: str) -> str:
    if parent == ".":
        return name
    return parent if name == "." else f"{parent}/{name}"


# What buildah's copier puts into the tar of one thing that a source matched.
#
# Source: containers/buildah copier/copier.go:copierHandlerGet and add.go:{includeDirectoryAnyway,
# globbedToGlobbable} @ v1.19.6, v1.28.2, v1.39.3 and v1.44.0.

_MAX_LINKS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Copier:
    """Copies things of one context for one instruction."""

    tree: ContextTree
    rules: BuildahRules
    excludes: StorageMatcher
    """Rules of the ignore file and of the instruction."""
    options: CopyOptions

    def wants(self, path: str) -> bool:
        """Whether a matched path is looked at: a directory that is left out is, above an exception."""
        if not self.excludes.excludes(path):
            return True
        return self._is_directory(path) and any(
            text.removeprefix("/").startswith(path + "/") for text in self._exceptions()
        )

    def source(self, path: str) -> AddedSource:
        """The tar of a matched path. Raises: MissingSourceError, LinkLoopError, UsageError."""
        seen: dict[str, str] = {}
        members: list[TarMember] = []
        copied = False
        for match in self._matched_again(path):
            item, place, node = self._follow(match)
            if node.is_directory:
                members.extend(self._members(item, place, seen))
            elif self.excludes.excludes(item):
                continue
            else:
                name = self.options.rename or posixpath.basename(match)
                members.append(self._member(name, place, node, seen))
            copied = True
        if not copied:
            raise MissingSourceError(path)
        return AddedSource(
            path=path,
            is_directory=self._is_directory(path),
            members=tuple(members),
            directory_slash=self.rules.directory_slash,
        )

    def _is_directory(self, path: str) -> bool:
        node = self.tree.find(self.tree.resolve(path))
        return node is not None and node.is_directory

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

    def _members(self, item: str, top: str, seen: dict[str, str]) -> Iterator[TarMember]:
        """What a directory holds; a hopeless directory is not entered."""
        skipped = ""
        for place, node in self.tree.walk(top):
            if place == top or node.type is EntryType.SOCKET or (skipped and place.startswith(skipped)):
                continue
            name = place if top == "." else place[len(top) + 1 :]
            path = name if item == "." else f"{item}/{name}"
            if not self.excludes.excludes(path):
                yield self._member(name, place, node, seen)
            elif node.is_directory and self.rules.prunes_excluded and not self._may_hold(path):
                skipped = place + "/"

    def _may_hold(self, directory: str) -> bool:
        """Whether a walk enters a directory that is left out: text is compared, and not by whole names."""
        return any((text.strip("/") + "/").startswith(directory) for text in self._exceptions())

    def _exceptions(self) -> Iterator[str]:
        return (rule.text for rule in self.excludes.rules if rule.exception)

    def _member(self, name: str, place: str, node: Node, seen: dict[str, str]) -> TarMember:
        owner_names = self.rules.owner_names
        return tar_member(self.tree, name, place, node, self.options, seen, owner_names=owner_names)


# What the sources of a COPY or ADD of buildah are: wildcards expanded, ignore rules applied.
#
# Source: containers/buildah add.go:Add and copier/copier.go:copierHandlerStat @ v1.19.6, v1.28.2, v1.39.3 and
# v1.44.0.

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
        """Sources of one word. Directories without a kept entry count as no match."""
        sources = [copier.source(path) for path in paths if copier.wants(path)]
        if not any(source.members or not copier.excludes.excludes(source.path) for source in sources):
            raise MissingSourceError(word)
        return sources


def _below(word: str, pattern: str) -> str:
    source, text = gopath.clean(word), pattern.removeprefix("!")
    if source == "." or not text:
        return pattern
    return "!" * pattern.startswith("!") + gopath.clean(f"{source}/{text}")
