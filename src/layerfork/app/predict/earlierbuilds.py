"""What earlier builds left in one cache: what can be found there, what it took, and when it was made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from layerfork.diagnose import JudgedBuild
from layerfork.diagnose.cachelookup import Stored, marks_of
from layerfork.diagnose.compare.judgedbuilds import views_of
from layerfork.diagnose.compare.sharedcaches import is_built_without_cache
from layerfork.diagnose.enginebugs import never_found
from layerfork.hypothesis import suppose
from layerfork.hypothesis.steps import named_images
from layerfork.hypothesis.suppose import Settled
from layerfork.keys import keys_of
from layerfork.keys.buildkit.origins import NAME as EPOCH
from layerfork.keys.recordedbases import are_facts_of, find_facts
from layerfork.keys.script import created_by_of
from layerfork.record.build import Builder
from layerfork.record.cachekey import BuildKeys
from layerfork.record.change import BaseImageIs
from layerfork.record.engine import ImageFacts
from layerfork.record.record import BuildRecord, StepRecord, StepStatus

# When results were made that builds reuse, as far as images tell.

_DOCKER_BEGAN = datetime(2013, 3, 20, tzinfo=UTC)
"""Its first release. Images that are made the same every time say 1970 or 1980: that is no time."""
_DATING = ("timestamp", "source-date-epoch", "sourcedateepoch")
"""Options of podman and buildah that give all that they make one time.
Source: containers/buildah docs/buildah-build.1.md @ v1.39.3, v1.41.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedAt:
    """When a stored result was made."""

    at_s: float
    """Seconds since 1970."""
    exact: bool
    """False: it was there already then."""


def times_of_images(record: BuildRecord) -> dict[int, CreatedAt]:
    """What images say of when each step's result was made, by step index.

    A FROM has the time of its image. Where the build was given a time to write down, nothing is known about
    its own steps.
    """
    dated = not _writes_other_times(record)
    times = {step.index: step.created_at for step in record.steps if dated and step.created_at}
    platforms = {step.index: step.platform for step in record.steps}
    for index, reference in named_images(record).items():
        facts = find_facts(record, reference)
        if facts is not None and facts.history and are_facts_of(record, platforms.get(index, "")):
            times[index] = facts.history[-1].created_at
    read = {index: _seconds(time) for index, time in times.items()}
    return {index: CreatedAt(at_s=at_s, exact=True) for index, at_s in read.items() if at_s is not None}


def _writes_other_times(record: BuildRecord) -> bool:
    request = record.request
    names = {name.lower() for name, _ in (*request.options, *request.build_args)}
    words = (word.lstrip("-").partition("=")[0] for word in record.client.argv if word.startswith("--"))
    return not names.union(words).isdisjoint((*_DATING, EPOCH.lower()))


def _seconds(time: str) -> float | None:
    """Since 1970; None for what is no time."""
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None and found >= _DOCKER_BEGAN else None


RECORDED = "the recorded build"
"""What texts call the build that another one is predicted from."""


class EarlierBuilds:
    """Builds of one cache: the one that the next is compared with, and those before it."""

    def __init__(self, record: BuildRecord, earlier: Sequence[BuildRecord] = ()) -> None:
        """``earlier`` are builds before the recorded one, newest first: steps may find their results, too.

        They show what steps took when they were built.
        """
        self.newest, repeated = _judged(RECORDED, record)
        """The build that the next one is compared with."""
        self.repeated: JudgedBuild | None = repeated
        """That build as it would be made again with nothing changed; None for one that was not made yet."""
        self.stored = Stored()
        self._images: dict[str, ImageFacts] = {}
        for each in (record, *earlier):
            self._images = {**dict(each.base_images), **self._images}
        self._seconds: dict[tuple[str, str, str], float] = {}
        self._made: dict[str, CreatedAt] = {}
        self._marks: dict[str, dict[int, str]] = {}
        rebuilt = self._add(self.newest, repeated, frozenset())
        for each in earlier:
            found = self._add(*_judged(each.id, each), rebuilt) if rebuilt is not None else None
            rebuilt = None if found is None or rebuilt is None else rebuilt | found

    def go_on(self, build: JudgedBuild) -> None:
        """Suppose that a predicted build was made."""
        keys = _sharing_parts(build.keys, self.newest.keys)
        self.newest, self.repeated = replace(build, client=RECORDED, keys=keys), None
        self.stored.add(self.newest)

    def other_images(self) -> tuple[BaseImageIs, ...]:
        """What earlier builds found for names of base images that the newest did not use."""
        own = {reference for reference, _ in self.newest.record.base_images}
        others = {name: facts for name, facts in self._images.items() if name not in own}
        return tuple(BaseImageIs(reference=name, facts=facts) for name, facts in others.items())

    def seconds_of(self, step: StepRecord) -> float | None:
        """What a step took when it was built last; None when no build shows it."""
        return self._seconds.get(_name_of(step))

    def made(self, mark: str) -> CreatedAt | None:
        """When the result was made that has this digest; None when that is unknown."""
        return self._made.get(mark)

    def made_for(self, record: BuildRecord) -> dict[int, CreatedAt]:
        """The same of the results that one of the builds had, by step index."""
        marks = self._marks.get(record.id, {})
        return {index: self._made[mark] for index, mark in marks.items() if mark in self._made}

    def _add(self, build: JudgedBuild, bare: JudgedBuild, rebuilt: frozenset[str]) -> frozenset[str] | None:
        """Add a build, unless a later one had to build again what it had stored: then the cache has lost it,
        and what else it lost of this build and of earlier ones is unknown.

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
        images = times_of_images(record)
        never = never_found(record)
        built = set[str]()
        for step in record.steps:
            mark = marks.get(step.index)
            missed = step.status is StepStatus.MISS
            if missed and step.seconds is not None and not step.error:
                self._seconds.setdefault(_name_of(step), step.seconds)
            if mark is not None and missed:
                self._date(mark, CreatedAt(at_s=began_s, exact=True))
            if mark is not None and step.status is StepStatus.HIT:
                self._date(mark, images.get(step.index))
                self._date(mark, CreatedAt(at_s=began_s, exact=False))
            lost = missed and not (step.error or step.index in never or _wants_no_cache(record, step))
            if mark is not None and lost:
                built.add(mark)
        return frozenset(built)

    def _date(self, mark: str, made: CreatedAt | None) -> None:
        """The newest that is exact counts; of the others the oldest: it was there already then."""
        known = self._made.get(mark)
        if made is not None and (known is None or not known.exact):
            self._made[mark] = made


def _wants_no_cache(record: BuildRecord, step: StepRecord) -> bool:
    return record.request.no_cache or is_built_without_cache(record, step)


def _judged(client: str, record: BuildRecord) -> tuple[JudgedBuild, JudgedBuild]:
    """A build, and that build as it would be made again with nothing changed: without the engine's answers.

    Of very many files it takes long to make keys, so both have the same wherever no answer can add to them.
    """
    same = suppose(record, ())
    bare = keys_of(same.record)
    keys = keys_of(record) if _lack_answers(record, bare) else bare
    settled = Settled(record=record, keys=keys)
    return (
        JudgedBuild(client=client, record=record, keys=keys),
        JudgedBuild(client=client, record=same.record, keys=settled.known(same, bare)),
    )


def _lack_answers(record: BuildRecord, bare: BuildKeys) -> bool:
    """Whether what the engine wrote may settle something that keys made without it leave open.

    Only the classic builder's history strings, and what buildah says of files from elsewhere, enter keys;
    a key without its engine's form is one that such a string may complete.
    """
    answered = {step.index for step in record.steps if created_by_of(record, step)}
    return record.builder is not Builder.BUILDKIT and any(
        step.key.unknown or (step.index in answered and not (step.key.engine_form or step.always_runs))
        for step in bare.steps
    )


def _sharing_parts(keys: BuildKeys, before: BuildKeys) -> BuildKeys:
    """The same keys, with the very parts of other ones where they are equal: of very many files all keys of a
    history would need much memory."""
    known = {part: part for step in before.steps for part in step.key.parts}
    steps = (
        replace(step, key=replace(step.key, parts=tuple(map(known.get, step.key.parts, step.key.parts))))
        for step in keys.steps
    )
    return replace(keys, steps=tuple(steps))


def _name_of(step: StepRecord) -> tuple[str, str, str]:
    return step.stage_name or str(step.stage), step.platform, step.instruction
