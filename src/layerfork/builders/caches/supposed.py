"""A build that did not happen yet, in the cache that a recorded one was looked for in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from layerfork.builders.caches.steps import StepsInCache
from layerfork.builders.caches.walk import CacheWalk
from layerfork.keys.buildkit.content_digest import Contents
from layerfork.keys.buildkit.recordkeys import OpKeys, op_keys
from layerfork.record.context import Digest
from layerfork.record.record import BuildRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """A build that did not happen yet."""

    record: BuildRecord
    contents: Contents
    """Reads the files of its context."""
    same: Mapping[int, int] = field(default_factory=dict)
    """Steps that have the very key of a step of the recorded build, that step by index."""
    doubts: Mapping[int, str] = field(default_factory=dict)
    """Steps of which nobody knows what the builder would make, and why."""


def find_supposed(build: Supposed, recorded: StepsInCache) -> StepsInCache:
    """Find the steps of a build in the cache that a recorded one was looked for in.

    Where their keys are the same, what is known of the recorded one's files holds for it, too.
    """
    keys = dict(op_keys(build.record, build.contents))
    found = StepsInCache(
        record=build.record, cache=recorded.cache, source=recorded.source, walk=CacheWalk(recorded.cache, {})
    )
    images = recorded.images()
    for op in build.record.definition.ops if build.record.definition is not None else ():
        known = images.get((op.source, op.platform), ()) if op.source is not None else ()
        keys[op.digest] = replace(keys[op.digest], records=(*keys[op.digest].records, *known))
    theirs = {step.index: recorded.work(step) for step in recorded.record.steps}
    for step in build.record.steps:
        work = found.work(step)
        if step.index in build.doubts:
            doubtful = {op.digest: replace(keys[op.digest], records=()) for op in work}
            keys |= {op: replace(each, unknown=build.doubts[step.index]) for op, each in doubtful.items()}
        for op, same in zip(work, theirs.get(build.same.get(step.index, 0), ()), strict=False):
            keys[op.digest] = _with_contents(keys[op.digest], recorded.contents_of(same))
    found.walk = CacheWalk(recorded.cache, keys)
    return found


def _with_contents(keys: OpKeys, contents: Sequence[Digest | None]) -> OpKeys:
    """With what is known of files of contexts: those that another step makes may be others."""
    if len(contents) != len(keys.inputs):
        return keys
    pairs = zip(keys.inputs, contents, strict=True)
    inputs = (
        replace(each, content=each.content or (known if each.of_context else None)) for each, known in pairs
    )
    return replace(keys, inputs=tuple(inputs))
