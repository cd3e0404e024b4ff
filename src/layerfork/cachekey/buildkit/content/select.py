"""Which files of a source enter the content key of a COPY, ADD or bind mount, and in what form.

Source: moby/buildkit cache/contenthash/checksum.go:{Checksum,includedPaths} and
solver/llbsolver/ops/{file,exec}.go @ v0.13.2 and v0.32.2.
"""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from layerfork.buildcontext import gopath
from layerfork.buildcontext.ignore.docker_go import GoMatcher, go_matcher
from layerfork.cachekey.buildkit.content.tree import ContentTree, MissingPathError, clean_link, key_path
from layerfork.cachekey.shared.tree import Node, link_target


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

    selector: Selector
    prefix: str = ""
    """The part of the selector's path before any wildcard; listed items count by what follows it."""
    items: tuple[Item, ...]
    alone: bool
    """The one item's digest is the digest: no list is made."""


def has_wildcard(path: str) -> bool:
    """Whether a COPY source holds ``*``, ``?`` or ``[`` that no backslash hides."""
    return gopath.has_wildcard(path)


def order_selectors(selectors: Iterable[Selector]) -> tuple[Selector, ...]:
    """Selectors in the order that their digests are joined in: by path, those inside another dropped."""
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


def select(tree: ContentTree, selector: Selector) -> Selection:
    """Pick what a selector means.

    Raises: MissingPathError, LinkLoopError.
    """
    path = key_path(selector.path)
    if not selector.lists:
        place, node = tree.locate(path, selector.follow_links)
        if node is None:
            raise MissingPathError(selector.path)
        item = Item(path=path, place=place, node=node, whole=True)
        return Selection(selector=selector, items=(item,), alone=True)
    lister = _Lister(tree=tree, selector=selector, path=path)
    items = tuple(lister.list())
    alone = len(items) == 1 and posixpath.basename(path) == posixpath.basename(items[0].path)
    return Selection(selector=selector, prefix=lister.prefix, items=items, alone=alone)


@dataclass(slots=True)
class _Directory:
    """A directory that the walk is in."""

    item: Item
    include_state: tuple[bool, ...]
    exclude_state: tuple[bool, ...]
    listed: bool = False


@dataclass(slots=True, kw_only=True)
class _Lister:
    tree: ContentTree
    selector: Selector
    path: str
    prefix: str = ""
    matched: str = ""
    """The path that the wildcards matched last; what lies below it is included with it."""
    above: list[_Directory] = field(default_factory=list)
    include: GoMatcher = field(init=False)
    exclude: GoMatcher = field(init=False)

    def __post_init__(self) -> None:
        self.include = go_matcher(self.selector.include)
        self.exclude = go_matcher(self.selector.exclude)

    def list(self) -> Iterator[Item]:
        self.prefix, start = self._start()
        if start is None:
            return
        for place, node in self.tree.walk(start):
            path = self.prefix + place.removeprefix(start)
            while self.above and not path.startswith(self.above[-1].item.path + "/"):
                self.above.pop()
            candidate = self._candidate(path)
            # The root's header is no part when the source is the root itself.
            if candidate is None or (node.is_directory and not path):
                continue
            yield from self._visit(path, place, node, candidate)

    def _visit(self, path: str, place: str, node: Node, candidate: str) -> Iterator[Item]:
        parent = self.above[-1] if self.above else None
        included, include_state, exclude_state = self._decide(candidate, parent)
        follow = self.selector.follow_links and (self.tree.rules.follows_listed_links or parent is None)
        item = Item(path=path, place=place, node=node, whole=False)
        if node.is_link and follow and included:
            place, target = self.tree.locate(path, follow_last=True)
            if target is None:
                raise MissingPathError(path)
            item = Item(path=path, place=place, node=target, whole=True)
        if included:
            for directory in self.above:
                if not directory.listed:
                    directory.listed = True
                    yield directory.item
            yield item
        if node.is_directory:
            self.above.append(_Directory(item, include_state, exclude_state, listed=included))

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

    def _decide(
        self, candidate: str, parent: _Directory | None
    ) -> tuple[bool, tuple[bool, ...], tuple[bool, ...]]:
        include_state: tuple[bool, ...] = ()
        exclude_state: tuple[bool, ...] = ()
        if self.include.patterns:
            state = parent.include_state if parent is not None else ()
            included, include_state = self.include.decide(candidate, state or None)
            if not included:
                return False, include_state, exclude_state
        if self.exclude.patterns:
            state = parent.exclude_state if parent is not None else ()
            excluded, exclude_state = self.exclude.decide(candidate, state or None)
            if excluded:
                return False, include_state, exclude_state
        return True, include_state, exclude_state

    def _start(self) -> tuple[str, str | None]:
        """The path before any wildcard, and where it leads; None when it leads nowhere."""
        if not self.selector.wildcard:
            place, node = self._resolve(self.path, follow_last=False)
            return self.path, place if node is not None else None
        names = self.path.split("/")
        first = next(number for number, name in enumerate(names) if has_wildcard(name))
        prefix = "/".join(names[:first])
        if not prefix:
            return "", ""
        place, node = self._resolve(prefix, follow_last=True)
        return prefix, place if node is not None else None

    def _resolve(self, path: str, follow_last: bool) -> tuple[str, Node | None]:
        if not self.tree.rules.lexical_links:
            return self.tree.locate(path, follow_last)
        place, node = self.tree.locate(path, follow_last=False)
        while follow_last and node is not None and node.is_link and node.entry is not None:
            place = clean_link(place, link_target(node.entry))
            node = self.tree.find(place)
        return place, node
