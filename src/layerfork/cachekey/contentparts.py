"""Parts that are equal for two sources exactly when their content keys are."""

import posixpath
from collections.abc import Iterable, Iterator
from functools import lru_cache

from layerfork.cachekey.contenthash import Header, header_of
from layerfork.cachekey.contentselect import Item, Selection, Selector, order_selectors, select
from layerfork.cachekey.contenttree import ContentTree
from layerfork.cachekey.entryparts import content_is_known, make_part
from layerfork.cachekey.tree import Node, shown
from layerfork.model.cachekey import KeyPart

ROOT = "."


def content_parts(tree: ContentTree, selectors: Iterable[Selector]) -> tuple[list[KeyPart], list[str]]:
    """Parts of everything that selectors pick, and what of it nobody hashed, in words.

    Paths begin at the last name of what was selected, because that is all that a key holds of where it
    lay. Of several selectors the later ones have their number in the field.

    Raises: MissingPathError, LinkLoopError.
    """
    parts: list[KeyPart] = []
    unknown: list[str] = []
    for number, selector in enumerate(order_selectors(selectors), start=1):
        suffix = f" of source {number}" if number > 1 else ""
        lister = _Parts(tree=tree, suffix=suffix, unknown=unknown)
        parts.extend(lister.of_selection(select(tree, selector)))
    return parts, unknown


class _Parts:
    def __init__(self, tree: ContentTree, suffix: str, unknown: list[str]) -> None:
        self.tree = tree
        self.suffix = suffix
        self.unknown = unknown

    def of_selection(self, selection: Selection) -> Iterator[KeyPart]:
        if selection.alone:
            item = selection.items[0]
            yield from self.of_item(item, posixpath.basename(item.path))
            return
        form = "paths" if self.tree.rules.lists_paths else "base names"
        yield self.part("engine-version", "", "list of files", form)
        for item in selection.items:
            yield from self.of_item(item, item.path.removeprefix(selection.prefix).strip("/"))

    def of_item(self, item: Item, path: str) -> Iterator[KeyPart]:
        if not item.whole or not item.node.is_directory:
            yield from self.of_node(item.place, item.node, path)
            return
        for place, node in self.tree.walk(item.place):
            yield from self.of_node(place, node, (path + place.removeprefix(item.place)).lstrip("/"))

    def of_node(self, place: str, node: Node, path: str) -> Iterator[KeyPart]:
        if not place:
            yield self.root_header()
            return
        file = self.tree.through_hardlink(node)
        header = header_of(file, scanned=self.tree.has_root_header)
        path = shown(path)
        fields = _usual_fields(header.typeflag, header.mode, header.uid, header.gid, self.suffix)
        for cause, field, value in fields:
            yield make_part((cause, path, field, value))
        if header.link or header.devmajor or header.devminor or header.xattrs:
            yield from self.rare_parts(header, path)
        if header.typeflag == "0" and file.entry is not None:
            if file.entry.content is not None:
                yield make_part(("content", path, "content" + self.suffix, file.entry.content))
            elif not content_is_known(file.entry) or header.size:
                self.unknown.append(f"content of {shown(place[1:])}")

    def root_header(self) -> KeyPart:
        """The root's own attributes: of a transferred directory they are not known to BuildKit."""
        if not self.tree.has_root_header:
            return self.part("root-header", ROOT, "header", "none")
        header = header_of(self.tree.root, scanned=True)
        text = f"mode {header.mode:04o}, uid {header.uid}, gid {header.gid}"
        return self.part("root-header", ROOT, "header", text)

    def rare_parts(self, header: Header, path: str) -> Iterator[KeyPart]:
        if header.typeflag == "2":
            target = header.link.decode("utf-8", "backslashreplace")
            yield self.part("link-target", path, "linkname", target)
        for field, number in (("devmajor", header.devmajor), ("devminor", header.devminor)):
            if number:
                yield self.part("entry-type", path, field, str(number))
        for name, value in header.xattrs:
            yield self.part("xattr", path, name, value.hex())

    def part(self, cause: str, path: str, field: str, value: str) -> KeyPart:
        return KeyPart(cause=cause, path=path, field=field + self.suffix, value=value)


@lru_cache(maxsize=1024)
def _usual_fields(
    typeflag: str, mode: int, uid: int, gid: int, suffix: str
) -> tuple[tuple[str, str, str], ...]:
    """Cause, field and value of what every file has; a link's mode is always the same and left out."""
    owner = (("uid", f"uid{suffix}", str(uid)), ("gid", f"gid{suffix}", str(gid)))
    kind = ("entry-type", f"typeflag{suffix}", typeflag)
    if typeflag == "2":
        return (kind, *owner)
    return (kind, ("mode", f"mode{suffix}", f"0{mode:03o}"), *owner)
