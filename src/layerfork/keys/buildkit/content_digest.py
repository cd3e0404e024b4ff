"""BuildKit's content digest of files and directories, and the key parts that are equal when it is."""

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from layerfork.keys.buildkit.content_tree import (
    ContentTree,
    Item,
    Selection,
    Selector,
    UnmodelledError,
    order_selectors,
)
from layerfork.keys.buildkit.select import select
from layerfork.keys.classic.tarsum import typeflag_of
from layerfork.keys.entryparts import content_is_known, make_entry_parts
from layerfork.keys.unpacked import Node, byte_key, in_byte_order, shown
from layerfork.record.cachekey import HeldName, KeyPart, KeyPlace, Part, Row
from layerfork.record.context import ContextEntry, Digest, EntryType
from layerfork.releases import Listing

# BuildKit's content digest: files and directories without their times, owner names and places.
#
# Source: moby/buildkit cache/contenthash/{checksum,filehash,tarsum}.go and
# solver/llbsolver/ops/opsutils/contenthash.go @ v0.8.2 to v0.32.2.

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


# Parts that are equal for two sources exactly when their content keys are.

ROOT = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentParts:
    """Parts of everything that selectors pick."""

    parts: tuple[Part, ...]
    """Paths begin at the last name of what was selected, or below what precedes a wildcard. Of several
    selectors the later ones have their number as a place."""
    unknown: tuple[str, ...]
    """Which contents were not hashed, in words."""
    held_names: tuple[HeldName, ...]
    """As `CacheKey.held_names`."""


def content_parts(tree: ContentTree, selectors: Iterable[Selector]) -> ContentParts:
    """Name the parts of a content key.

    Raises: ContentError, LinkLoopError.
    """
    lister = _Lister(tree)
    parts: list[Part] = []
    for number, selector in enumerate(order_selectors(selectors), start=1):
        known = len(lister.held)
        own = lister.of_selection(select(tree, selector), number)
        if number == 1:
            parts.extend(own)
            continue
        place = KeyPlace("source", number)
        parts.extend(part.within(place) for part in own)
        lister.held[known:] = [name.within(place) for name in lister.held[known:]]
    return ContentParts(parts=tuple(parts), unknown=tuple(lister.unknown), held_names=tuple(lister.held))


class _Lister:
    def __init__(self, tree: ContentTree) -> None:
        self.tree = tree
        self.unknown: list[str] = []
        self.held: list[HeldName] = []

    def of_selection(self, selection: Selection, number: int) -> Iterator[Part]:
        listing = self.tree.rules.listing
        if selection.alone:
            item = selection.items[0]
            held = f"{number}" if listing is Listing.BARE_TREES else None
            yield from self.of_item(item, posixpath.basename(item.path), held)
            return
        yield KeyPart(cause="engine-version", field="list of files", value=listing)
        for place, item in enumerate(selection.items):
            held = None
            if listing is not Listing.PATHS:
                name = "" if listing is Listing.BARE_TREES else posixpath.basename(item.path)
                held = f"{number}.{place} {name}"
            yield from self.of_item(item, item.path.removeprefix(selection.prefix).strip("/"), held)

    def of_item(self, item: Item, path: str, held: str | None) -> Iterator[Part]:
        """Parts of an item shown at a path; ``held`` is what the key holds of that path, None for all."""
        if not item.whole or not item.node.is_directory:
            yield self.of_node(item.place, item.node, path, held)
            return
        skipped = len(item.place)
        for place, node in self.tree.walk(item.place):
            below = place[skipped:]
            yield self.of_node(place, node, (path + below).lstrip("/"), held and held + below)

    def of_node(self, place: str, node: Node, path: str, held: str | None) -> Part:
        if held is not None:
            self.held.append(HeldName(shown(path), shown(held)))
        if not place:
            return self.root_header()
        file = self.tree.through_hardlink(node)
        header = header_of(file, self.tree)
        own: tuple[Row, ...] = ()
        if header.link or header.devmajor or header.devminor or header.xattrs:
            own = tuple(_rare_rows(header))
        if header.typeflag == "0" and file.entry is not None:
            if file.entry.content is not None:
                own = (*own, ("content", "content", file.entry.content))
            elif not content_is_known(file.entry) or header.size:
                self.unknown.append(f"content of {shown(place[1:])}")
        usual = _usual_rows(header.typeflag, header.mode, header.uid, header.gid)
        return make_entry_parts((shown(path), usual, own, ()))

    def root_header(self) -> KeyPart:
        """The root's own attributes: of a transferred directory they are not known to BuildKit."""
        text = "none"
        if self.tree.has_root_header:
            header = header_of(self.tree.root, self.tree)
            text = f"mode {header.mode:04o}, uid {header.uid}, gid {header.gid}"
        return KeyPart(cause="root-header", path=ROOT, field="header", value=text)


def _rare_rows(header: Header) -> Iterator[Row]:
    if header.typeflag == "2":
        yield "link-target", "linkname", header.link.decode("utf-8", "backslashreplace")
    for field, number in (("devmajor", header.devmajor), ("devminor", header.devminor)):
        if number:
            yield "entry-type", field, str(number)
    for name, value in header.xattrs:
        yield "xattr", name, value.hex()


@lru_cache(maxsize=1024)
def _usual_rows(typeflag: str, mode: int, uid: int, gid: int) -> tuple[Row, ...]:
    """What every file has; a link's mode is always the same and left out."""
    kind, owner = ("entry-type", "typeflag", typeflag), (("uid", "uid", str(uid)), ("gid", "gid", str(gid)))
    if typeflag == "2":
        return (kind, *owner)
    return (kind, ("mode", "mode", f"0{mode:03o}"), *owner)
