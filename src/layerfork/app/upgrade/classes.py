"""Which clients went from one cache to another between two runs."""

from collections.abc import Iterator, Mapping, Sequence

from layerfork.record.upgrade import Move

Place = int | None
"""Number of a class; None where nothing shows which it is."""


def moves(places: Mapping[str, tuple[Place, Place]]) -> Iterator[Move]:
    """Clients with the class of each before and now: those that left what counts as the same cache.

    Numbers of classes mean nothing from run to run. A cache of now counts as the one of before that it has
    most clients of, each as one at most; the others of its clients moved.
    """
    groups: dict[tuple[Place, Place], list[str]] = {}
    for client, where in places.items():
        groups.setdefault(where, []).append(client)
    same = _same(groups)
    for (old, new), clients in groups.items():
        if (old, new) not in same and (old, new) != (None, None):
            yield Move(
                clients=tuple(clients),
                left=_others(places, 0, old, clients),
                joined=_others(places, 1, new, clients),
            )


def _same(groups: Mapping[tuple[Place, Place], Sequence[str]]) -> set[tuple[Place, Place]]:
    known = [where for where in groups if None not in where]
    taken: set[tuple[Place, Place]] = set()
    for old, new in sorted(known, key=lambda where: -len(groups[where])):
        if not any(old == one or new == other for one, other in taken):
            taken.add((old, new))
    return taken


def _others(
    places: Mapping[str, tuple[Place, Place]], side: int, place: Place, clients: Sequence[str]
) -> tuple[str, ...] | None:
    if place is None:
        return None
    return tuple(each for each, where in places.items() if where[side] == place and each not in clients)
