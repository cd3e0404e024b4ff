"""Which files of a source enter the content key of a COPY, ADD or bind mount, and in what form.

Source: moby/buildkit cache/contenthash/checksum.go:Checksum and solver/llbsolver/ops/{file,exec}.go
@ v0.8.2 to v0.32.2.
"""

from layerfork.keys.buildkit.rules import Listing
from layerfork.keys.content.links import locate
from layerfork.keys.content.listing import list_entries
from layerfork.keys.content.matches import list_matches
from layerfork.keys.content.selection import Item, Selection, Selector, before_wildcard, is_alone
from layerfork.keys.content.tree import (
    ContentTree,
    MissingPathError,
    UnmodelledError,
    key_path,
)


def select(tree: ContentTree, selector: Selector) -> Selection:
    """Pick what a selector means.

    Raises: ContentError, LinkLoopError.
    """
    path = key_path(selector.path)
    if not selector.lists:
        return Selection(items=(_whole(tree, path, selector),), alone=True)
    listing = tree.rules.listing
    if listing is Listing.UNKNOWN:
        raise UnmodelledError(f"what BuildKit 0.9 lists for {selector.path}")
    prefix = before_wildcard(path) if selector.wildcard else path
    if listing in (Listing.TREES, Listing.BARE_TREES):
        items = tuple(list_matches(tree, path, selector.follow_links))
        alone = len(items) == 1 if listing is Listing.BARE_TREES else is_alone(path, items)
        return Selection(prefix=prefix, items=items, alone=alone)
    items = tuple(list_entries(tree, selector, path, prefix))
    return Selection(prefix=prefix, items=items, alone=is_alone(path, items))


def _whole(tree: ContentTree, path: str, selector: Selector) -> Item:
    place, node = locate(tree, path, selector.follow_links)
    if node is None:
        raise MissingPathError(selector.path)
    return Item(path=path, place=place, node=node, whole=True)
