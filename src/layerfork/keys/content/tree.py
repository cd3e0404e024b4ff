"""The files of a BuildKit source as its content digest sees them.

Source: moby/buildkit cache/contenthash/checksum.go @ v0.8.2 to v0.32.2.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from layerfork.keys.buildkit.rules import BuildKitRules
from layerfork.keys.shared.tree import MAX_LINKS, Node, in_byte_order, link_target, unpack
from layerfork.record.context import ContextManifest, EntryType, Transport


class ContentError(Exception):
    """Files cannot be selected: BuildKit fails too, or what it does is not known."""


class MissingPathError(ContentError):
    """A path is not among the files."""


class PatternError(ContentError):
    """A wildcard or pattern that BuildKit refuses."""


class UnmodelledError(ContentError):
    """What this version of BuildKit does here is not modelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentTree:
    """Files by absolute path; the root is the empty path."""

    root: Node
    on_disk: bool
    """BuildKit finds the files on its disk; False for a directory that is transferred."""
    has_root_header: bool
    """False where the root's own attributes are not known to BuildKit: of a transferred directory, unless
    nothing of it is transferred, because then BuildKit looks at its disk."""
    rules: BuildKitRules

    def find(self, path: str) -> Node | None:
        """What lies at a path, links not followed."""
        node: Node | None = self.root
        for name in path.split("/")[1:]:
            node = node.children.get(name) if node is not None else None
        return node

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """A path and all below it, each directory's names in byte order."""
        start = self.find(path)
        stack = [(path, start)] if start is not None else []
        while stack:
            place, node = stack.pop()
            yield place, node
            if node.children:
                children = node.children
                stack.extend((f"{place}/{name}", children[name]) for name in in_byte_order(children)[::-1])

    def through_hardlink(self, node: Node) -> Node:
        """The file that a hard link shares; other nodes are themselves.

        Raises: MissingPathError.
        """
        seen = 0
        while node.type is EntryType.HARDLINK and node.entry is not None:
            seen += 1
            target = self.find(key_path(link_target(node.entry)))
            if target is None or seen > MAX_LINKS:
                raise MissingPathError(link_target(node.entry))
            node = target
        return node


def content_tree(manifest: ContextManifest, rules: BuildKitRules) -> ContentTree:
    """The tree of a context as BuildKit stores it.

    Raises: LinkLoopError.
    """
    tree = unpack(manifest.entries)
    # Unpacking skips an entry of the root itself, so that stays as it was made: 0755, root's.
    tree.root.entry = None
    on_disk = manifest.transport is Transport.TAR
    has_root_header = on_disk or not manifest.entries
    return ContentTree(root=tree.root, on_disk=on_disk, has_root_header=has_root_header, rules=rules)


def key_path(path: str) -> str:
    """An absolute, clean path; the root is empty."""
    joined = posixpath.normpath("/" + path)
    return "/" + joined.strip("/") if joined.strip("/") else ""
