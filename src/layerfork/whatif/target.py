"""Another target: which stages are built for it."""

from collections.abc import Iterator
from dataclasses import replace

from layerfork.dockerfile import Dockerfile, Stage
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.model.build import Builder
from layerfork.model.record import BuildRecord
from layerfork.whatif.unappliable import UnappliableError


def with_target(record: BuildRecord, target: str) -> BuildRecord:
    """The record without the steps that this target does not need. Raises: UnappliableError."""
    dockerfile = dockerfile_of(record)
    if dockerfile is None:
        raise UnappliableError("the Dockerfile was not recorded")
    needed = needed_stages(dockerfile, target, record.builder)
    steps = tuple(step for step in record.steps if step.stage in needed or step.stage < 0)
    return replace(record, request=replace(record.request, target=target), steps=steps)


def needed_stages(dockerfile: Dockerfile, target: str, builder: Builder) -> frozenset[int]:
    """Indexes of the stages that a builder builds for a target: the classic one all up to it.

    Raises: UnappliableError when there is no such stage.
    """
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    if last is None:
        raise UnappliableError(f"the Dockerfile has no stage {target}")
    if builder is Builder.CLASSIC:
        return frozenset(range(last.index + 1))
    return frozenset(_behind(dockerfile, last))


def stages_to_build(record: BuildRecord, dockerfile: Dockerfile, target: str) -> frozenset[int] | None:
    """Indexes of the stages of another Dockerfile that the builder of a record would build; None when it
    builds what it need not. Raises: UnappliableError."""
    own = dockerfile_of(record)
    if record.builder is Builder.CLASSIC:
        return needed_stages(dockerfile, target, record.builder)
    if own is None:
        return None
    needed = needed_stages(own, record.request.target, record.builder)
    if any(step.stage not in needed for step in record.steps if step.stage >= 0):
        return None
    return needed_stages(dockerfile, target, record.builder)


def _behind(dockerfile: Dockerfile, stage: Stage) -> Iterator[int]:
    """A stage with all that it builds on or copies from; a variable may name any before it."""
    yield stage.index
    for name in (stage.base, *(name for each in stage.instructions for name in each.reads_from)):
        if "$" in name:
            yield from range(stage.index)
            return
        other = dockerfile.find_stage(name)
        if other is not None and other.index < stage.index:
            yield from _behind(dockerfile, other)
