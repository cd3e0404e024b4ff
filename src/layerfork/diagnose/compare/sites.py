"""Where the reader's path parts from the writer's, before anything says why: what differs there."""

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from layerfork.diagnose.compare.alignment import Alignment, normalise
from layerfork.diagnose.compare.differences import (
    Difference,
    changed_origins,
    conclusive,
    is_of_commit,
    list_differences,
)
from layerfork.diagnose.compare.judgedbuilds import (
    JudgedBuild,
    StepView,
    ancestors_of,
    real_parents,
    same_chain,
)
from layerfork.diagnose.compare.sharedcaches import ScopeDifference, cache_is_off
from layerfork.diagnose.compare.structure import added_step, moved_from, raw_text, removed_steps
from layerfork.dockerfile import Dockerfile
from layerfork.record.build import Builder
from layerfork.record.cachekey import CacheKey
from layerfork.record.change import Change
from layerfork.record.record import StepStatus


class Reason(StrEnum):
    """What kind of miss a site is."""

    OTHER_CACHE = "other-cache"
    """The two builds used separate caches."""
    CACHE_OFF = "cache-off"
    """The reader was asked not to use a cache, or had none."""
    KEY = "key"
    """The keys differ, or a step was added, removed or moved."""
    EQUAL_KEYS = "equal-keys"
    """Nothing differs, and yet the step was not reused."""
    UNKNOWN_KEYS = "unknown-keys"
    """Nothing known differs, but the keys are not known completely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One step that did not share the writer's result for a reason of its own."""

    step: int
    """Index of the reader's step; 0 when the reader's record has no steps."""
    writer_step: int | None
    """Index of the writer's step; None when it has none for this one."""
    reason: Reason
    parts: tuple[Difference, ...] = ()
    """Differing parts of the step's own key."""
    structure: tuple[Difference, ...] = ()
    """Steps that were added, removed or moved just before this one, or this one itself."""
    origins: tuple[Difference, ...] = ()
    """Variables with other values that the step's text was expanded with."""
    same_text: bool = False
    """The step's own text in the Dockerfile is the same in both builds."""
    added: tuple[int, ...] = ()
    """Indexes of further steps right after this one that only the reader has."""
    removed: tuple[int, ...] = ()
    """Indexes of the writer's steps that the reader lacks before this one."""
    known: bool = True
    """Both keys are known completely."""
    unknown_above: tuple[int, ...] = ()
    """Steps of the reader that it builds on, and whose results need not be the writer's: their keys are not
    known completely, and no image id shows it."""
    direct: bool = True
    """Every step that this one builds on is shared, so its own key decided."""
    given: tuple[Change, ...] = ()
    """Changes that undo the sites above; this site is compared with them applied."""
    reader_key: CacheKey | None = None
    """The reader's key with those changes; None for the key that it really had."""
    consequences: tuple[int, ...] = ()
    """Later steps that were executed only because of this site."""

    @property
    def differences(self) -> tuple[Difference, ...]:
        return self.structure + self.parts


# Differences of a COPY that follow from the entries that it found.
#
# The classic builder and buildah write ``file:``, ``dir:`` or ``multi:`` into the string that they compare.
# With one and the same text in the Dockerfile it changes only because entries came, went or changed kind.
# So do the numbers of what a wildcard matched.

_SHAPE = re.compile(r"(?<= )(?:file:…|dir:…|multi:…|multi:\[.*\])(?= in )")


def implied_differences(site: Site) -> tuple[Difference, ...]:
    """Differences that follow from others, as long as there are others."""
    implied = _shapes(site) + _renumbered(site)
    return implied if len(implied) < len(site.differences) else _shapes(site)


def _renumbered(site: Site) -> tuple[Difference, ...]:
    """Parts that both sides have of a path, only as another source of the step."""
    sides = (
        Counter(_value(each, each.writer) for each in site.parts if each.path and each.reader is None),
        Counter(_value(each, each.reader) for each in site.parts if each.path and each.writer is None),
    )
    both = sides[0] & sides[1]
    left = [both.copy(), both.copy()]
    found = []
    for each in site.parts:
        if each.path and each.one_sided:
            side, value = (0, each.writer) if each.reader is None else (1, each.reader)
            if left[side][_value(each, value)] > 0:
                left[side][_value(each, value)] -= 1
                found.append(each)
    return tuple(found)


def _value(difference: Difference, value: str | None) -> tuple[str, str, str, str | None]:
    return difference.path, difference.cause, difference.field, value


def _shapes(site: Site) -> tuple[Difference, ...]:
    """Differing comments of a step whose text is the same, and the same once kinds are left out."""
    if not site.same_text or site.origins:
        return ()
    return tuple(
        each
        for each in site.parts
        if each.cause == "instruction"
        and each.writer is not None
        and each.reader is not None
        and _SHAPE.sub("", each.writer) == _SHAPE.sub("", each.reader)
    )


# The state of one pass over the reader's steps.


@dataclass(slots=True, kw_only=True)
class Walk:
    """State of one pass over the reader's steps."""

    writer: JudgedBuild
    reader: JudgedBuild
    writer_views: dict[int, StepView]
    reader_views: dict[int, StepView]
    alignment: Alignment
    writer_dockerfile: Dockerfile | None
    reader_dockerfile: Dockerfile | None
    blocked: bool
    """No step of the reader can have been taken from the writer's cache."""
    unshared: set[int] = field(default_factory=set)
    sites: list[Site] = field(default_factory=list)


# Whether a step of the reader used, or could have used, a result of the writer.


def is_shared(walk: Walk, view: StepView, site: Site, parent_unshared: bool) -> bool:
    """Whether this step of the reader used, or could have used, the writer's result."""
    # Equal image ids prove reuse, whatever the key model says of the step.
    if view.image and compares_images(walk, view):
        known = _images(walk, view, site)
        if "" not in known or view.image in known:
            return view.image in known
    if view.always_runs:
        return not (site.differences or parent_unshared)
    if walk.blocked:
        return False
    match view.step.status:
        case StepStatus.MISS:
            return False
        case StepStatus.HIT:
            return _is_writers_result(walk, view, site)
        case StepStatus.NOT_EVALUATED:
            return not parent_unshared
        case StepStatus.UNKNOWN:
            return not (site.differences or parent_unshared)


def _is_writers_result(walk: Walk, view: StepView, site: Site) -> bool:
    """A hit whose key is the writer's, or the key of any of its steps with all that it builds on.

    Where only commits differ, the files were the same ones, or a third build's: `Site.unknown_above`.
    """
    if all(map(is_of_commit, site.differences)) and not builds_on_unshared(walk, view):
        return True
    others = walk.writer_views
    return any(same_chain(others, other, walk.reader_views, view.index) for other in others)


def builds_on_unshared(walk: Walk, view: StepView) -> bool:
    return any(parent in walk.unshared for parent in real_parents(walk.reader_views, view.index, whole=True))


def _images(walk: Walk, view: StepView, site: Site) -> set[str]:
    """Image ids of the writer that the step may have taken: any, but for a FROM only its own."""
    if not view.always_runs:
        return {other.image for other in walk.writer_views.values()}
    writer = walk.writer_views.get(site.writer_step) if site.writer_step is not None else None
    return {writer.image if writer else ""}


def compares_images(walk: Walk, view: StepView) -> bool:
    """Image ids tell the classic builder's steps apart, as long as both are of one engine.

    A FROM's image id is no product of the build, so it may be compared across engines.
    """
    if walk.reader.record.builder is not Builder.CLASSIC:
        return False
    return view.always_runs or not (walk.blocked and not cache_is_off(walk.reader.record))


def site_at(walk: Walk, view: StepView) -> Site:
    """The site that this step would be; without differences it may be none."""
    writer_index = walk.alignment.writer_of.get(view.index)
    writer = walk.writer_views.get(writer_index) if writer_index is not None else None
    if writer is None:
        origin = moved_from(walk.writer.record, walk.alignment, view.step)
        moved = walk.writer_views.get(origin.index) if origin is not None else None
        return Site(
            step=view.index,
            writer_step=moved.index if moved is not None else None,
            reason=Reason.KEY,
            parts=conclusive(list_differences(moved.key, view.key), moved.key, view.key) if moved else (),
            structure=(added_step(walk.writer, walk.reader, walk.alignment, view),),
            known=not (view.key.unknown or (moved is not None and moved.key.unknown)),
        )
    removed, structure = removed_steps(
        walk.writer_views, walk.reader_views, walk.alignment, (writer.index, view.index)
    )
    known = not (writer.key.unknown or view.key.unknown)
    parts = list_differences(writer.key, view.key)
    return Site(
        step=view.index,
        writer_step=writer.index,
        reason=Reason.KEY,
        parts=(parts if known else _sure_parts(parts, writer, view)) or _base_ids(walk, writer, view),
        structure=structure,
        removed=removed,
        origins=changed_origins(writer.key, view.key) if parts else (),
        same_text=_same_text(walk, writer, view),
        known=known,
    )


def _sure_parts(parts: tuple[Difference, ...], writers: StepView, view: StepView) -> tuple[Difference, ...]:
    """Differences that hold although keys are incomplete: parts that both know, or else the instruction's
    text as the builder printed it."""
    sure = conclusive(parts, writers.key, view.key)
    writer, reader = normalise(writers.step.instruction), normalise(view.step.instruction)
    if sure or writer == reader or view.always_runs:
        return sure
    return (Difference(cause="instruction", field="text", writer=writer, reader=reader),)


def _same_text(walk: Walk, writer: StepView, view: StepView) -> bool:
    return raw_text(walk.writer_dockerfile, writer) == raw_text(walk.reader_dockerfile, view)


def _base_ids(walk: Walk, writer: StepView, view: StepView) -> tuple[Difference, ...]:
    """A FROM whose image ids differ although its keys do not say so."""
    if not (view.always_runs and compares_images(walk, view)):
        return ()
    if not (writer.image and view.image) or writer.image == view.image:
        return ()
    return (
        Difference(
            cause="base-image", field="image id", writer=writer.step.identity, reader=view.step.identity
        ),
    )


def drop_idle_bases(walk: Walk) -> None:
    """A differing FROM is a site only if something that builds on it was not shared."""
    ancestors = ancestors_of(walk.reader_views)
    used = {
        above for index in walk.unshared if walk.reader_views[index].cacheable for above in ancestors[index]
    }
    walk.sites[:] = [
        site for site in walk.sites if not walk.reader_views[site.step].always_runs or site.step in used
    ]


def root_site(walk: Walk, scope: ScopeDifference | None) -> Site | None:
    """The site above all others: separate caches, or no cache wanted."""
    indexes = list(walk.reader_views)
    if scope:
        first = indexes[0] if indexes else 0
        return Site(step=first, writer_step=walk.alignment.writer_of.get(first), reason=Reason.OTHER_CACHE)
    if cache_is_off(walk.reader.record):
        missed = [index for index in indexes if walk.reader_views[index].missed and index in walk.unshared]
        if missed:
            first = missed[0]
            return Site(step=first, writer_step=walk.alignment.writer_of.get(first), reason=Reason.CACHE_OFF)
    return None
