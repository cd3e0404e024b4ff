"""Walks the reader's steps beside the writer's: which are shared, and where the paths part."""

from dataclasses import dataclass, field, replace

from layerfork.dockerfile import Dockerfile
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.explain.compare.alignment import Alignment, align, keyword, normalise
from layerfork.explain.compare.branches import shared_platforms
from layerfork.explain.compare.builds import JudgedBuild
from layerfork.explain.compare.cachescope import ScopeDifference, imports_cache, separate_caches
from layerfork.explain.compare.differences import Difference, conclusive, list_differences
from layerfork.explain.compare.divergence import Reason, Site
from layerfork.explain.compare.dockerfiles import raw_text
from layerfork.explain.compare.lending import define_alike
from layerfork.explain.compare.steps import (
    StepView,
    ancestors_of,
    real_parents,
    same_chain,
    source_of,
    views_of,
)
from layerfork.explain.compare.structure import added_step, moved_from, removed_steps
from layerfork.explain.compare.touching import writes_beside
from layerfork.explain.compare.variables import changed_origins
from layerfork.model.build import Builder
from layerfork.model.record import StepStatus


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


@dataclass(slots=True, kw_only=True)
class _Walk:
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


def compare(writer: JudgedBuild, reader: JudgedBuild) -> Comparison:
    """Compare two builds step by step. Pure; nothing is judged yet."""
    writer, reader = define_alike(writer, reader)
    scope = separate_caches(writer.record, reader.record)
    if scope and scope.code != "builder" and imports_cache(reader.record):
        scope = None
    walk = _Walk(
        writer=writer,
        reader=reader,
        writer_views=views_of(writer),
        reader_views=views_of(reader),
        alignment=align(
            writer.record.steps, reader.record.steps, shared_platforms(writer.record, reader.record)
        ),
        writer_dockerfile=dockerfile_of(writer.record),
        reader_dockerfile=dockerfile_of(reader.record),
        blocked=scope is not None or reader.record.request.no_cache,
    )
    if scope and scope.code == "builder":
        walk.unshared.update(walk.reader_views)
    else:
        for index in walk.reader_views:
            _visit(walk, index)
        _drop_idle_bases(walk)
    ancestors = ancestors_of(walk.reader_views)
    root = _root_site(walk, scope)
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


def _visit(walk: _Walk, index: int) -> None:
    view = walk.reader_views[index]
    parent_unshared = any(parent in walk.unshared for parent in view.parents)
    if view.neutral:
        if parent_unshared:
            walk.unshared.add(index)
        return
    site = _site_at(walk, view)
    if _is_shared(walk, view, site, parent_unshared):
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


def _extends_added_block(walk: _Walk, view: StepView, site: Site) -> bool:
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


def _copies_other_results(walk: _Walk, site: Site) -> bool:
    """A ``COPY --from`` found other files only because the stage that it copies from was built anew."""
    if site.structure or not site.parts or any(part.field != "source" for part in site.parts):
        return False
    return source_of(walk.reader_views, site.step) in walk.unshared


def _only_beside(walk: _Walk, view: StepView, site: Site) -> bool:
    """The stage that a ``COPY --from`` reads lacks steps that write elsewhere, and the step had to be built
    anyway."""
    if site.parts or not site.removed or site.writer_step is None:
        return False
    if not _builds_on_unshared(walk, view):
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


def _site_at(walk: _Walk, view: StepView) -> Site:
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
            keywords=(keyword(view.step.instruction),),
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
        keywords=(
            keyword(view.step.instruction),
            *(keyword(walk.writer_views[index].step.instruction) for index in removed),
        ),
        known=known,
    )


def _sure_parts(parts: tuple[Difference, ...], writers: StepView, view: StepView) -> tuple[Difference, ...]:
    """Differences that hold although keys are incomplete: what both know, or else another text as the
    builder showed it."""
    sure = conclusive(parts, writers.key, view.key)
    writer, reader = normalise(writers.step.instruction), normalise(view.step.instruction)
    if sure or writer == reader or view.always_runs:
        return sure
    return (Difference(cause="instruction", field="text", writer=writer, reader=reader),)


def _same_text(walk: _Walk, writer: StepView, view: StepView) -> bool:
    return raw_text(walk.writer_dockerfile, writer) == raw_text(walk.reader_dockerfile, view)


def _base_ids(walk: _Walk, writer: StepView, view: StepView) -> tuple[Difference, ...]:
    """A FROM whose image ids differ although its keys do not say so."""
    if not (view.always_runs and _compares_images(walk, view)):
        return ()
    if not (writer.image and view.image) or writer.image == view.image:
        return ()
    return (
        Difference(
            cause="base-image", field="image id", writer=writer.step.identity, reader=view.step.identity
        ),
    )


def _is_shared(walk: _Walk, view: StepView, site: Site, parent_unshared: bool) -> bool:
    """Whether this step of the reader used, or could have used, the writer's result."""
    if view.image and _compares_images(walk, view):
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
            return not (site.differences or _builds_on_unshared(walk, view)) or any(
                same_chain(walk.writer_views, other, walk.reader_views, view.index)
                for other in walk.writer_views
            )
        case StepStatus.NOT_EVALUATED:
            return not parent_unshared
        case StepStatus.UNKNOWN:
            return not (site.differences or parent_unshared)


def _builds_on_unshared(walk: _Walk, view: StepView) -> bool:
    return any(parent in walk.unshared for parent in real_parents(walk.reader_views, view.index, whole=True))


def _images(walk: _Walk, view: StepView, site: Site) -> set[str]:
    """Image ids of the writer that the step may have taken: any, but for a FROM only its own."""
    if not view.always_runs:
        return {other.image for other in walk.writer_views.values()}
    writer = walk.writer_views.get(site.writer_step) if site.writer_step is not None else None
    return {writer.image if writer else ""}


def _compares_images(walk: _Walk, view: StepView) -> bool:
    """Image ids tell the classic builder's steps apart, as long as both are of one engine.

    A FROM's image id is no product of the build, so it may be compared across engines.
    """
    if walk.reader.record.builder is not Builder.CLASSIC:
        return False
    return view.always_runs or not (walk.blocked and not walk.reader.record.request.no_cache)


def _drop_idle_bases(walk: _Walk) -> None:
    """A differing FROM is a site only if something that builds on it was not shared."""
    ancestors = ancestors_of(walk.reader_views)
    used = {
        above
        for index in walk.unshared
        if not (walk.reader_views[index].always_runs or walk.reader_views[index].neutral)
        for above in ancestors[index]
    }
    walk.sites[:] = [
        site for site in walk.sites if not walk.reader_views[site.step].always_runs or site.step in used
    ]


def _root_site(walk: _Walk, scope: ScopeDifference | None) -> Site | None:
    """The site above all others: separate caches, or no cache wanted."""
    indexes = list(walk.reader_views)
    if scope:
        first = indexes[0] if indexes else 0
        return Site(step=first, writer_step=walk.alignment.writer_of.get(first), reason=Reason.OTHER_CACHE)
    if walk.reader.record.request.no_cache:
        missed = [index for index in indexes if walk.reader_views[index].missed and index in walk.unshared]
        if missed:
            first = missed[0]
            return Site(step=first, writer_step=walk.alignment.writer_of.get(first), reason=Reason.CACHE_OFF)
    return None
