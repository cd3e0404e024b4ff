"""What an action or mount asks of its source, and what was picked for it."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass

from layerfork.keys.shared.tree import Node
from layerfork.record import gopath


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
