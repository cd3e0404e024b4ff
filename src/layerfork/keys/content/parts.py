"""Parts that are equal for two sources exactly when their content keys are."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from layerfork.keys.buildkit.rules import Listing
from layerfork.keys.content.digest import Header, header_of
from layerfork.keys.content.select import select
from layerfork.keys.content.selection import Item, Selection, Selector, order_selectors
from layerfork.keys.content.tree import ContentTree
from layerfork.keys.shared.entryparts import content_is_known, make_entry_parts
from layerfork.keys.shared.tree import Node, shown
from layerfork.record.cachekey import HeldName, KeyPart, Part, Place, Row

ROOT = "."


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentParts:
    """Parts of everything that selectors pick."""

    parts: tuple[Part, ...]
    """Paths begin at the last name of what was selected, or below what precedes a wildcard. Of several
    selectors the later ones have their number as a place."""
    unknown: tuple[str, ...]
    """What of it nobody hashed, in words."""
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
        place = Place("source", number)
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
