"""In which order and at which heights lines run, so that few of them cross."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations

from layerfork.report.svg.graph import ForkGraph

Cells = Sequence[Sequence[int | None]]
"""As in `Line.cells`, for each line."""
EXHAUSTIVE = 6
"""Up to this many lines every order is tried; 720 are quickly counted."""


def order_of_lines(cells: Cells) -> tuple[int, ...]:
    """Numbers of lines, the topmost first.

    The lines that leave another last are next to it. Where that crosses lines, the order with the fewest
    crossings is searched: among all of them for few lines, from this one on for many.
    """
    first = _by_departure(cells)
    if not count_crossings(first, cells):
        return first
    if len(first) <= EXHAUSTIVE:
        return min(permutations(first), key=lambda order: count_crossings(order, cells))
    return _improved(first, cells)


def count_crossings(order: Sequence[int], cells: Cells) -> int:
    """How often two lines change sides, from one column to the next."""
    rank = {line: place for place, line in enumerate(order)}
    count = 0
    for one, other in combinations(order, 2):
        sides = [
            _place(one, left, rank) < _place(other, right, rank)
            for left, right in zip(cells[one], cells[other], strict=True)
            if left is not None and right is not None
        ]
        count += sum(before != after for before, after in pairwise(sides))
    return count


def _place(line: int, lead: int, rank: dict[int, int]) -> tuple[int, int]:
    """A line lies on the lane of the line that it runs with; there, in order."""
    return rank[lead], rank[line]


def _by_departure(cells: Cells) -> tuple[int, ...]:
    """Depth first; of the lines that leave one, that which leaves last comes first."""
    children: dict[int | None, list[int]] = {}
    for line in range(len(cells)):
        children.setdefault(_parent(line, cells), []).append(line)
    order: list[int] = []

    def visit(line: int) -> None:
        order.append(line)
        for child in sorted(children.get(line, ()), key=lambda each: -_departure(each, cells)):
            visit(child)

    for root in children.get(None, ()):
        visit(root)
    return tuple(order)


def _parent(line: int, cells: Cells) -> int | None:
    """The line that it runs with last before it is on its own; None for one that never ran with another."""
    shared = [lead for lead in cells[line][: _departure(line, cells)] if lead not in (None, line)]
    return shared[-1] if shared else next((lead for lead in cells[line] if lead not in (None, line)), None)


def _departure(line: int, cells: Cells) -> int:
    """The first column where it is on its own."""
    own = [column for column, lead in enumerate(cells[line]) if lead == line]
    return own[0] if own else len(cells[line])


def _improved(order: tuple[int, ...], cells: Cells) -> tuple[int, ...]:
    """Take single lines elsewhere for as long as that saves crossings."""
    best, fewest = order, count_crossings(order, cells)
    searching = True
    while searching and fewest:
        searching = False
        for taken in best:
            rest = [line for line in best if line != taken]
            for place in range(len(best)):
                tried = (*rest[:place], taken, *rest[place:])
                if (count := count_crossings(tried, cells)) < fewest:
                    best, fewest, searching = tried, count, True
    return best


# How high each line runs: on its own lane, or beside the line that it runs with.


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Lines that run together, the topmost first."""

    lead: int
    """The line on whose lane they run."""
    members: tuple[int, ...]

    @property
    def above(self) -> int:
        """How many run above the lead."""
        return self.members.index(self.lead)

    @property
    def below(self) -> int:
        return len(self.members) - 1 - self.above


def bundles_at(graph: ForkGraph, order: Sequence[int], column: int | None) -> tuple[Bundle, ...]:
    """The bundles of a column; None is the start, where all lines are one."""
    if column is None:
        return (Bundle(lead=0, members=tuple(order)),)
    leads: dict[int, list[int]] = {}
    for line in order:
        lead = graph.lines[line].cells[column]
        if lead is not None:
            leads.setdefault(lead, []).append(line)
    return tuple(Bundle(lead=lead, members=tuple(members)) for lead, members in leads.items())


def heights_in(bundles: Sequence[Bundle], lanes: Mapping[int, float], pitch: float) -> Mapping[int, float]:
    """Of each line that is in a bundle. ``pitch`` is from one line of a bundle to the next."""
    return {
        line: lanes[bundle.lead] + (place - bundle.above) * pitch
        for bundle in bundles
        for place, line in enumerate(bundle.members)
    }


def thickness(graph: ForkGraph, order: Sequence[int]) -> Mapping[int, tuple[int, int]]:
    """For each line how many ever run beside it on its lane: above, and below."""
    found = dict.fromkeys(order, (0, 0))
    for column in (None, *range(len(graph.columns))):
        for bundle in bundles_at(graph, order, column):
            above, below = found[bundle.lead]
            found[bundle.lead] = max(above, bundle.above), max(below, bundle.below)
    return found
