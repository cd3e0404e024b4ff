"""What an exported cache has for each step of a build, and why it lacks the others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from layerfork.builders.caches.cachewalk import CacheWalk, Numbers
from layerfork.builders.caches.exported import contents_in, exported_manifest
from layerfork.builders.caches.source import CacheSource
from layerfork.keys.buildkit.recordkeys import OpKeys, on_platform, op_keys
from layerfork.record.context import Digest
from layerfork.record.exportedcache import CacheRole, ExportedCache, RecordUse
from layerfork.record.llb import LLBOp, SourceOp
from layerfork.record.prediction import CacheState
from layerfork.record.record import BuildRecord, StepRecord

PLATFORMS = (
    "linux/amd64",
    "linux/arm64",
    "linux/arm64/v8",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/386",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
)
"""Platforms that a RUN of the cache may have been built for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedStep:
    """What a cache has for a step."""

    index: int
    state: CacheState
    key: Digest | None = None
    """Record digest of the step's operation; None when it is not known."""
    reason: str = ""
    """Why it is not present, in words."""
    nearest: Digest | None = None
    """The closest record, when the key is absent."""
    records: Numbers = frozenset()
    """Positions of the records that the step certainly is, or else may be."""
    certain: bool = True
    created_at: str = ""
    """Of the result that would be reused, as the cache says."""


def find_steps(
    record: BuildRecord, cache: ExportedCache, source: CacheSource | None = None
) -> "StepsInCache":
    """Find the steps of a recorded build in a cache.

    Files are read where the context still lies on disk as it was sent. ``source`` is asked whether layers
    are still there; None skips that check.
    """
    keys = op_keys(record, contents_in(record.place.directory))
    is_own = cache.manifest is not None and exported_manifest(record) == cache.manifest
    return StepsInCache(record=record, cache=cache, source=source, walk=CacheWalk(cache, keys, is_own))


@dataclass(slots=True, kw_only=True)
class StepsInCache:
    """A build whose vertices were looked for in a cache."""

    record: BuildRecord
    cache: ExportedCache
    source: CacheSource | None
    walk: CacheWalk
    ops: dict[Digest, LLBOp] = field(init=False)
    _there: dict[Digest, bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        definition = self.record.definition
        self.ops = {op.digest: op for op in (definition.ops if definition else ())}

    def steps(self) -> tuple[CachedStep, ...]:
        """One for each step of the build, in order."""
        return tuple(map(self.step, self.record.steps))

    def step(self, step: StepRecord) -> CachedStep:
        """What the cache has for one step: of several operations the one that it has least of counts."""
        found = [self.vertex(step.index, op) for op in self.work(step)]
        if not found:
            return CachedStep(
                index=step.index, state=CacheState.UNKNOWN, reason="its definition was not recorded"
            )
        return next((each for each in found if each.state is not CacheState.PRESENT), found[-1])

    def work(self, step: StepRecord) -> list[LLBOp]:
        """The operations that do a step's work; of a FROM its source."""
        own = [self.ops[digest] for digest in step.vertices if digest in self.ops]
        return [op for op in own if op.source is None] or own[:1]

    def vertex(self, index: int, op: LLBOp) -> CachedStep:
        """What the cache has for one operation."""
        keys, found = self.walk.keys[op.digest], self.walk.of(op.digest)
        step = CachedStep(
            index=index,
            state=CacheState.PRESENT,
            key=keys.records[0] if keys.records else None,
            records=found.certain or found.possible,
            certain=bool(found.certain) or not found.possible,
        )
        if op.source is not None:
            return self._of_source(step, keys)
        whole = [number for number in found.certain if self.cache.records[number].result]
        if whole:
            return self._with_layers(step, max(whole, key=lambda n: self.cache.records[n].created_at))
        if any(self.cache.records[number].result for number in found.possible):
            return replace(step, state=CacheState.UNKNOWN, reason=self._why_unknown(keys))
        if found.certain:
            return replace(
                step,
                state=CacheState.NOT_EXPORTED,
                reason="its key was exported without layers (mode=min exports only those of the result)",
            )
        if found.possible:
            return replace(step, state=CacheState.UNKNOWN, reason=self._why_unknown(keys))
        return self._absent(step, op, keys)

    def images(self) -> Mapping[tuple[SourceOp | None, str], tuple[Digest, ...]]:
        """What images are listed as, by source and platform, where the records executed on them tell.

        A builder in a container is not asked for the layers of its images.
        """
        found: dict[tuple[SourceOp | None, str], set[Digest]] = {}
        for vertex, keys in self.walk.keys.items():
            for place, input_ in enumerate(keys.inputs):
                source = self.ops.get(input_.op)
                if source is None or source.source is None or input_.by_content:
                    continue
                roots = (self.walk.linked(input_, number, place) for number in self.walk.of(vertex).certain)
                digests = {self.cache.records[root].digest for each in roots for root in each}
                found.setdefault((source.source, source.platform), set()).update(digests)
        return {source: tuple(sorted(digests)) for source, digests in found.items()}

    def contents_of(self, op: LLBOp) -> list[Digest | None]:
        """The content keys of an operation's inputs as the cache has them, where the operation was certainly
        found."""
        certain = sorted(self.walk.of(op.digest).certain)
        inputs = self.walk.keys[op.digest].inputs
        found = []
        for place, input_ in enumerate(inputs):
            roots = self.walk.contents_of(input_, certain[0], place) if len(certain) == 1 else frozenset()
            digests = [self.cache.records[root].digest for root in roots]
            found.append(digests[0] if len(digests) == 1 else None)
        return found

    def _of_source(self, step: CachedStep, keys: OpKeys) -> CachedStep:
        """An image: it is fetched from where it lies, and only its key is in a cache."""
        if step.records and step.certain:
            return step
        if step.records or keys.unknown:
            return replace(step, state=CacheState.UNKNOWN, reason=f"not known: {keys.unknown}")
        return replace(
            step,
            state=CacheState.ABSENT,
            reason="the cache was built on another image, or for another platform",
        )

    def _with_layers(self, step: CachedStep, number: int) -> CachedStep:
        record = self.cache.records[number]
        layers = [self.cache.layers[place] for place in record.layers]
        gone = [layer.digest for layer in layers if self._is_gone(layer.digest)]
        step = replace(step, created_at=record.created_at)
        if gone:
            return replace(
                step,
                state=CacheState.BLOB_GONE,
                reason=f"its layer {gone[0]} is no longer where the cache is",
            )
        return step

    def _is_gone(self, digest: Digest) -> bool:
        if self.source is None:
            return False
        if digest not in self._there:
            self._there[digest] = self.source.has_blob(digest)
        return self._there[digest] is False

    def _why_unknown(self, keys: OpKeys) -> str:
        if keys.unknown:
            return f"its key is unknown: {keys.unknown}"
        if any(each.by_content and each.content is None for each in keys.inputs):
            return "the cache has the operation; whether the files that it reads are the same is unknown"
        return "what it builds on is unknown"

    def _absent(self, step: CachedStep, op: LLBOp, keys: OpKeys) -> CachedStep:
        """The closest key, and how it differs."""
        step = replace(step, state=CacheState.ABSENT)
        same = self.walk.with_digests(keys.records)
        if same:
            places = range(len(keys.inputs))
            misfits = {n: [p for p in places if not self._fits(keys, n, p)] for n in same}
            nearest = min(same, key=lambda number: (len(misfits[number]), number))
            return replace(
                step,
                nearest=self.cache.records[nearest].digest,
                reason=self._misfit(keys, misfits[nearest]),
            )
        for platform in PLATFORMS:
            other = on_platform(self.record, op, platform)
            if other is not None and other not in keys.records and self.walk.with_digests([other]):
                return replace(
                    step, nearest=other, reason=f"the cache has it for another platform: {platform}"
                )
        if not all(self._has_input(keys, place) for place in range(len(keys.inputs))):
            return replace(step, reason="what it builds on is not in the cache")
        siblings = sorted(self._siblings(keys))
        if not siblings:
            return replace(step, reason="the cache has no operation on top of what it builds on")
        records = self.cache.records
        return replace(
            step,
            nearest=records[siblings[0]].digest,
            reason="the cache has another operation on top of what it builds on",
        )

    def _fits(self, keys: OpKeys, number: int, place: int) -> bool:
        return self.walk.may_fit(keys.inputs[place], number, place)

    def _misfit(self, keys: OpKeys, places: list[int]) -> str:
        contents = [place for place in places if keys.inputs[place].content is not None]
        if contents == places:
            return "the cache has the same operation with different content of the files that it reads"
        return "the cache has the same operation on another base"

    def _has_input(self, keys: OpKeys, place: int) -> bool:
        input_ = keys.inputs[place]
        return input_.by_content or bool(self.walk.of(input_.op).possible)

    def _siblings(self, keys: OpKeys) -> Iterator[int]:
        """Records with another operation on the same first input."""
        if not keys.inputs:
            return
        for number, record in enumerate(self.cache.records):
            if record.inputs and self._fits(keys, number, 0):
                yield number

    def uses(self) -> dict[int, RecordUse]:
        """Which record of the cache is which step, and which are sources and contents that steps read."""
        found: dict[int, RecordUse] = {}
        for step in self.record.steps:
            for op in self.work(step):
                self._use(found, step, op)
        return found

    def _use(self, found: dict[int, RecordUse], step: StepRecord, op: LLBOp) -> None:
        here = self.walk.of(op.digest)
        numbers = here.certain or here.possible
        use = RecordUse(
            step=step.index,
            instruction=step.instruction,
            role=CacheRole.OPERATION if op.source is None else CacheRole.SOURCE,
            certain=bool(here.certain),
        )
        inputs = self.walk.keys[op.digest].inputs
        if op.source is not None and not here.certain:
            return
        for number in numbers:
            found.setdefault(number, use)
            for place, input_ in enumerate(inputs):
                contents = self.walk.contents_of(input_, number, place)
                self._add(found, contents, replace(use, role=CacheRole.CONTENT))

    def _add(self, found: dict[int, RecordUse], numbers: Iterable[int], use: RecordUse) -> None:
        for number in numbers:
            found.setdefault(number, use)
