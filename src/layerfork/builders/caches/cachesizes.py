"""Where the bytes of an exported cache come from: base images, steps of the image, steps of other stages."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from layerfork.record.exportedcache import (
    CacheRole,
    CacheSizes,
    ExportedCache,
    ExportedRecord,
    RecordUse,
    StepSize,
)
from layerfork.record.record import BuildRecord, StepRecord


def sizes_by_step(record: BuildRecord, cache: ExportedCache, uses: Mapping[int, RecordUse]) -> CacheSizes:
    """The layers of a cache by the steps of a build; ``uses`` has the records of those steps.

    The layers of a result lie on each other, the lowest first, and the topmost is that of the operation
    itself. So what is the topmost of no record belongs to a base image.
    """
    tops = {each.layers[-1] for each in cache.records if each.layers}
    below = {layer for each in cache.records for layer in each.layers} - tops
    own: dict[int, set[int]] = defaultdict(set)
    results: dict[int, set[int]] = defaultdict(set)
    for number, use in uses.items():
        found = cache.records[number]
        if use.role is CacheRole.OPERATION and use.certain and found.layers:
            own[use.step].add(found.layers[-1])
            results[use.step] |= _whole(found)
    in_image = results.get(_last_step(record))
    steps, counted = [], set(below)
    for step in record.steps:
        new = own.get(step.index, set()) - counted
        counted |= new
        if new:
            steps.append(
                StepSize(
                    step=step.index,
                    stage=step.stage_name or str(step.stage),
                    instruction=step.instruction,
                    size_bytes=_size(cache, new),
                    in_image=None if in_image is None else new <= in_image,
                )
            )
    rest = set(range(len(cache.layers))) - counted
    return CacheSizes(
        base_bytes=_size(cache, below) or 0, steps=tuple(steps), other_bytes=_size(cache, rest) or 0
    )


def _whole(record: ExportedRecord) -> set[int]:
    return set(record.layers)


def _last_step(record: BuildRecord) -> int:
    """The step whose result is the image; 0 where there is not one, as in a build for several platforms."""
    ops = record.definition.ops if record.definition is not None else ()
    results = {each.digest for op in ops if op.kind == "return" for each in op.inputs}
    made = [step.index for step in record.steps if _makes(step, results)]
    return made[0] if len(results) == 1 and len(made) == 1 else 0


def _makes(step: StepRecord, results: Iterable[str]) -> bool:
    return any(vertex in results for vertex in step.vertices)


def _size(cache: ExportedCache, layers: Iterable[int]) -> int | None:
    """The sum of those that are known; None where none is."""
    known = [cache.layers[each].size_bytes for each in layers]
    sizes = [each for each in known if each is not None]
    return sum(sizes) if sizes else None
