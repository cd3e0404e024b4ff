"""What buildah's copier puts into the tar of one thing that a source matched.

Source: containers/buildah copier/copier.go:copierHandlerGet and add.go:{includeDirectoryAnyway,
globbedToGlobbable} @ v1.19.6, v1.28.2, v1.39.3 and v1.44.0.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from layerfork.context.ignore.containers_storage import StorageMatcher
from layerfork.keys.buildah.content import (
    AddedSource,
    CopyOptions,
    MissingSourceError,
    TarMember,
    tar_member,
)
from layerfork.keys.buildah.glob import glob_paths, locate
from layerfork.keys.buildah.rules import BuildahRules
from layerfork.keys.shared.tree import ContextTree, LinkLoopError, Node, link_target
from layerfork.record import gopath
from layerfork.record.context import EntryType

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
