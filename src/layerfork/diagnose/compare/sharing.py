"""Whether a step of the reader used, or could have used, a result of the writer."""

from layerfork.diagnose.compare.divergence import Site
from layerfork.diagnose.compare.steps import StepView, real_parents, same_chain
from layerfork.diagnose.compare.walk import Walk
from layerfork.diagnose.scope.cachescope import cache_is_off
from layerfork.record.build import Builder
from layerfork.record.record import StepStatus


def is_shared(walk: Walk, view: StepView, site: Site, parent_unshared: bool) -> bool:
    """Whether this step of the reader used, or could have used, the writer's result."""
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
            return not (site.differences or builds_on_unshared(walk, view)) or any(
                same_chain(walk.writer_views, other, walk.reader_views, view.index)
                for other in walk.writer_views
            )
        case StepStatus.NOT_EVALUATED:
            return not parent_unshared
        case StepStatus.UNKNOWN:
            return not (site.differences or parent_unshared)


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
