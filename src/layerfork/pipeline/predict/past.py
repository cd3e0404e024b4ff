"""What builds left in one cache: what can be found there, what it took, and when it was made."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from layerfork.cachekey import keys_of
from layerfork.explain import JudgedBuild
from layerfork.explain.causes.enginebugs import never_found
from layerfork.explain.compare.steps import views_of
from layerfork.explain.outlook import Stored, marks_of
from layerfork.model.change import BaseImageIs
from layerfork.model.engine import ImageFacts
from layerfork.model.record import BuildRecord, StepRecord, StepStatus
from layerfork.pipeline.ages import Made, told_by_images
from layerfork.whatif import suppose
from layerfork.whatif.keys import Settled

RECORDED = "the recorded build"
"""What texts call the build that another one is predicted from."""


class Past:
    """Builds of one cache: the one that the next is compared with, and those before it."""

    def __init__(self, record: BuildRecord, earlier: Sequence[BuildRecord] = ()) -> None:
        """``earlier`` are builds before the recorded one, newest first: steps may find their results, too.

        They show what steps took when they were built.
        """
        self.newest = JudgedBuild(client=RECORDED, record=record, keys=keys_of(record))
        """The build that the next one is compared with."""
        self.repeated: JudgedBuild | None = _without_answers(self.newest)
        """That build as it would be made again with nothing changed; None for one that was not made yet."""
        self.stored = Stored()
        self._images: dict[str, ImageFacts] = {}
        for each in (record, *earlier):
            self._images = {**dict(each.base_images), **self._images}
        self._seconds: dict[tuple[str, str, str], float] = {}
        self._made: dict[str, Made] = {}
        self._marks: dict[str, dict[int, str]] = {}
        rebuilt = self._add(self.newest, self.repeated, frozenset())
        for each in earlier:
            build = JudgedBuild(client=each.id, record=each, keys=keys_of(each))
            found = self._add(build, _without_answers(build), rebuilt) if rebuilt is not None else None
            rebuilt = None if found is None or rebuilt is None else rebuilt | found

    def go_on(self, build: JudgedBuild) -> None:
        """Suppose that a predicted build was made."""
        self.newest, self.repeated = replace(build, client=RECORDED), None
        self.stored.add(build)

    def other_images(self) -> tuple[BaseImageIs, ...]:
        """What earlier builds found for names of base images that the newest did not use."""
        own = {reference for reference, _ in self.newest.record.base_images}
        others = {name: facts for name, facts in self._images.items() if name not in own}
        return tuple(BaseImageIs(reference=name, facts=facts) for name, facts in others.items())

    def seconds_of(self, step: StepRecord) -> float | None:
        """What a step took when it was built last; None when no build shows it."""
        return self._seconds.get(_name_of(step))

    def made(self, mark: str) -> Made | None:
        """When the result was made that has this digest; None when nobody knows."""
        return self._made.get(mark)

    def made_for(self, record: BuildRecord) -> dict[int, Made]:
        """The same of the results that one of the builds had, by step index."""
        marks = self._marks.get(record.id, {})
        return {index: self._made[mark] for index, mark in marks.items() if mark in self._made}

    def _add(self, build: JudgedBuild, bare: JudgedBuild, rebuilt: frozenset[str]) -> frozenset[str] | None:
        """Add a build, unless a later one had to build again what it had stored: then the cache has lost it,
        and what else it lost of this build and those before nobody knows.

        Gives what was built in it although a cache was wanted; None when it was not added. Keys count without
        what the engine answered, as do those of the build that is predicted: ``bare`` has these.
        """
        record = build.record
        known = marks_of(bare, views_of(bare))
        marks = {index: each.whole for index, each in known.items()}
        if not rebuilt.isdisjoint(filter(None, marks.values())):
            return None
        self.stored.add(bare, known)
        began_s = datetime.fromisoformat(record.recorded_at).timestamp()
        cached = {step.index for step in build.keys.steps if not step.always_runs}
        self._marks[record.id] = {index: mark for index, mark in marks.items() if mark and index in cached}
        images = told_by_images(record)
        never = never_found(record)
        built = set[str]()
        for step in record.steps:
            mark = marks.get(step.index)
            missed = step.status is StepStatus.MISS
            if missed and step.seconds is not None and not step.error:
                self._seconds.setdefault(_name_of(step), step.seconds)
            if mark is not None and (missed or step.status is StepStatus.HIT):
                self._date(mark, Made(at_s=began_s, exact=True) if missed else images.get(step.index))
                self._date(mark, Made(at_s=began_s, exact=False))
            lost = missed and not (step.error or step.index in never or _wants_no_cache(record, step))
            if mark is not None and lost:
                built.add(mark)
        return frozenset(built)

    def _date(self, mark: str, made: Made | None) -> None:
        """The newest that is exact counts; of the others the oldest: it was there already then."""
        known = self._made.get(mark)
        if made is not None and (known is None or not known.exact):
            self._made[mark] = made


def _wants_no_cache(record: BuildRecord, step: StepRecord) -> bool:
    return record.request.no_cache or step.stage_name in record.request.no_cache_stages


def _without_answers(build: JudgedBuild) -> JudgedBuild:
    same = suppose(build.record, ())
    settled = Settled(record=build.record, keys=build.keys)
    return replace(build, record=same.record, keys=settled.keys_of(same))


def _name_of(step: StepRecord) -> tuple[str, str, str]:
    return step.stage_name or str(step.stage), step.platform, step.instruction
