"""Which files of a source enter the content key of a COPY, ADD or bind mount, and in what form."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from layerfork.context.ignore.moby import MobyMatcher, moby_matcher
from layerfork.errors import UsageError
from layerfork.keys.buildkit.content_tree import (
    ContentTree,
    Item,
    MissingPathError,
    PatternError,
    Selection,
    Selector,
    UnmodelledError,
    before_wildcard,
    is_alone,
    key_path,
)
from layerfork.keys.buildkit.links import locate, locate_prefix
from layerfork.keys.unpacked import Node
from layerfork.record import gopath
from layerfork.releases import Listing

# What a wildcard matches for BuildKit up to 0.8: whole directories, whose inside is not looked at.
#
# Source: moby/buildkit cache/contenthash/checksum.go:{ChecksumWildcard,wildcards} @ v0.8.2, v0.8.3.


def list_matches(tree: ContentTree, pattern: str, follow_links: bool) -> Iterator[Item]:
    """What matches, in byte order of paths; links before a wildcard are not followed.

    Raises: ContentError, LinkLoopError.
    """
    if not gopath.is_valid_pattern(pattern):
        raise PatternError(pattern)
    taken = ""
    for place, node in tree.walk(""):
        if taken and place.startswith(f"{taken}/"):
            continue
        if not gopath.match(pattern, place):
            continue
        taken = place if node.is_directory else taken
        if node.is_link and follow_links:
            target, found = locate(tree, place, follow_last=True)
            if found is None:
                raise MissingPathError(place)
            yield Item(path=place, place=target, node=found, whole=True)
        else:
            yield Item(path=place, place=place, node=node, whole=True)


# What BuildKit lists for a wildcard or for include and exclude patterns, file by file.
#
# Source: moby/buildkit cache/contenthash/checksum.go:{includedPaths,shouldIncludePath} @ v0.10.6 to v0.32.2.


def list_entries(tree: ContentTree, selector: Selector, path: str, prefix: str) -> Iterator[Item]:
    """Files and directories in byte order of their paths, a directory before what lies in it.

    ``path`` is the selector's, clean; ``prefix`` what of it precedes wildcards. A directory is also listed
    where only something below it is picked. Raises: ContentError, LinkLoopError.
    """
    lister = _Lister(
        tree=tree,
        selector=selector,
        path=path,
        include=_matcher(selector.include),
        exclude=_matcher(selector.exclude),
    )
    if selector.wildcard:
        start, found = locate_prefix(tree, prefix)
    else:
        start, found = locate(tree, prefix, follow_last=False)
    if found is None:
        return
    if selector.wildcard and not gopath.is_valid_pattern(path):
        raise PatternError(selector.path)
    try:
        for place, node in tree.walk(start):
            yield from lister.visit(prefix + place.removeprefix(start), place, node)
    except UsageError as error:  # a malformed expression shows when a path is compared with it
        raise PatternError(error.message) from error


def _matcher(patterns: tuple[str, ...]) -> MobyMatcher:
    try:
        return moby_matcher(patterns)
    except UsageError as error:
        raise PatternError(" ".join(patterns)) from error


@dataclass(slots=True)
class _Directory:
    """A directory that the walk is in."""

    item: Item
    include_state: tuple[bool, ...] | None = None
    """What include patterns said of it, for what lies below; None when they were not asked."""
    exclude_state: tuple[bool, ...] | None = None
    listed: bool = False


@dataclass(slots=True, kw_only=True)
class _Lister:
    tree: ContentTree
    selector: Selector
    path: str
    include: MobyMatcher
    exclude: MobyMatcher
    matched: str = ""
    """The path that the wildcards matched last; what lies below it is included with it."""
    above: list[_Directory] = field(default_factory=list)

    def visit(self, path: str, place: str, node: Node) -> Iterator[Item]:
        """What is listed of one thing at a path, with directories above it that were not listed yet."""
        while self.above and not path.startswith(self.above[-1].item.path + "/"):
            self.above.pop()
        candidate = self._candidate(path)
        # The root's header is no part when the source is the root itself.
        if candidate is None or (node.is_directory and not path):
            return
        directory = _Directory(Item(path=path, place=place, node=node, whole=False))
        directory.listed = self._decide(candidate, directory)
        if directory.listed:
            yield from self._above()
            yield self._followed(directory.item)
        if node.is_directory:
            self.above.append(directory)

    def _above(self) -> Iterator[Item]:
        for directory in self.above:
            if not directory.listed:
                directory.listed = True
                yield directory.item

    def _followed(self, item: Item) -> Item:
        """An item, or what its link leads to."""
        follows = self.selector.follow_links and (self.tree.rules.follows_listed_links or not self.above)
        if not (item.node.is_link and follows):
            return item
        place, target = locate(self.tree, item.path, follow_last=True)
        if target is None:
            raise MissingPathError(item.path)
        return Item(path=item.path, place=place, node=target, whole=True)

    def _candidate(self, path: str) -> str | None:
        """The path as include and exclude patterns see it; None when it is not selected at all."""
        if not self.selector.wildcard:
            return path.removeprefix(self.path).removeprefix("/")
        below = self.matched and path.startswith(self.matched + "/")
        if not below:
            if not gopath.match(self.path, path):
                return None
            self.matched = path
        return path.removeprefix(self.matched).removeprefix("/")

    def _decide(self, candidate: str, found: _Directory) -> bool:
        """Whether patterns pick a path; what they said is kept for what lies below it.

        Exclude patterns are not asked about what include patterns leave out: below that they look at
        every parent again.
        """
        parent = self.above[-1] if self.above else None
        if self.include.rules:
            state = parent.include_state if parent is not None else None
            included, found.include_state = self.include.decide(candidate, state)
            if not included:
                return False
        if self.exclude.rules:
            state = parent.exclude_state if parent is not None else None
            excluded, found.exclude_state = self.exclude.decide(candidate, state)
            return not excluded
        return True


# Source: moby/buildkit cache/contenthash/checksum.go:Checksum and solver/llbsolver/ops/{file,exec}.go
# @ v0.8.2 to v0.32.2.


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
