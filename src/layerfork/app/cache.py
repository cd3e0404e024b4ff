"""Exported caches: what they hold, and which steps of a recorded build they have."""

from dataclasses import replace
from datetime import UTC, datetime

from layerfork.app.compare.comparison import builds_of_kinds
from layerfork.builders.caches.cacheconfig import read_cache
from layerfork.builders.caches.cachedsteps import StepsInCache, find_steps
from layerfork.builders.caches.cachesizes import sizes_by_step
from layerfork.builders.caches.exported import exported_manifest, was_replaced
from layerfork.builders.caches.opening import open_cache
from layerfork.builders.caches.source import CacheSource
from layerfork.errors import EvidenceError, UsageError
from layerfork.record.build import Builder
from layerfork.record.exportedcache import CacheReport, ExportedCache
from layerfork.record.prediction import CacheState
from layerfork.record.record import BuildRecord


def inspect_cache(
    word: str, record: str = "", *, blobs: bool = False, max_age_s: float | None = None
) -> CacheReport:
    """Read the cache in a directory, or behind a reference.

    ``record`` is a ``FILE`` with one build, or ``FILE#N``: its steps are looked for in the cache. ``blobs``
    asks whether each layer is still there; records older than ``max_age_s`` are marked.
    Raises: EvidenceError, UsageError, LayerforkError.
    """
    source = open_cache(word)
    cache = read_cache(source)
    if blobs:
        cache = _checked(cache, source)
    read_at = datetime.now(UTC).isoformat(timespec="seconds")
    report = CacheReport(cache=cache, read_at=read_at, max_age_s=max_age_s)
    return _compared(report, record) if record else report


def _checked(cache: ExportedCache, source: CacheSource) -> ExportedCache:
    """The cache, with what the place says of each layer."""
    there = {layer.digest: source.has_blob(layer.digest) for layer in cache.layers}
    layers = tuple(
        replace(layer, gone=None if there[layer.digest] is None else not there[layer.digest])
        for layer in cache.layers
    )
    return replace(cache, layers=layers)


def _compared(report: CacheReport, word: str) -> CacheReport:
    record = _build_for(word, report.cache)
    steps = find_steps(record, report.cache)
    cache = report.cache
    if was_replaced(record, cache):
        said = f"{word} exported {exported_manifest(record)} here: another export took its place"
        cache = replace(cache, notes=(*cache.notes, said))
    uses = steps.uses()
    return replace(
        report,
        cache=cache,
        record=word,
        uses=uses,
        missing=tuple(_missing(steps)),
        sizes=sizes_by_step(record, cache, uses),
    )


def _missing(steps: StepsInCache) -> list[tuple[int, str, str]]:
    instructions = {step.index: step.instruction for step in steps.record.steps}
    return [
        (each.index, instructions[each.index], each.reason)
        for each in steps.steps()
        if each.state is not CacheState.PRESENT and each.certain
    ]


def _build_for(word: str, cache: ExportedCache) -> BuildRecord:
    """The build that a ``FILE`` or ``FILE#N`` names.

    Of several alike the one that exported the cache, or else the last.
    """
    kinds = list(builds_of_kinds(word).values())
    if len(kinds) != 1:
        raise UsageError(f"{word} holds builds of several kinds", hint=f"say which: {word}#1 is the first")
    builds = [each.stored for each in kinds[0]]
    own = [each for each in builds if cache.manifest and exported_manifest(each.outline) == cache.manifest]
    record = (own or builds)[-1].whole()
    if record.builder is not Builder.BUILDKIT or record.definition is None:
        raise EvidenceError(
            f"{word} holds no definition of BuildKit, so its steps cannot be found in a cache",
            hint="record a build by BuildKit: `layerfork record -o FILE -- docker buildx build .`",
        )
    return record
