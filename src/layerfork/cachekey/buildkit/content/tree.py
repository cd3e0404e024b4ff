"""The files of a BuildKit source as its content digest sees them, and how paths in it are resolved.

Source: moby/buildkit cache/contenthash/checksum.go @ v0.13.2 and v0.32.2.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from layerfork.cachekey.buildkit.rules import BuildKitRules
from layerfork.cachekey.shared.tree import MAX_LINKS, LinkLoopError, Node, in_byte_order, link_target, unpack
from layerfork.model.context import ContextManifest, EntryType, Transport


class MissingPathError(Exception):
    """A path is not among the files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentTree:
    """Files by absolute path; the root is the empty path."""

    root: Node
    has_root_header: bool
    """False for a transferred directory: its root's own attributes are not transferred."""
    rules: BuildKitRules

    def find(self, path: str) -> Node | None:
        """What lies at a path, links not followed."""
        node: Node | None = self.root
        for name in path.split("/")[1:]:
            node = node.children.get(name) if node is not None else None
        return node

    def locate(self, path: str, follow_last: bool) -> tuple[str, Node | None]:
        """Where a path leads when links before its end, and with ``follow_last`` there too, are followed.

        Raises: LinkLoopError.
        """
        if not self.rules.lexical_links:
            return self._locate(path, follow_last)
        place, node = self._locate_by_text(path, 0)
        links = 0
        while follow_last and node is not None and node.is_link:
            links += 1
            if links > MAX_LINKS:
                raise LinkLoopError(path)
            path = key_path(posixpath.join(posixpath.dirname(path), _target(node)))
            place, node = self._locate_by_text(path, 0)
        return place, node

    def _locate(self, path: str, follow_last: bool) -> tuple[str, Node | None]:
        names: list[str] = []
        nodes: list[Node | None] = [self.root]
        pending = path.split("/")[::-1]
        links = 0
        while pending:
            name = pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                del names[-1:], nodes[max(1, len(nodes) - 1) :]
                continue
            parent = nodes[-1]
            node = parent.children.get(name) if parent is not None else None
            if node is not None and node.is_link and (follow_last or any(pending)):
                links += 1
                if links > MAX_LINKS:
                    raise LinkLoopError(path)
                target = _target(node)
                if target.startswith("/"):
                    del names[:], nodes[1:]
                pending.extend(target.split("/")[::-1])
                continue
            names.append(name)
            nodes.append(node)
        return "".join("/" + name for name in names), nodes[-1]

    def _locate_by_text(self, path: str, links: int) -> tuple[str, Node | None]:
        node = self.find(path)
        if node is not None or not path:
            return path, node
        directory, _, name = path.rpartition("/")
        place, parent = self._locate_by_text(directory, links)
        if parent is not None and parent.is_link:
            if links > MAX_LINKS:
                raise LinkLoopError(path)
            return self._locate_by_text(f"{clean_link(directory, _target(parent))}/{name}", links + 1)
        return f"{place}/{name}", self.find(f"{place}/{name}")

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
    return ContentTree(root=tree.root, has_root_header=manifest.transport is Transport.TAR, rules=rules)


def key_path(path: str) -> str:
    """An absolute, clean path; the root is empty."""
    joined = posixpath.normpath("/" + path)
    return "/" + joined.strip("/") if joined.strip("/") else ""


def clean_link(directory: str, target: str) -> str:
    """A link's target by text alone, seen from the link at ``directory``."""
    if target.startswith("/"):
        return key_path(target)
    return key_path(posixpath.join(posixpath.dirname(directory), target))


def _target(node: Node) -> str:
    return link_target(node.entry) if node.entry is not None else ""
