"""BuildKit's content digest: files and directories without their times, owner names and places.

Source: moby/buildkit cache/contenthash/{checksum,filehash,tarsum}.go and
solver/llbsolver/ops/opsutils/contenthash.go @ v0.8.2 to v0.32.2.
"""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from layerfork.keys.buildkit.rules import Listing
from layerfork.keys.classic.tarsum import typeflag_of
from layerfork.keys.content.select import select
from layerfork.keys.content.selection import Item, Selection, Selector, order_selectors
from layerfork.keys.content.tree import ContentTree, UnmodelledError
from layerfork.keys.shared.tree import Node, byte_key, in_byte_order
from layerfork.record.context import ContextEntry, Digest, EntryType

IMPLIED_MODE = 0o755
"""Mode of a directory that only a path below it implies; it belongs to root."""
LINK_MODE = 0o777
EMPTY = Digest("sha256:" + sha256(b"").hexdigest())

Contents = Callable[[ContextEntry], Iterable[bytes]]
"""Gives a file's bytes in pieces."""


class Header(NamedTuple):
    """What a file's digest holds besides its content. A tuple: there are very many."""

    mode: int
    uid: int
    gid: int
    size: int
    typeflag: str
    link: bytes
    devmajor: int
    devminor: int
    xattrs: tuple[tuple[str, bytes], ...]


def header_of(node: Node, tree: ContentTree) -> Header:
    """The hashed attributes of a file, directory or link (hard links already followed).

    Raises: UnmodelledError.
    """
    entry = node.entry
    if entry is None:
        if node.inherits:
            raise UnmodelledError("the mode of a directory that nothing sent, below one with the setgid bit")
        return Header(
            mode=IMPLIED_MODE, uid=0, gid=0, size=0, typeflag="5", link=b"", devmajor=0, devminor=0, xattrs=()
        )
    typeflag = "0" if entry.type is EntryType.SOCKET else typeflag_of(entry)
    is_link = typeflag == "2"
    has_numbers = typeflag in "34" and (not tree.on_disk or tree.rules.devices_on_disk)
    return Header(
        mode=LINK_MODE if is_link else entry.mode & 0o7777,
        uid=entry.uid if tree.rules.owners else 0,
        gid=entry.gid if tree.rules.owners else 0,
        size=0 if typeflag in "23456" else entry.size,
        typeflag="0" if typeflag == "7" else typeflag,
        link=entry.linkname_bytes if is_link else b"",
        devmajor=entry.devmajor if has_numbers else 0,
        devminor=entry.devminor if has_numbers else 0,
        xattrs=tuple(sorted(pair for pair in entry.xattrs if _counts(pair[0]))) if entry.xattrs else (),
    )


def _counts(xattr: str) -> bool:
    return xattr == "security.capability" or not xattr.startswith(("security.", "system."))


def header_bytes(header: Header) -> bytes:
    """The bytes that precede a file's content."""
    front = f"namemode{header.mode}uid{header.uid}gid{header.gid}size{header.size}"
    front += f"typeflag{header.typeflag}linkname"
    back = f"unamegnamedevmajor{header.devmajor}devminor{header.devminor}"
    xattrs = b"".join(name.encode() + value for name, value in header.xattrs)
    return front.encode() + header.link + back.encode() + xattrs


@dataclass(slots=True, kw_only=True)
class ContentDigester:
    """Digests parts of one tree; remembers what it has digested."""

    tree: ContentTree
    contents: Contents
    digests: dict[tuple[int, bool], Digest]

    def selection(self, selection: Selection) -> Digest:
        """Digest of what one selector picked."""
        if not selection.items:
            return EMPTY
        digests = [self.item(item) for item in selection.items]
        if selection.alone:
            return digests[0]
        return Digest("sha256:" + sha256(self._listed(selection, digests)).hexdigest())

    def _listed(self, selection: Selection, digests: list[Digest]) -> bytes:
        """The list of what was picked, as this version writes it."""
        listing = self.tree.rules.listing
        if listing is Listing.BARE_TREES:
            return "\0".join(digests).encode()
        pairs = zip((item.path for item in selection.items), digests, strict=True)
        if listing is Listing.PATHS:
            return b"".join(
                _key(path.removeprefix(selection.prefix)) + digest.encode() for path, digest in pairs
            )
        return b"\0".join(byte_key(posixpath.basename(path)) + digest.encode() for path, digest in pairs)

    def item(self, item: Item) -> Digest:
        return self.node(item.place, item.node, item.whole)

    def node(self, place: str, node: Node, whole: bool) -> Digest:
        """Digest of a file, or of a directory with all below it or of its header alone."""
        key = id(node), whole
        if key not in self.digests:
            below = whole and node.is_directory
            self.digests[key] = self._directory(place, node) if below else self._own(place, node)
        return self.digests[key]

    def _own(self, place: str, node: Node) -> Digest:
        node = self.tree.through_hardlink(node)
        if not place and not self.tree.has_root_header:
            return EMPTY
        header = header_of(node, self.tree)
        digest = sha256(header_bytes(header))
        if header.typeflag == "0" and node.entry is not None:
            for piece in self.contents(node.entry):
                digest.update(piece)
        return Digest("sha256:" + digest.hexdigest())

    def _directory(self, place: str, node: Node) -> Digest:
        digest = sha256(b"\0" + self.node(place, node, whole=False).encode())
        for name in in_byte_order(node.children):
            child = self.node(f"{place}/{name}", node.children[name], whole=True)
            digest.update(b"\0" + byte_key(name) + child.encode())
        return Digest("sha256:" + digest.hexdigest())


def content_digest(
    tree: ContentTree,
    selectors: Iterable[Selector],
    contents: Contents,
    known: dict[tuple[int, bool], Digest] | None = None,
) -> Digest:
    """The content key of an action that reads these paths: C, still without its output number.

    ``known`` remembers what was digested of this very tree, from one call to the next.
    Raises: ContentError, LinkLoopError.
    """
    digester = ContentDigester(tree=tree, contents=contents, digests={} if known is None else known)
    digests = [digester.selection(select(tree, selector)) for selector in order_selectors(selectors)]
    return Digest("sha256:" + sha256("\0".join(digests).encode()).hexdigest())


def _key(path: str) -> bytes:
    """A path as the list holds it: slashes are zero bytes."""
    return byte_key(path).replace(b"/", b"\0") or b"\0"
