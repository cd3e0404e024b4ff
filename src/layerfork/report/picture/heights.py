"""How high each line runs: on its own lane, or beside the line that it runs with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from layerfork.report.picture.graph import ForkGraph


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
