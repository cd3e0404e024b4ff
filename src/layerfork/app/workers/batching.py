"""Batches: what one worker builds on one engine that it starts, and what is lost with it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from layerfork.app.phases.cells import CellName

MOST_CELLS = 20
MOST_SECONDS = 30.0
BATCHES_FOR_EACH = 3
"""Of a small plan, for each engine that can run at once: fewer leave workers idle at the end."""


def batches_of(
    names: Sequence[CellName], at_once: int, times: Mapping[CellName, float]
) -> tuple[tuple[CellName, ...], ...]:
    """Neighbours of the plan on the same engine, few enough to lose and to balance.

    ``at_once`` is how many engines run side by side, ``times`` are seconds of cells where they are known.
    """
    most = max(1, min(MOST_CELLS, len(names) // (BATCHES_FOR_EACH * max(1, at_once))))
    by_engine = sorted(names, key=lambda name: name.engine)  # stable: in the plan's order on each
    return tuple(
        batch
        for _, mine in groupby(by_engine, key=lambda name: name.engine)
        for batch in _cut(mine, most, times)
    )


def _cut(
    names: Iterator[CellName], most: int, times: Mapping[CellName, float]
) -> Iterator[tuple[CellName, ...]]:
    batch: list[CellName] = []
    seconds = 0.0
    for name in names:
        more = times.get(name, 0.0)
        if batch and (len(batch) == most or seconds + more > MOST_SECONDS):
            yield tuple(batch)
            batch, seconds = [], 0.0
        batch.append(name)
        seconds += more
    if batch:
        yield tuple(batch)
