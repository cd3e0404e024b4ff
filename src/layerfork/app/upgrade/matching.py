"""What of a later run stands for what of an earlier one: the same, else what nothing else can be meant by."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched(Generic[T]):
    """Pairs in the later run's order, and what has no partner."""

    pairs: tuple[tuple[T, T], ...]
    only_old: tuple[T, ...]
    only_new: tuple[T, ...]


def match(old: Sequence[T], new: Sequence[T], *alike: Callable[[T], Hashable]) -> Matched[T]:
    """Pair what is alike by the first key, in order; what is left by further keys, where one of each side is.

    >>> found = match(["a", "b1"], ["b2", "a"], str, lambda each: each[0])
    >>> found.pairs
    (('b1', 'b2'), ('a', 'a'))
    """
    left, right = list(range(len(old))), list(range(len(new)))
    partners: dict[int, int] = {}
    for place, key in enumerate(alike):
        olds, news = _grouped(old, left, key), _grouped(new, right, key)
        for value, mine in news.items():
            theirs = olds.get(value, [])
            if place == 0 or len(mine) == len(theirs) == 1:
                partners.update(zip(mine, theirs, strict=False))
        left = [each for each in left if each not in partners.values()]
        right = [each for each in right if each not in partners]
    return Matched(
        pairs=tuple((old[partners[place]], new[place]) for place in sorted(partners)),
        only_old=tuple(old[place] for place in left),
        only_new=tuple(new[place] for place in right),
    )


def _grouped(
    items: Sequence[T], places: Sequence[int], key: Callable[[T], Hashable]
) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = {}
    for place in places:
        groups.setdefault(key(items[place]), []).append(place)
    return groups
