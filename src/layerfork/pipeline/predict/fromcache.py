"""Predictions for a builder that has nothing but what it imports: `--cache-from`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from layerfork.cachekey import keys_of
from layerfork.caches.config import read_cache
from layerfork.caches.exported import exported_manifest, was_replaced
from layerfork.caches.forecast import Imported, import_steps
from layerfork.caches.opening import open_caches
from layerfork.caches.source import CacheSource
from layerfork.caches.steps import CachedStep, StepsInCache, find_steps
from layerfork.caches.supposed import Supposed, find_supposed
from layerfork.errors import UsageError
from layerfork.explain import JudgedBuild
from layerfork.model.build import Builder
from layerfork.model.exportedcache import CacheState, ExportedCache
from layerfork.model.prediction import Forecast, Prediction, StepCache, StepPrediction
from layerfork.model.record import BuildRecord
from layerfork.pipeline.predict.past import Past
from layerfork.pipeline.predicting import Foreseen

_THERE = (CacheState.PRESENT, CacheState.NOT_EXPORTED, CacheState.BLOB_GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCache:
    """A cache that was read."""

    source: CacheSource
    cache: ExportedCache


def open_for_prediction(words: Sequence[str]) -> OpenedCache:
    """What `--cache-from` names; several are one cache. Raises: EvidenceError, UsageError, LayerforkError."""
    source = open_caches(words)
    return OpenedCache(source=source, cache=read_cache(source))


def with_cache(
    foreseen: Foreseen,
    past: Past,
    opened: OpenedCache,
    *,
    directory: Path | None,
    edited: Sequence[str] = (),
    earlier: Sequence[BuildRecord] = (),
) -> Prediction:
    """The prediction for a builder whose own cache is empty.

    ``directory`` is where the files of the context lie; None: where they lay when the build was recorded.
    ``edited`` are those of which it is only known that they are others. ``earlier`` are builds of which one
    may have exported the cache.
    Raises: UsageError for a build that exports no such cache.
    """
    record = past.newest.record
    if record.builder is not Builder.BUILDKIT:
        raise UsageError(
            f"caches that are exported are BuildKit's, and the recorded build was made by {record.builder}",
            hint="leave out --cache-from, or predict from a build by BuildKit",
        )
    if foreseen.build is None or record.definition is None:
        return _nothing(foreseen.prediction, opened, "its definition is not known")
    recorded = _recorded(past.newest, opened, earlier)
    supposed = Supposed(
        record=foreseen.build.record,
        directory=record.place.directory if directory is None else str(directory),
        same=_same(past.newest, foreseen.build),
        doubts=foreseen.doubts,
        edited=frozenset(edited),
    )
    found = import_steps(find_supposed(supposed, recorded))
    told = _Told(foreseen=foreseen, recorded=recorded, opened=opened)
    steps = tuple(map(told.step, foreseen.prediction.steps, found))
    return _predicted(foreseen.prediction, steps, opened)


def _recorded(build: JudgedBuild, opened: OpenedCache, earlier: Sequence[BuildRecord]) -> StepsInCache:
    """The recorded build in the cache; what the files were is known best of a build that exported it."""
    record = build.record
    own = [
        each for each in (record, *earlier) if exported_manifest(each) == opened.cache.manifest is not None
    ]
    if not own or own[0] is record:
        return find_steps(record, opened.cache, opened.source)
    taught = JudgedBuild(client="", record=own[0], keys=keys_of(own[0]))
    supposed = Supposed(record=record, directory=record.place.directory, same=_same(taught, build))
    return find_supposed(supposed, find_steps(own[0], opened.cache, opened.source))


def _same(recorded: JudgedBuild, planned: JudgedBuild) -> dict[int, int]:
    """Steps of the planned build whose own keys a recorded step has."""
    known = {step.key.digest: step.index for step in recorded.keys.steps if not step.key.unknown}
    return {
        step.index: known[step.key.digest]
        for step in planned.keys.steps
        if not step.key.unknown and step.key.digest in known
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is said of each step."""

    foreseen: Foreseen
    recorded: StepsInCache
    opened: OpenedCache

    def step(self, step: StepPrediction, imported: Imported) -> StepPrediction:
        found, was = imported.found, self._was(step.index)
        moved = found.state is CacheState.ABSENT and was is not None and was.state in _THERE
        nearest = was.key if moved and was is not None else found.nearest
        is_hit = imported.forecast is Forecast.HIT
        return replace(
            step,
            prediction=imported.forecast,
            reason="" if is_hit else self._reason(step, imported, was),
            causes=() if is_hit else step.causes,
            age_s=self._age_s(found) if is_hit else None,
            age_is_least=False,
            cache=StepCache(
                key=found.key or "", state=found.state, reason=found.reason, nearest=nearest or ""
            ),
        )

    def _was(self, index: int) -> CachedStep | None:
        """What the cache has of the step as it was recorded."""
        real = {there: here for here, there in self.foreseen.index_of.items()}
        steps = {step.index: step for step in self.recorded.record.steps}
        return self.recorded.step(steps[real[index]]) if real.get(index) in steps else None

    def _reason(self, step: StepPrediction, imported: Imported, was: CachedStep | None) -> str:
        found = imported.found
        if found.state is not CacheState.ABSENT or was is None:
            return imported.reason
        if was.state in _THERE:
            own = step.reason if step.prediction is Forecast.MISS else ""
            return f"{own or imported.reason}; the cache has it as it was recorded"
        if was.state is CacheState.ABSENT and was_replaced(self.recorded.record, self.opened.cache):
            return f"{imported.reason}: another export took the place of the recorded build's own"
        return imported.reason

    def _age_s(self, found: CachedStep) -> float | None:
        against = self.foreseen.prediction.against
        now = datetime.fromisoformat(against.recorded_at).timestamp() + against.age_s
        try:
            return max(0.0, now - datetime.fromisoformat(found.created_at).timestamp())
        except ValueError:
            return None


def _predicted(prediction: Prediction, steps: tuple[StepPrediction, ...], opened: OpenedCache) -> Prediction:
    missed = {step.index for step in steps if step.prediction is Forecast.MISS}
    pairs = [
        (fork, answer)
        for fork, answer in zip(prediction.judgement.forks, prediction.answers, strict=True)
        if fork.step in missed
    ]
    costs = [step.seconds for step in steps if step.index in missed and step.seconds is not None]
    return replace(
        prediction,
        steps=steps,
        seconds_lost=sum(costs) if costs or not missed else None,
        judgement=replace(prediction.judgement, forks=tuple(fork for fork, _ in pairs)),
        answers=tuple(answer for _, answer in pairs),
        assumes=(
            *prediction.assumes,
            f"the builder has nothing but what it imports from {opened.source.name}",
            *opened.cache.notes,
        ),
    )


def _nothing(prediction: Prediction, opened: OpenedCache, why: str) -> Prediction:
    steps = tuple(
        replace(
            step,
            prediction=Forecast.UNKNOWN,
            reason=why,
            cache=StepCache(key="", state=CacheState.UNKNOWN, reason=why),
        )
        for step in prediction.steps
    )
    return _predicted(prediction, steps, opened)
