"""The files of a BuildKit source as its content digest sees them, and what an action asks of them."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from layerfork.keys.unpacked import MAX_LINKS, Node, in_byte_order, link_target, unpack
from layerfork.record import gopath
from layerfork.record.context import ContextManifest, EntryType, Transport
from layerfork.releases import BuildKitRules

# The files of a BuildKit source as its content digest sees them.
#
# Source: moby/buildkit cache/contenthash/checksum.go @ v0.8.2 to v0.32.2.


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


# What an action or mount asks of its source, and what was picked for it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """What one action or mount reads of its source."""

    path: str
    """Absolute, as written: links and wildcards are still in it."""
    follow_links: bool = True
    wildcard: bool = False
    """Wildcards in the path are to be expanded; only true when there are some."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def lists(self) -> bool:
        """The files are listed one by one, not digested as one tree."""
        return self.wildcard or bool(self.include) or bool(self.exclude)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file or directory that a selector picked."""

    path: str
    """Absolute path by which it was picked."""
    place: str
    """Where it lies: other than the path when links were followed."""
    node: Node
    whole: bool
    """With everything below it; else only its own header and content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a selector picked."""

    prefix: str = ""
    """The part of the selector's path before any wildcard; listed items count by what follows it."""
    items: tuple[Item, ...]
    alone: bool
    """The one item's digest is the digest: no list is made."""


def has_wildcard(path: str) -> bool:
    """Whether a COPY source holds ``*``, ``?`` or ``[`` that no backslash hides."""
    return gopath.has_wildcard(path)


def before_wildcard(path: str) -> str:
    """The names of a path before the first one with a wildcard; empty for none."""
    names = path.split("/")
    first = next((number for number, name in enumerate(names) if has_wildcard(name)), len(names))
    return "/".join(names[:first])


def order_selectors(selectors: Iterable[Selector]) -> tuple[Selector, ...]:
    """Selectors in the order that their digests are joined in: by path, those inside another dropped.

    Source: moby/buildkit solver/llbsolver/ops/file.go:dedupeSelectors @ v0.13.2, v0.32.2. Up to 0.12 paths
    inside ``/`` are kept beside it, which makes no keys equal or unequal that would not be so anyway.
    """
    selectors = tuple(selectors)
    plain = [
        Selector(path=path, follow_links=follow)
        for follow in (False, True)
        for path in outermost(s.path for s in selectors if not s.lists and s.follow_links is follow)
    ]
    return tuple(sorted((*plain, *(s for s in selectors if s.lists)), key=lambda selector: selector.path))


def outermost(paths: Iterable[str]) -> list[str]:
    """Paths without those that lie inside another one of them, sorted."""
    distinct = sorted(set(paths))
    if len(distinct) < 2:
        return distinct
    return [
        path
        for path in distinct
        if not any(path != other and path.startswith(other.rstrip("/") + "/") for other in distinct)
    ]


def is_alone(path: str, items: tuple[Item, ...]) -> bool:
    """Whether one item was picked that bears the very name that was asked for."""
    return len(items) == 1 and posixpath.basename(path) == posixpath.basename(items[0].path)
