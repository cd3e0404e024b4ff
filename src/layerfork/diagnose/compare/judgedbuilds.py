"""A build as the judge sees it: its record, the keys computed from it, its steps with their keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from layerfork.diagnose.compare.differences import list_differences
from layerfork.dockerfile import keyword_of
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.hypothesis.steps import instructions_of
from layerfork.record.build import is_part_of
from layerfork.record.cachekey import BuildKeys, CacheKey, StepKey
from layerfork.record.context import short_digest
from layerfork.record.llb import LLBOp
from layerfork.record.record import BuildRecord, StepRecord, StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBuild:
    """One build with everything that is known about it."""

    client: str
    """Client id, or the name of the record; it is what explanations call this build."""
    record: BuildRecord
    keys: BuildKeys
    hypothetical: bool = False
    """It did not happen: nothing in the record comes from an engine."""
    control: str = ""
    """``hit`` when a second build by the same client was all hits, ``miss`` when not, empty when none ran."""
    exported_over: tuple[str, ...] = ()
    """Later builds, as texts call them, that exported a cache to where this one had exported its own."""
    definition_from: str = ""
    """The build whose definition replaces one that the record does not show, or another source of it; empty
    when the definition is the record's own, or unknown."""
    as_reported: "JudgedBuild | None" = None
    """The same with a definition made of what the engine reported, to be compared with no build but one
    that must have had the same definition. None when that is not needed or not possible."""


def names_of(writer: JudgedBuild, reader: JudgedBuild) -> tuple[str, str]:
    """What texts call the two builds; with their roles when one client made both."""
    if writer.client != reader.client:
        return writer.client, reader.client
    return f"{writer.client} (writer)", f"{reader.client} (reader)"


def ops_of(record: BuildRecord) -> tuple[LLBOp, ...]:
    """The operations of a build's definition; none where no definition is known."""
    return record.definition.ops if record.definition is not None else ()


# A build's steps joined with their keys: what the comparison walks over.

NO_KEY = CacheKey(parts=(), unknown=("the key of this step",))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step: its outcome, its own key, and the steps that it builds on."""

    step: StepRecord
    key: CacheKey
    parents: tuple[int, ...]
    always_runs: bool = False
    by_content: tuple[int, ...] = ()
    """Parents from which only files are read, whatever steps made them."""

    @property
    def index(self) -> int:
        return self.step.index

    @property
    def image(self) -> str:
        """The step's identity, cut so that short and full image ids compare; empty when unknown."""
        return short_digest(self.step.identity)

    @property
    def neutral(self) -> bool:
        """The step adds nothing to any key (BuildKit's LABEL, an ARG before FROM)."""
        return not (self.key.parts or self.key.unknown or self.key.engine_form)

    @property
    def cacheable(self) -> bool:
        """A cache can hold the step: it is no FROM, and it adds something to a key."""
        return not (self.neutral or self.always_runs)

    @property
    def reused(self) -> bool:
        """The step was taken from a cache."""
        return self.cacheable and self.step.status is StepStatus.HIT

    @property
    def missed(self) -> bool:
        """The step was executed, or nothing says that it was not."""
        return self.cacheable and self.step.status in (StepStatus.MISS, StepStatus.UNKNOWN)


def views_of(build: JudgedBuild) -> dict[int, StepView]:
    """Views of every step by index, in step order.

    A step without a key (the model has none) gets an unknown one and the step before it in its
    stage as its parent.
    """
    keys = {key.index: key for key in build.keys.steps}
    views: dict[int, StepView] = {}
    for step in sorted(build.record.steps, key=lambda step: step.index):
        views[step.index] = _view(step, keys.get(step.index), _before(views, step))
    return views


def _before(views: Mapping[int, StepView], step: StepRecord) -> int | None:
    """The last step of the same stage and branch so far."""
    return next(
        (
            index
            for index, view in reversed(list(views.items()))
            if view.step.stage == step.stage and is_part_of(step.platform, view.step.platform)
        ),
        None,
    )


def _view(step: StepRecord, key: StepKey | None, previous: int | None) -> StepView:
    if key is None:
        return StepView(step=step, key=NO_KEY, parents=() if previous is None else (previous,))
    return StepView(
        step=step, key=key.key, parents=key.parents, always_runs=key.always_runs, by_content=key.by_content
    )


def source_of(views: Mapping[int, StepView], index: int) -> int | None:
    """The last step of the stage that a ``COPY --from`` names; None when it names an image or nothing."""
    instruction = printed_instruction(views[index].step.instruction)
    name = instruction.flag("from") if instruction is not None else ""
    return end_of_stage(views, index, name) if name else None


def end_of_stage(views: Mapping[int, StepView], index: int, name: str) -> int | None:
    """The last step of the stage that a step calls by name or number; None when there is none before it."""
    name = name.lower()
    found = [
        other
        for other, view in views.items()
        if other < index
        and name in (view.step.stage_name.lower(), str(view.step.stage))
        and is_part_of(views[index].step.platform, view.step.platform)
    ]
    return found[-1] if found else None


def real_parents(views: Mapping[int, StepView], index: int, *, whole: bool = False) -> tuple[int, ...]:
    """Parents of a step whose results enter it; the parents of a neutral one take its place.

    ``whole`` leaves out parents from which only files are read.
    """
    own = views[index]
    waiting = [each for each in own.parents if not (whole and each in own.by_content)][::-1]
    found: dict[int, None] = {}
    seen = {index}
    while waiting:
        parent = waiting.pop()
        if parent not in views or parent >= index or parent in seen:
            continue
        seen.add(parent)
        if views[parent].neutral:
            waiting.extend(each for each in reversed(views[parent].parents) if each < parent)
        else:
            found[parent] = None
    return tuple(found)


def same_chain(writer: Mapping[int, StepView], step: int, reader: Mapping[int, StepView], other: int) -> bool:
    """Two steps have one key, and so have all that they build on.

    Steps from which they only read files may differ: no record shows that the files do.
    """
    waiting, seen = [(step, other)], {(step, other)}
    while waiting:
        here, there = waiting.pop()
        left, right = writer[here], reader[there]
        if left.key.unknown or right.key.unknown or list_differences(left.key, right.key):
            return False
        mine_above = real_parents(writer, here, whole=True)
        theirs_above = real_parents(reader, there, whole=True)
        if len(mine_above) != len(theirs_above):
            return False
        new = set(zip(mine_above, theirs_above, strict=True)) - seen
        seen |= new
        waiting.extend(new)
    return True


def ancestors_of(views: Mapping[int, StepView]) -> dict[int, frozenset[int]]:
    """For each step all steps whose results it builds on or copies from, directly or through others."""
    ancestors: dict[int, frozenset[int]] = {}
    for index, view in views.items():
        above = [parent for parent in (*view.parents, source_of(views, index)) if parent in ancestors]
        ancestors[index] = frozenset(above).union(*(ancestors[parent] for parent in above))
    return ancestors


# Instructions as Dockerfiles have them.
#
# Builders show them with variables replaced, and with the beginning of a here-document.


def written(build: JudgedBuild, step: StepRecord) -> str:
    """The step's instruction as the build's Dockerfile has it, without here-documents.

    As the builder showed it where no line is known to be the step's.
    """
    found = instructions_of(build.record).get(step.index)
    is_own = found is not None and found.keyword == keyword_of(step.instruction)
    return found.text if found is not None and is_own else step.instruction


def instruction_shown(build: JudgedBuild, step: StepRecord) -> str:
    """What texts call a step: as the builder printed it, as written for a build that did not happen."""
    return written(build, step) if build.hypothetical else step.instruction
