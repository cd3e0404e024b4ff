"""A context as the engine has it after unpacking: what lies where, links followed inside it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from layerfork.record.context import ContextEntry, EntryType
from layerfork.record.gopath import context_path

Unlisted = Mapping[str, tuple[str | None, ...]]
"""By directory, the classic builder's digests of regular files in it; None for one that was not recorded."""


# Source: moby/go-archive archive.go:Unpack and moby/sys symlink/fs.go:FollowSymlinkInScope, vendored
# by moby/moby @ docker-v29.7.2 (pkg/archive and pkg/symlink @ v26.1.5): the same rules.

MAX_LINKS = 255
SETGID = 0o2000
_NOTHING: dict[str, "Node"] = {}
"""What lies below everything that is no directory: nothing is ever put there."""


class LinkLoopError(Exception):
    """A path leads through too many links."""


@dataclass(slots=True, kw_only=True)
class Node:
    """Something at a path."""

    type: EntryType
    entry: ContextEntry | None = None
    """The entry that put it there last; None for a directory that only a path below it implies."""
    children: dict[str, "Node"] = field(default_factory=dict)
    inherits: bool = False
    """A directory that only a path below it implies, made inside one with the setgid bit: the kernel hands
    on bit and group, and unpackers differ in what they make of that."""

    @property
    def is_directory(self) -> bool:
        return self.type is EntryType.DIRECTORY

    @property
    def is_link(self) -> bool:
        return self.type is EntryType.SYMLINK


@dataclass(slots=True, kw_only=True)
class ContextTree:
    """The unpacked context, and for every path the entry that was sent first under it."""

    root: Node
    first: dict[str, ContextEntry]
    duplicates: tuple[str, ...] = ()
    """Paths that were sent more than once, in order of the second time."""

    def resolve(self, path: str) -> str:
        """Where a path leads when all links are followed inside the context; it need not exist.

        Raises: LinkLoopError.
        """
        pending = path.split("/")[::-1]
        names: list[str] = []
        nodes: list[Node | None] = [self.root]
        links = 0
        while pending:
            name = pending.pop()
            if name in ("", "."):
                continue
            if name == "..":
                if names:
                    names.pop()
                    nodes.pop()
                continue
            parent = nodes[-1]
            node = parent.children.get(name) if parent is not None else None
            if node is not None and node.is_link and node.entry is not None:
                links += 1
                if links > MAX_LINKS:
                    raise LinkLoopError(path)
                target = link_target(node.entry)
                if target.startswith("/"):
                    del names[:], nodes[1:]
                pending.extend(target.split("/")[::-1])
                continue
            names.append(name)
            nodes.append(node)
        return "/".join(names) or "."

    def find(self, path: str) -> Node | None:
        """What lies at a path, links not followed."""
        node: Node | None = self.root
        for name in path.split("/") if path != "." else ():
            node = node.children.get(name) if node is not None else None
        return node

    def walk(self, path: str) -> Iterator[tuple[str, Node]]:
        """A path and all below it, names of a directory in byte order, links not followed."""
        start = self.find(path)
        stack = [(path, start)] if start is not None else []
        while stack:
            place, node = stack.pop()
            yield place, node
            prefix = "" if place == "." else place + "/"
            if node.children:
                children = node.children
                stack.extend((prefix + name, children[name]) for name in in_byte_order(children)[::-1])

    def remove(self, path: str) -> None:
        """Delete what a path leads to, with all below it."""
        parent, _, name = self.resolve(path).rpartition("/")
        node = self.find(parent or ".")
        if node is not None and name in node.children:
            del node.children[name]


def unpack(entries: Iterable[ContextEntry]) -> ContextTree:
    """Put entries in place in the order they were sent; later ones replace earlier ones.

    Raises: LinkLoopError.
    """
    tree = ContextTree(root=Node(type=EntryType.DIRECTORY), first={})
    duplicates = []
    first = tree.first
    parents: dict[str, Node] = {}
    for entry in entries:
        path = context_path(entry.name if entry.raw_name is None else path_text(entry))
        if first.setdefault(path, entry) is not entry:
            duplicates.append(path)
        if path == ".":
            tree.root.entry = entry
            continue
        directory, _, name = path.rpartition("/")
        parent = parents.get(directory)
        if parent is None:
            parent = parents[directory] = _directory(tree, directory)
        kept = parent.children.get(name)
        if kept is None:
            parent.children[name] = _node(entry)
        elif kept.is_directory and entry.type is EntryType.DIRECTORY:
            kept.entry = entry
        else:
            # What lay below it is gone, and so may be the parents of later entries.
            parent.children[name] = _node(entry)
            parents.clear()
    tree.duplicates = tuple(duplicates)
    return tree


def _node(entry: ContextEntry) -> Node:
    if entry.type is EntryType.DIRECTORY:
        return Node(type=EntryType.DIRECTORY, entry=entry)
    return Node(type=entry.type, entry=entry, children=_NOTHING)


def _directory(tree: ContextTree, path: str) -> Node:
    """The directory at a path, made with its parents when it is not there."""
    node = tree.root
    names = path.split("/") if path else []
    for depth, name in enumerate(names):
        child = node.children.get(name)
        if child is not None and child.is_link:
            start = tree.resolve("/".join(names[: depth + 1]))
            return _directory(tree, "/".join([start, *names[depth + 1 :]]))
        if child is None or not child.is_directory:
            child = node.children[name] = Node(type=EntryType.DIRECTORY, inherits=_hands_on(node))
        node = child
    return node


def _hands_on(directory: Node) -> bool:
    if directory.entry is None:
        return directory.inherits
    return bool(directory.entry.mode & SETGID)


def path_text(entry: ContextEntry) -> str:
    """An entry's name as text that loses no byte."""
    return entry.name if entry.raw_name is None else entry.raw_name.decode("utf-8", "surrogateescape")


def link_target(entry: ContextEntry) -> str:
    """An entry's link as text that loses no byte."""
    if entry.raw_linkname is None:
        return entry.linkname
    return entry.raw_linkname.decode("utf-8", "surrogateescape")


def shown(path: str) -> str:
    """A path for people and parts: bytes that are not UTF-8 as ``\\xNN``."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def in_byte_order(names: Iterable[str]) -> list[str]:
    """Names sorted by their bytes."""
    listed = list(names)
    listed.sort(key=None if all(map(str.isascii, listed)) else byte_key)
    return listed


def byte_key(name: str) -> bytes:
    """Sorts names by their bytes, as Go does."""
    return name.encode("utf-8", "surrogateescape")
