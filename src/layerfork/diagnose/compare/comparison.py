"""Walks the reader's steps beside the writer's: which are shared, and where the paths part."""

from dataclasses import dataclass, replace

from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.diagnose.compare.divergence import Reason, Site
from layerfork.diagnose.compare.sharing import builds_on_unshared, is_shared
from layerfork.diagnose.compare.sites import drop_idle_bases, root_site, site_at
from layerfork.diagnose.compare.steps import (
    StepView,
    ancestors_of,
    real_parents,
    source_of,
    views_of,
)
from layerfork.diagnose.compare.touching import writes_beside
from layerfork.diagnose.compare.walk import Walk
from layerfork.diagnose.matching.alignment import Alignment, align
from layerfork.diagnose.matching.branches import shared_platforms
from layerfork.diagnose.scope.cachescope import (
    ScopeDifference,
    cache_is_off,
    imports_cache,
    separate_caches,
)
from layerfork.diagnose.scope.lending import define_alike
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.record.record import StepStatus


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
        return tuple(
            index
            for index, view in self.reader_views.items()
            if index not in self.unshared
            and view.step.status is StepStatus.HIT
            and not (view.always_runs or view.neutral)
        )


def compare(writer: JudgedBuild, reader: JudgedBuild) -> Comparison:
    """Compare two builds step by step. Pure; nothing is judged yet."""
    writer, reader = define_alike(writer, reader)
    scope = separate_caches(writer.record, reader.record)
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
        sites=((root,) if root else ()) + tuple(walk.sites),
        ancestors=ancestors,
    )


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
    if site.differences:
        if view.step.status is StepStatus.NOT_EVALUATED or _extends_added_block(walk, view, site):
            return
        walk.sites.append(replace(site, direct=not (parent_unshared or walk.blocked)))
    elif not (parent_unshared or walk.blocked):
        reason = Reason.EQUAL_KEYS if site.known else Reason.UNKNOWN_KEYS
        walk.sites.append(replace(site, reason=reason))


def _failed_unkeyed(view: StepView, site: Site) -> bool:
    """The build ended here before the step had a key, as where a file to copy does not exist, and nobody
    wrote the step otherwise: the failure says why, and is told by itself."""
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
        last,
        structure=tuple(dict.fromkeys(last.structure + site.structure)),
        added=(view.index, *last.added),
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
