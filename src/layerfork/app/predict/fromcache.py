"""Predictions for a builder that imports a cache: `--cache-from`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import fsum

from layerfork.app.predict.predicting import PredictedBuild
from layerfork.builders.caches.cacheconfig import read_cache
from layerfork.builders.caches.cachedsteps import CachedStep, StepsInCache, find_steps
from layerfork.builders.caches.exported import contents_in, exported_manifest, was_replaced
from layerfork.builders.caches.forecast import Imported, Supposed, find_supposed, import_steps
from layerfork.builders.caches.opening import open_caches
from layerfork.builders.caches.source import CacheSource
from layerfork.diagnose import JudgedBuild
from layerfork.diagnose.enginebugs import doubtful_finds
from layerfork.errors import UsageError
from layerfork.keys import keys_of
from layerfork.keys.buildkit.content_digest import Contents
from layerfork.record.build import Builder
from layerfork.record.exportedcache import ExportedCache
from layerfork.record.prediction import CacheState, PredictedStatus, PredictedStep, Prediction, StepCache
from layerfork.record.record import BuildRecord

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Importing:
    """A recorded build next to the cache that builds like it would import."""

    build: JudgedBuild
    """The recorded build."""
    opened: OpenedCache
    recorded: StepsInCache | None
    """That build in the cache; None where its definition is not known."""
    own_cache: bool
    """The builder also has what the recorded builds stored; else nothing but what it imports."""

    def predicted(self, predicted: PredictedBuild, contents: Contents) -> Prediction:
        """The prediction for a builder that imports the cache. ``contents`` reads files of the context."""
        if predicted.build is None or self.recorded is None:
            return _nothing(predicted.prediction, self, "its definition is not known")
        supposed = Supposed(
            record=predicted.build.record,
            contents=contents,
            same=_same(self.build, predicted.build),
            doubts=predicted.doubts,
        )
        own = {step.index: step.prediction for step in predicted.prediction.steps} if self.own_cache else None
        found = import_steps(find_supposed(supposed, self.recorded), own)
        imported = _ImportedSteps(predicted=predicted, recorded=self.recorded, importing=self)
        steps = tuple(map(imported.step, predicted.prediction.steps, found))
        return _predicted(predicted.prediction, steps, self)

    @property
    def bug(self) -> str:
        """Why it is not sure that the engine uses such a cache; empty when nothing is known against it."""
        if not self.opened.cache.inline:
            return ""
        record = self.build.record
        imports = replace(record.request, cache_from=(self.opened.source.name,))
        doubts = (doubtful_finds(replace(record, request=imports), step) for step in record.steps)
        return next(filter(None, doubts), "")


def importing(
    build: JudgedBuild, opened: OpenedCache, earlier: Sequence[BuildRecord] = (), *, own_cache: bool = False
) -> Importing:
    """Look for a recorded build in the cache. One of the ``earlier`` builds may have exported it.

    Raises: UsageError for a build that exports no such cache.
    """
    record = build.record
    if record.builder is not Builder.BUILDKIT:
        raise UsageError(
            f"caches that are exported are BuildKit's, and the recorded build was made by {record.builder}",
            hint="leave out --cache-from, or predict from a build by BuildKit",
        )
    recorded = None if record.definition is None else _recorded(build, opened, earlier)
    return Importing(build=build, opened=opened, recorded=recorded, own_cache=own_cache)


def _recorded(build: JudgedBuild, opened: OpenedCache, earlier: Sequence[BuildRecord]) -> StepsInCache:
    """The recorded build in the cache; what the files were is known best of a build that exported it."""
    record = build.record
    own = [
        each for each in (record, *earlier) if exported_manifest(each) == opened.cache.manifest is not None
    ]
    if not own or own[0] is record:
        return find_steps(record, opened.cache, opened.source)
    taught = JudgedBuild(client="", record=own[0], keys=keys_of(own[0]))
    supposed = Supposed(
        record=record, contents=contents_in(record.place.directory), same=_same(taught, build)
    )
    return find_supposed(supposed, find_steps(own[0], opened.cache, opened.source))


def _same(recorded: JudgedBuild, next_build: JudgedBuild) -> dict[int, int]:
    """Steps of the planned build whose own keys a recorded step has."""
    known = {step.key.digest: step.index for step in recorded.keys.steps if not step.key.unknown}
    return {
        step.index: known[step.key.digest]
        for step in next_build.keys.steps
        if not step.key.unknown and step.key.digest in known
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _ImportedSteps:
    """What is said of each step."""

    predicted: PredictedBuild
    recorded: StepsInCache
    importing: Importing

    def step(self, step: PredictedStep, imported: Imported) -> PredictedStep:
        found, was = imported.found, self._was(step.index)
        moved = found.state is CacheState.ABSENT and was is not None and was.state in _THERE
        nearest = was.key if moved and was is not None else found.nearest
        predicted = replace(
            step,
            prediction=imported.forecast,
            cache=StepCache(
                key=found.key or "", state=found.state, reason=found.reason, nearest=nearest or ""
            ),
        )
        if self._is_own(step):
            return predicted
        if imported.forecast is not PredictedStatus.HIT:
            reason = self._reason(step, imported, was)
            return replace(predicted, reason=reason, age_s=None, age_is_least=False)
        if found.state is CacheState.PRESENT and found.created_at and self.importing.bug:
            return replace(
                predicted,
                prediction=PredictedStatus.UNKNOWN,
                reason=f"unknown: {self.importing.bug}",
                causes=(),
            )
        return replace(predicted, reason="", causes=(), age_s=self._age_s(found), age_is_least=False)

    def _is_own(self, step: PredictedStep) -> bool:
        """The builder's own cache has it."""
        return self.importing.own_cache and step.prediction is PredictedStatus.HIT

    def _was(self, index: int) -> CachedStep | None:
        """What the cache has of the step as it was recorded."""
        real = {there: here for here, there in self.predicted.index_of.items()}
        steps = {step.index: step for step in self.recorded.record.steps}
        return self.recorded.step(steps[real[index]]) if real.get(index) in steps else None

    def _reason(self, step: PredictedStep, imported: Imported, was: CachedStep | None) -> str:
        found = imported.found
        if self.importing.own_cache and step.prediction is PredictedStatus.UNKNOWN is imported.forecast:
            return step.reason
        if found.state is not CacheState.ABSENT or was is None:
            return imported.reason
        if was.state in _THERE:
            own = step.reason if step.prediction is PredictedStatus.MISS else ""
            return f"{own or imported.reason}; the cache has it as it was recorded"
        if was.state is CacheState.ABSENT and was_replaced(self.recorded.record, self.importing.opened.cache):
            return f"{imported.reason}: another export took the place of the recorded build's own"
        return imported.reason

    def _age_s(self, found: CachedStep) -> float | None:
        against = self.predicted.prediction.against
        now = datetime.fromisoformat(against.recorded_at).timestamp() + against.age_s
        try:
            return max(0.0, now - datetime.fromisoformat(found.created_at).timestamp())
        except ValueError:
            return None


def _predicted(prediction: Prediction, steps: tuple[PredictedStep, ...], importing: Importing) -> Prediction:
    opened = importing.opened
    has = "what the recorded builds stored, and" if importing.own_cache else "nothing but"
    missed = {step.index for step in steps if step.prediction is PredictedStatus.MISS}
    pairs = [
        (fork, answer)
        for fork, answer in zip(prediction.judgement.forks, prediction.answers, strict=True)
        if fork.step in missed
    ]
    costs = [step.seconds for step in steps if step.index in missed and step.seconds is not None]
    return replace(
        prediction,
        steps=steps,
        seconds_lost=fsum(costs) if costs or not missed else None,
        judgement=replace(prediction.judgement, forks=tuple(fork for fork, _ in pairs)),
        answers=tuple(answer for _, answer in pairs),
        assumes=(
            *prediction.assumes,
            f"the builder has {has} what it imports from {opened.source.name}",
            *opened.cache.notes,
        ),
    )


def _nothing(prediction: Prediction, importing: Importing, why: str) -> Prediction:
    cache = StepCache(key="", state=CacheState.UNKNOWN, reason=why)
    steps = tuple(
        replace(step, cache=cache)
        if importing.own_cache and step.prediction is PredictedStatus.HIT
        else replace(step, prediction=PredictedStatus.UNKNOWN, reason=why, causes=(), cache=cache)
        for step in prediction.steps
    )
    return _predicted(prediction, steps, importing)
