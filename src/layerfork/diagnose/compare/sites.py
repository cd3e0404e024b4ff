"""Where the reader's path may part from the writer's: what differs there."""

from layerfork.diagnose.compare.divergence import Reason, Site
from layerfork.diagnose.compare.parts import Difference, conclusive, list_differences
from layerfork.diagnose.compare.sharing import compares_images
from layerfork.diagnose.compare.steps import StepView, ancestors_of
from layerfork.diagnose.compare.variables import changed_origins
from layerfork.diagnose.compare.walk import Walk
from layerfork.diagnose.matching.alignment import normalise
from layerfork.diagnose.matching.dockerfiles import raw_text
from layerfork.diagnose.matching.structure import added_step, moved_from, removed_steps
from layerfork.diagnose.scope.cachescope import ScopeDifference, cache_is_off


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
    """Differences that hold although keys are incomplete: what both know, or else another text as the
    builder showed it."""
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
        above
        for index in walk.unshared
        if not (walk.reader_views[index].always_runs or walk.reader_views[index].neutral)
        for above in ancestors[index]
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
