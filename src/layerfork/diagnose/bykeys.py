"""Builds of any two caches judged by their keys alone: as if the reader had met what the writer stored."""

from collections.abc import Callable
from dataclasses import replace

from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.diagnose.compare.steps import StepView, views_of
from layerfork.diagnose.outlook import Outlook, Reuse, Stored, outlooks
from layerfork.record.record import BuildRecord, StepRecord, StepStatus

_STATUS = {
    Reuse.FOUND: StepStatus.HIT,
    Reuse.NOT_FOUND: StepStatus.MISS,
    Reuse.OPEN: StepStatus.UNKNOWN,
}


def cacheable_steps(build: JudgedBuild) -> tuple[int, ...]:
    """Indexes of the steps that a cache can hold: no FROM, and nothing that adds nothing to any key."""
    return tuple(index for index, view in views_of(build).items() if not (view.always_runs or view.neutral))


def as_on_one_cache(
    writer: JudgedBuild, reader: JudgedBuild, cost_of: Callable[[StepRecord], float | None]
) -> JudgedBuild:
    """The reader with the outcome that its keys would have had on a cache that holds the writer's steps only.

    What an engine said of the reader's steps is left out. ``cost_of`` gives the seconds of a step that the
    reader's engine did not build; None when nobody knows.
    """
    stored = Stored()
    stored.add(writer)
    views = views_of(reader)
    found = outlooks(reader, stored, {})
    steps = tuple(_foreseen(views[step.index], found[step.index], cost_of) for step in reader.record.steps)
    return replace(reader, record=replace(_beside(writer.record, reader.record), steps=steps))


def _beside(writer: BuildRecord, reader: BuildRecord) -> BuildRecord:
    """The reader's record, made with the writer's cache if the same kind of builder made both."""
    if writer.builder is not reader.builder:
        return reader
    engine = reader.engine
    if engine is not None and writer.engine is not None:
        engine = replace(engine, instance=writer.engine.instance, image_store=writer.engine.image_store)
    return replace(reader, engine=engine, builder_instance=writer.builder_instance)


def _foreseen(view: StepView, outlook: Outlook, cost_of: Callable[[StepRecord], float | None]) -> StepRecord:
    step = view.step
    if view.always_runs or step.status is StepStatus.NOT_EVALUATED:
        return step
    seconds = step.seconds if step.status is StepStatus.MISS else cost_of(step)
    return replace(step, status=_STATUS[outlook.reuse], identity="", seconds=seconds)
