"""What a builder would reuse of an exported cache, for a build that has happened or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from layerfork.builders.caches.cachedsteps import CachedStep, StepsInCache
from layerfork.builders.caches.cachewalk import CacheWalk
from layerfork.keys.buildkit.content_digest import Contents
from layerfork.keys.buildkit.recordkeys import OpKeys, op_keys
from layerfork.record.context import Digest
from layerfork.record.prediction import CacheState, PredictedStatus
from layerfork.record.record import BuildRecord

# What a builder would reuse of an exported cache, with results of its own or without.
#
# What its own cache has is loaded as what was imported. The last operation is wanted. One with layers in a
# cache is loaded, and nothing below it is wanted then; any other one is executed, and wants its inputs. What
# is not wanted and has its key in the cache is reported as reused, layers or not. Source: moby/buildkit
# solver/edge.go:{execIfPossible,recalcCurrentState} @ v0.13.2, v0.25.2; seen so with caches of mode=min and
# of mode=max.

_NO, _PERHAPS, _YES = range(3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A step of a build that imports a cache."""

    found: CachedStep
    forecast: PredictedStatus
    reason: str = ""


def import_steps(
    steps: StepsInCache, own: Mapping[int, PredictedStatus] | None = None
) -> tuple[Imported, ...]:
    """One for each step of the build, in order.

    ``own`` is what the builder would find of each step in its own cache, by index; None where that is empty.
    """
    states = {digest: steps.vertex(0, op) for digest, op in steps.ops.items() if op.digest in steps.walk.keys}
    for step in steps.record.steps if own is not None else ():
        for op in steps.work(step):
            if op.source is None and op.digest in states:
                states[op.digest] = _with_own(states[op.digest], (own or {}).get(step.index))
    wanted = _wanted(steps.walk.keys, states)
    return tuple(_imported(steps, step.index, wanted, states) for step in steps.record.steps)


def _with_own(found: CachedStep, own: PredictedStatus | None) -> CachedStep:
    """What both caches have of an operation."""
    if own is PredictedStatus.HIT:
        return replace(found, state=CacheState.PRESENT)
    if own is PredictedStatus.UNKNOWN and found.state is not CacheState.PRESENT:
        return replace(found, state=CacheState.UNKNOWN)
    return found


def _wanted(keys: Mapping[Digest, OpKeys], states: Mapping[Digest, CachedStep]) -> dict[Digest, int]:
    """How sure it is that each operation is wanted. A definition lists inputs first."""
    used = {input_.op for each in keys.values() for input_ in each.inputs}
    wanted = {vertex: _NO if vertex in used else _YES for vertex in keys}
    for vertex in reversed(list(keys)):
        executed = min(wanted[vertex], _execution(states[vertex].state))
        for input_ in keys[vertex].inputs:
            wanted[input_.op] = max(wanted.get(input_.op, _NO), executed)
    return wanted


def _execution(state: CacheState) -> int:
    if state is CacheState.PRESENT:
        return _NO
    return _PERHAPS if state in (CacheState.UNKNOWN, CacheState.BLOB_GONE) else _YES


def _imported(
    steps: StepsInCache, index: int, wanted: Mapping[Digest, int], states: Mapping[Digest, CachedStep]
) -> Imported:
    step = next(each for each in steps.record.steps if each.index == index)
    found = steps.step(step)
    work = steps.work(step)
    if not work:
        return Imported(found=found, forecast=PredictedStatus.UNKNOWN, reason=found.reason)
    if all(op.source is not None for op in work):
        return Imported(found=found, forecast=PredictedStatus.HIT)
    each = [_one(states[op.digest], wanted[op.digest]) for op in work]
    for forecast in (PredictedStatus.MISS, PredictedStatus.UNKNOWN):
        if forecast in each:
            return Imported(found=found, forecast=forecast, reason=_reason(found, forecast))
    return Imported(found=found, forecast=PredictedStatus.HIT)


def _one(found: CachedStep, wanted: int) -> PredictedStatus:
    if found.state is CacheState.PRESENT:
        return PredictedStatus.HIT
    if found.state is CacheState.NOT_EXPORTED:
        return (PredictedStatus.HIT, PredictedStatus.UNKNOWN, PredictedStatus.MISS)[wanted]
    if found.state is CacheState.ABSENT:
        return PredictedStatus.MISS if wanted == _YES else PredictedStatus.UNKNOWN
    return PredictedStatus.UNKNOWN


def _reason(found: CachedStep, forecast: PredictedStatus) -> str:
    if found.state is CacheState.BLOB_GONE:
        return f"{found.reason}: a build that needs it fails"
    return found.reason


# A build that did not happen yet, in the cache that a recorded one was looked for in.


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposed:
    """A build that did not happen yet."""

    record: BuildRecord
    contents: Contents
    """Reads the files of its context."""
    same: Mapping[int, int] = field(default_factory=dict)
    """Steps that have the very key of a step of the recorded build, that step by index."""
    doubts: Mapping[int, str] = field(default_factory=dict)
    """Steps whose result is unknown, and why."""


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
