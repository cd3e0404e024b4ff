"""Which stages a target needs."""

from collections.abc import Iterator

from layerfork.dockerfile import Dockerfile, Stage
from layerfork.dockerfile.bases import base_or_written


def stages_of(dockerfile: Dockerfile, target: str) -> frozenset[int]:
    """All stages that a target needs, itself included, by index; empty where there is no such target.

    An empty ``target`` is the last stage.
    """
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    found: set[int] = set()
    pending = [] if last is None else [last]
    while pending:
        stage = pending.pop()
        if stage.index not in found:
            found.add(stage.index)
            pending += filter(None, (_base(dockerfile, stage), *_read_by(dockerfile, stage)))
    return frozenset(found)


def chain_of(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    """A stage and those that it is built upon."""
    below: Stage | None = stage
    while below is not None:
        yield below
        below = _base(dockerfile, below)


def _base(dockerfile: Dockerfile, stage: Stage) -> Stage | None:
    return dockerfile.find_stage(base_or_written(dockerfile, stage, {}), before=stage.index)


def on_top_of(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    """The stages that begin where another one ends, and those on top of them."""
    found = {stage.index}
    for each in dockerfile.stages[stage.index + 1 :]:
        base = _base(dockerfile, each)
        if base is not None and base.index in found:
            found.add(each.index)
            yield each


def _read_by(dockerfile: Dockerfile, stage: Stage) -> Iterator[Stage]:
    for name in (name for each in stage.instructions for name in each.reads_from):
        found = dockerfile.find_stage(name, before=stage.index)
        if found is not None:
            yield found
