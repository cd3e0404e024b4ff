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
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    if last is None:
        raise UnappliableError(f"the Dockerfile has no stage {target}")
    if record.builder is Builder.CLASSIC:
        needed = set(range(last.index + 1))
    else:
        needed = set(_behind(dockerfile, last))
    steps = tuple(step for step in record.steps if step.stage in needed or step.stage < 0)
    return replace(record, request=replace(record.request, target=target), steps=steps)


def _behind(dockerfile: Dockerfile, stage: Stage) -> Iterator[int]:
    """A stage with all that it builds on or copies from."""
    yield stage.index
    names = [stage.base, *(each.flag("from") for each in stage.instructions)]
    mounts = (value for each in stage.instructions for value in each.flag_values("mount"))
    names += [word.removeprefix("from=") for mount in mounts for word in mount.split(",")]
    for name in filter(None, names):
        other = dockerfile.find_stage(name)
        if other is not None and other.index < stage.index:
            yield from _behind(dockerfile, other)
