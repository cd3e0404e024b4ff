"""Which steps of a build that did not happen would find what other builds stored.

A step has two digests: one of its key with the keys of all that it builds on, and one without the
steps from which it only reads files. A step is found where a stored step has the first digest. It is not
found where no stored step has the second digest, whatever files it reads. Otherwise only the engine knows: it
compares contents that only the build makes.

Predictions assume that images have not changed. Builders in containers, remote builders and BuildKit without
Docker are not asked for the layers of their images: the digest that a definition names takes their place,
else the name, as it was in the recorded build.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

from layerfork.diagnose.compare.differences import may_equal
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView, end_of_stage, views_of
from layerfork.diagnose.enginebugs import never_found
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.keys.buildkit.sources import LAYERS_OF
from layerfork.record.build import Builder
from layerfork.record.cachekey import CacheKey, KeyPart
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


class Reuse(StrEnum):
    """Whether the builder finds a step's result."""

    FOUND = "found"
    NOT_FOUND = "not-found"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLookup:
    """Whether one step is found, and what decided it."""

    reuse: Reuse
    above: int = 0
    """The step below that decided it; 0 when the step's own key did."""
    lacks: tuple[str, ...] = ()
    """Where it is open: what the key needs and no record has."""
    reads: tuple[int, ...] = ()
    """Where it is open: the last steps of stages whose files decide."""
    why: str = ""
    """Where it is not found although it may be stored: why the engine does not find it."""
    mark: str = ""
    """Where it is found: the digest that it has in common with what was stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The digests that stand for one step; None where something is not known."""

    whole: str | None
    lineage: str | None
    """The digest without steps from which it only reads files."""


UNKNOWN_MARKS = Marks(whole=None, lineage=None)


@dataclass(slots=True, kw_only=True)
class Stored:
    """What builds have stored."""

    wholes: set[str] = field(default_factory=set)
    lineages: set[str] = field(default_factory=set)
    keys: list[CacheKey] = field(default_factory=list)
    """All keys, to compare with keys that are not known completely."""
    incomplete: list[CacheKey] = field(default_factory=list)
    """Those of them that are not known completely."""

    def add(self, build: JudgedBuild, known: Mapping[int, Marks] | None = None) -> Mapping[int, Marks]:
        """Add the steps that a build reached. Gives the digests of all of its steps.

        ``known`` are these digests where the caller has them: with very many files they take long to compute.
        """
        views = views_of(build)
        found = marks_of(build, views) if known is None else known
        for index, marks in found.items():
            view = views[index]
            if view.step.error or view.step.status is StepStatus.NOT_EVALUATED:
                continue
            self.keys.append(view.key)
            if view.key.unknown:
                self.incomplete.append(view.key)
            self.wholes.update(filter(None, [marks.whole]))
            self.lineages.update(filter(None, [marks.lineage]))
        return found

    def may_have(self, key: CacheKey, lineage: str | None) -> bool:
        """Whether a stored step may have this key and build on the same steps, whatever files it read."""
        if lineage in self.lineages:
            return True
        candidates = self.keys if key.unknown or lineage is None else self.incomplete
        return any(may_equal(key, each) for each in candidates)


def marks_of(
    build: JudgedBuild, views: Mapping[int, StepView], doubtful: Container[int] = ()
) -> dict[int, Marks]:
    """The digests of each step, by index; those of ``doubtful`` steps are unknown."""
    found: dict[int, Marks] = {}
    readers = {view.index: files_read(build, views, view) for view in views.values()}
    for view in _inputs_first(views, readers):
        read = readers[view.index]
        key = _without_answer(view.key) if read else view.key
        if view.index in doubtful:
            found[view.index] = UNKNOWN_MARKS
            continue
        own = None if key.unknown else "" if view.neutral else key.digest
        granted = own if own is not None else _with_images_as_named(build, view, key)
        whole = [each for each in view.parents if each not in read]
        found[view.index] = Marks(
            whole=_digest(view, granted, [found.get(each, UNKNOWN_MARKS).whole for each in (*whole, *read)]),
            lineage=_digest(view, own, [found.get(each, UNKNOWN_MARKS).lineage for each in whole]),
        )
    return found


def _with_images_as_named(build: JudgedBuild, view: StepView, key: CacheKey) -> str | None:
    """The digest of a key that lacks nothing but the layers of images; None for any other.

    A name without a digest means the same image only within one build and its hypotheses.
    """
    if not all(each.startswith(LAYERS_OF) for each in key.unknown):
        return None
    record = build.record
    named = [part for part in key.all_parts if (part.cause, part.field) == ("base-image", "digest")]
    pinned = all(part.value.startswith("sha256:") for part in named)
    platform = view.step.platform or record.request.platform
    return f"{key.digest} of {platform}" + ("" if pinned else f" in {record.id}")


def files_read(build: JudgedBuild, views: Mapping[int, StepView], view: StepView) -> tuple[int, ...]:
    """The last steps of stages from which a step reads files, whatever steps made the files.

    The keys of the classic builder and of buildah hold the engine's digest of the files instead; a build that
    did not happen has the digest of another build.
    """
    if build.record.builder is Builder.BUILDKIT:
        return view.by_content
    instruction = printed_instruction(view.step.instruction)
    names = instruction.reads_from if instruction is not None else ()
    ends = (end_of_stage(views, view.index, name) for name in names)
    return tuple(dict.fromkeys((*view.by_content, *(end for end in ends if end is not None))))


def _inputs_first(
    views: Mapping[int, StepView], readers: Mapping[int, tuple[int, ...]]
) -> Iterator[StepView]:
    """The steps, each after all that it builds on or reads: a stage may begin with a FROM that is listed in a
    later one."""
    waiting, done = dict(views), set[int]()
    while waiting:
        ready = [
            view
            for view in waiting.values()
            if done.issuperset(each for each in (*view.parents, *readers[view.index]) if each in views)
        ] or list(waiting.values())  # a circle: a damaged record may have one
        for view in ready:
            del waiting[view.index]
            done.add(view.index)
        yield from ready


def _without_answer(key: CacheKey) -> CacheKey:
    """The key of a step that reads files of a stage, without the engine's digest of them: the steps of that
    stage take its place."""
    parts = tuple(part for part in key.parts if not (isinstance(part, KeyPart) and part.field == "source"))
    return replace(key, parts=parts)


def _digest(view: StepView, own: str | None, above: Sequence[str | None]) -> str | None:
    """``own`` is that of the step's key; None when that is not known."""
    if own is None or None in above:
        return None
    if view.neutral and len(above) == 1:
        return above[0]
    text = "\n".join([own, *map(str, above)])
    return sha256(text.encode()).hexdigest()


def lookups(build: JudgedBuild, stored: Stored, unmodelled: Mapping[int, str]) -> dict[int, CacheLookup]:
    """Whether each step of a build is found, by index.

    ``unmodelled`` are steps that the model of the builder does not cover, and why.
    """
    views = views_of(build)
    marks = marks_of(build, views, unmodelled)
    never = never_found(build.record)
    found: dict[int, CacheLookup] = {}
    readers = {view.index: files_read(build, views, view) for view in views.values()}
    for view in _inputs_first(views, readers):
        read = readers[view.index]
        found[view.index] = _outlook(view, read, marks[view.index], found, stored, unmodelled, never)
    return found


def _outlook(
    view: StepView,
    read: tuple[int, ...],
    marks: Marks,
    found: Mapping[int, CacheLookup],
    stored: Stored,
    unmodelled: Mapping[int, str],
    never: Mapping[int, str],
) -> CacheLookup:
    whole = [each for each in view.parents if each not in read]
    if missed := _first_with(Reuse.NOT_FOUND, whole, found):
        return CacheLookup(reuse=Reuse.NOT_FOUND, above=missed)
    if view.index in never and view.cacheable:
        return CacheLookup(reuse=Reuse.NOT_FOUND, why=never[view.index])
    if view.index in unmodelled:
        return CacheLookup(reuse=Reuse.OPEN, lacks=(unmodelled[view.index],))
    doubtful = _first_with(Reuse.OPEN, whole, found)
    rebuilt = tuple(each for each in read if each in found and found[each].reuse is not Reuse.FOUND)
    is_sure = not (doubtful or rebuilt)
    if is_sure and (view.neutral or marks.whole in stored.wholes):
        return CacheLookup(reuse=Reuse.FOUND, mark=marks.whole or "")
    if not (view.neutral or stored.may_have(view.key, marks.lineage)):
        return CacheLookup(reuse=Reuse.NOT_FOUND)
    if doubtful:
        return CacheLookup(reuse=Reuse.OPEN, above=doubtful)
    return CacheLookup(reuse=Reuse.OPEN, lacks=view.key.unknown, reads=rebuilt or read)


def _first_with(reuse: Reuse, steps: Iterable[int], found: Mapping[int, CacheLookup]) -> int:
    """The first of the steps with that result; 0 when there is none."""
    return next((each for each in steps if each in found and found[each].reuse is reuse), 0)


# Builds of any two caches judged by their keys alone, as if the reader had used the writer's cache.

_STATUS = {Reuse.FOUND: StepStatus.HIT, Reuse.NOT_FOUND: StepStatus.MISS, Reuse.OPEN: StepStatus.UNKNOWN}


def cacheable_steps(build: JudgedBuild) -> tuple[int, ...]:
    """Indexes of the steps that a cache can hold: no FROM, and nothing that adds nothing to any key."""
    return tuple(index for index, view in views_of(build).items() if view.cacheable)


def as_on_one_cache(
    writer: JudgedBuild, reader: JudgedBuild, cost_of: Callable[[StepRecord], float | None]
) -> JudgedBuild:
    """The reader with the outcome that its keys would have had on a cache that holds the writer's steps only.

    The engine's own results for the reader's steps are left out. ``cost_of`` gives the seconds of a step that
    the reader's engine did not build; None when unknown.
    """
    stored = Stored()
    stored.add(writer)
    views = views_of(reader)
    found = lookups(reader, stored, {})
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


def _foreseen(
    view: StepView, lookup: CacheLookup, cost_of: Callable[[StepRecord], float | None]
) -> StepRecord:
    step = view.step
    if view.always_runs or step.status is StepStatus.NOT_EVALUATED:
        return step
    seconds = step.seconds if step.status is StepStatus.MISS else cost_of(step)
    return replace(step, status=_STATUS[lookup.reuse], identity="", seconds=seconds)
