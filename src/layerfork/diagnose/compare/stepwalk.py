"""Walks the reader's steps next to the writer's: which are shared, where the paths part, what follows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from layerfork.diagnose.compare.alignment import Alignment, align
from layerfork.diagnose.compare.comparable import define_alike
from layerfork.diagnose.compare.copied import writes_beside
from layerfork.diagnose.compare.differences import reads_other_commits
from layerfork.diagnose.compare.judgedbuilds import (
    JudgedBuild,
    StepView,
    ancestors_of,
    real_parents,
    source_of,
    views_of,
)
from layerfork.diagnose.compare.sharedcaches import (
    ScopeDifference,
    cache_is_off,
    imports_cache,
    separate_caches,
)
from layerfork.diagnose.compare.sites import (
    Reason,
    Site,
    Walk,
    builds_on_unshared,
    drop_idle_bases,
    is_shared,
    root_site,
    site_at,
)
from layerfork.diagnose.compare.structure import shared_platforms
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.keys.buildkit.sources import LAYERS_OF
from layerfork.record.cachekey import CacheKey, KeyPart
from layerfork.record.cause import CauseCode
from layerfork.record.record import StepStatus

_DIGEST = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two builds side by side. Steps are named by the reader's indexes unless said otherwise."""

    writer: JudgedBuild
    reader: JudgedBuild
    writer_views: dict[int, StepView]
    reader_views: dict[int, StepView]
    alignment: Alignment
    scope: ScopeDifference | None
    """Why the caches are separate; None when the builds could share."""
    unshared: frozenset[int]
    sites: tuple[Site, ...]
    """In step order, not yet folded; the reader's own choice of cache comes first."""
    ancestors: dict[int, frozenset[int]]

    @property
    def shared_steps(self) -> tuple[int, ...]:
        """Steps that the engine reused and whose keys are the writer's."""
        views = self.reader_views
        return tuple(index for index in views if index not in self.unshared and views[index].reused)

    def writer_at(self, step: int | None) -> StepView | None:
        """A step of the writer; None where there is none."""
        return None if step is None else self.writer_views.get(step)


def compare(writer: JudgedBuild, reader: JudgedBuild) -> Comparison:
    """Compare two builds step by step. Pure; nothing is judged yet."""
    writer, reader = define_alike(writer, reader)
    scope = separate_caches(writer.record, reader.record)
    # An imported cache may hold what another builder instance stored; two kinds of builder share none.
    if scope and scope.code != "builder" and imports_cache(reader.record):
        scope = None
    walk = Walk(
        writer=writer,
        reader=reader,
        writer_views=views_of(writer),
        reader_views=views_of(reader),
        alignment=align(
            writer.record.steps, reader.record.steps, shared_platforms(writer.record, reader.record)
        ),
        writer_dockerfile=dockerfile_of(writer.record),
        reader_dockerfile=dockerfile_of(reader.record),
        blocked=scope is not None or cache_is_off(reader.record),
    )
    if scope and scope.code == "builder":
        walk.unshared.update(walk.reader_views)
    else:
        for index in walk.reader_views:
            _visit(walk, index)
        drop_idle_bases(walk)
    ancestors = ancestors_of(walk.reader_views)
    root = root_site(walk, scope)
    return Comparison(
        writer=writer,
        reader=reader,
        writer_views=walk.writer_views,
        reader_views=walk.reader_views,
        alignment=walk.alignment,
        scope=scope,
        unshared=frozenset(walk.unshared),
        sites=((root,) if root else ())
        + tuple(replace(site, unknown_above=_unknown_above(walk, site, ancestors)) for site in walk.sites),
        ancestors=ancestors,
    )


def _unknown_above(walk: Walk, site: Site, ancestors: Mapping[int, frozenset[int]]) -> tuple[int, ...]:
    """Of the steps that a site builds on, those whose results may differ between the builds.

    A step that was reused may have been stored by a third build, from other files than the writer's.
    """
    if site.step is None:
        return ()
    return tuple(index for index in sorted(ancestors[site.step]) if not _is_same_result(walk, index))


def _is_same_result(walk: Walk, index: int) -> bool:
    view = walk.reader_views[index]
    other = walk.alignment.writer_of.get(index)
    writer = walk.writer_views.get(other) if other is not None else None
    if writer is None or (view.image and view.image == writer.image):
        return True  # a step that one of them lacks is a difference of its own
    if not (view.key.unknown or writer.key.unknown):
        return not reads_other_commits(writer.key, view.key)
    # A prediction changes the record of one build, whose base image is supposed to stay.
    is_supposed = walk.reader.record.id == walk.writer.record.id
    return _is_same_image(view.key, writer.key, by_name=is_supposed)


def _is_same_image(key: CacheKey, other: CacheKey, *, by_name: bool) -> bool:
    """Whether two base images whose layers are unknown have one digest. One name alone may have moved."""
    unknown = (*key.unknown, *other.unknown)
    named = [
        by_name or each.value.startswith(_DIGEST)
        for each in key.parts
        if isinstance(each, KeyPart) and each.cause == CauseCode.BASE_IMAGE
    ]
    return all(named) and key.parts == other.parts and all(each.startswith(LAYERS_OF) for each in unknown)


def _visit(walk: Walk, index: int) -> None:
    view = walk.reader_views[index]
    parent_unshared = any(parent in walk.unshared for parent in view.parents)
    if view.neutral:
        if parent_unshared:
            walk.unshared.add(index)
        return
    site = site_at(walk, view)
    if is_shared(walk, view, site, parent_unshared):
        return
    walk.unshared.add(index)
    if _copies_other_results(walk, site) or _only_beside(walk, view, site) or _failed_unkeyed(view, site):
        return
    direct = not (parent_unshared or walk.blocked)
    if site.differences:
        if view.step.status is not StepStatus.NOT_EVALUATED and not _extends_added_block(walk, view, site):
            walk.sites.append(replace(site, direct=direct))
    elif direct:
        reason = Reason.EQUAL_KEYS if site.known else Reason.UNKNOWN_KEYS
        walk.sites.append(replace(site, reason=reason))


def _failed_unkeyed(view: StepView, site: Site) -> bool:
    """The build failed here before the step had a key, for example because a file to copy does not exist, and
    its text is unchanged: the failure is the reason, and is reported by itself."""
    if not (view.step.error and view.key.unknown):
        return False
    return site.same_text and not (site.structure or site.origins)


def _extends_added_block(walk: Walk, view: StepView, site: Site) -> bool:
    """Steps added one after the other are one site."""
    last = walk.sites[-1] if walk.sites else None
    if last is None or last.writer_step is not None or site.writer_step is not None or view.always_runs:
        return False
    if real_parents(walk.reader_views, view.index) != ((*last.added, last.step)[0],):
        return False
    walk.sites[-1] = replace(
        last, structure=tuple(dict.fromkeys(last.structure + site.structure)), added=(view.index, *last.added)
    )
    return True


def _copies_other_results(walk: Walk, site: Site) -> bool:
    """A ``COPY --from`` found other files only because the stage that it copies from was built anew."""
    if site.structure or not site.parts or any(part.field != "source" for part in site.parts):
        return False
    return source_of(walk.reader_views, site.step) in walk.unshared


def _only_beside(walk: Walk, view: StepView, site: Site) -> bool:
    """The stage that a ``COPY --from`` reads lacks steps that write elsewhere, and the step had to be built
    anyway."""
    if site.parts or not site.removed or site.writer_step is None:
        return False
    if not builds_on_unshared(walk, view):
        return False
    whole = _whole_ancestors(walk.writer_views, site.writer_step)
    return all(
        index not in whole and writes_beside(walk.writer_views[index].step, view.step)
        for index in site.removed
    )


def _whole_ancestors(views: dict[int, StepView], index: int) -> frozenset[int]:
    """Steps that a step builds on in its own stage and those below it."""
    above = real_parents(views, index, whole=True)
    return frozenset(above).union(*(ancestors_of(views)[parent] for parent in above))


# Which sites lie below others, and which missed steps belong to which site.

ROOT_REASONS = frozenset({Reason.OTHER_CACHE, Reason.CACHE_OFF})
"""Reasons that hold for the whole build: every other site is below them."""


def first_sites(comparison: Comparison) -> tuple[Site, ...]:
    """The first site of each branch: what lies below becomes its consequence even if it would have missed
    on its own."""
    kept: list[Site] = []
    for site in comparison.sites:
        above = [index for index, other in enumerate(kept) if is_above(other, site, comparison.ancestors)]
        if above:
            kept[above[-1]] = merge_into(kept[above[-1]], site)
        else:
            kept.append(site)
    return assign_missed(tuple(kept), comparison)


def merge_into(owner: Site, site: Site) -> Site:
    """A site with another one among its consequences."""
    merged = {*owner.consequences, site.step, *site.consequences} - {owner.step}
    return replace(owner, consequences=tuple(sorted(merged)))


def is_above(site: Site, other: Site, ancestors: Mapping[int, frozenset[int]]) -> bool:
    """Whether ``other`` lies below ``site``: it builds on it, or the site holds for the whole build."""
    if site is other:
        return False
    return site.reason in ROOT_REASONS or site.step in ancestors.get(other.step, frozenset())


def assign_missed(sites: tuple[Site, ...], comparison: Comparison) -> tuple[Site, ...]:
    """Give every other missed step to the last site above it, a whole-build one if there is none."""
    missed: dict[int, list[int]] = {index: [] for index in range(len(sites))}
    accounted = {step for site in sites for step in (site.step, *site.consequences)}
    for step in sorted(comparison.unshared - accounted):
        if not comparison.reader_views[step].missed:
            continue
        above = [
            index
            for index, site in enumerate(sites)
            if site.step in comparison.ancestors[step] or (site.reason in ROOT_REASONS and step > site.step)
        ]
        if above:
            missed[above[-1]].append(step)
    return tuple(
        replace(
            site,
            consequences=tuple(
                step
                for step in sorted({*site.consequences, *missed[index]})
                if comparison.reader_views[step].missed
            ),
        )
        for index, site in enumerate(sites)
    )
