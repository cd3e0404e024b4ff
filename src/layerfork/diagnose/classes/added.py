"""Steps that the reader was asked for and the writer was not: they are no fork, since nothing was stored."""

from dataclasses import dataclass

from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.compare.divergence import Site
from layerfork.diagnose.matching.branches import added_platforms
from layerfork.record.branch import platforms_of


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedSteps:
    """The reader's own steps, by why it has them. Indexes are the reader's, in step order."""

    labels: tuple[int, ...] = ()
    """Labels of its request, which the classic builder and buildah make the very last steps."""
    target: tuple[int, ...] = ()
    """Steps of stages that only its target needs."""
    platform: tuple[int, ...] = ()
    """Steps for platforms that only it is built for."""

    @property
    def steps(self) -> frozenset[int]:
        return frozenset((*self.labels, *self.target, *self.platform))


def added_steps(comparison: Comparison) -> AddedSteps:
    """Those of the reader's steps that the writer's request did not ask for."""
    sites = {step: site for site in comparison.sites for step in (site.step, *site.added)}
    return AddedSteps(
        labels=_last_labels(comparison, sites),
        target=tuple(
            index
            for index in sorted(comparison.unshared)
            if (_is_all(sites[index], "target") if index in sites else _is_own_base(comparison, index))
        ),
        platform=_own_platforms(comparison, sites),
    )


def _own_platforms(comparison: Comparison, sites: dict[int, Site]) -> tuple[int, ...]:
    """Steps of branches that the writer has not; where they differ for another reason too they are none."""
    added = added_platforms(comparison.writer.record, comparison.reader.record)
    return tuple(
        index
        for index in sorted(comparison.unshared)
        if (own := platforms_of(comparison.reader_views[index].step.platform))
        and own <= added
        and (index not in sites or _is_all(sites[index], "platform"))
    )


def _is_own_base(comparison: Comparison, index: int) -> bool:
    """A FROM that is no site, since nothing builds on it, in a stage that only the reader's target needs."""
    view = comparison.reader_views[index]
    targets = {build.record.request.target for build in (comparison.writer, comparison.reader)}
    return view.always_runs and view.step.stage not in comparison.alignment.stages and len(targets) > 1


def _last_labels(comparison: Comparison, sites: dict[int, Site]) -> tuple[int, ...]:
    added: list[int] = []
    for index in reversed(list(comparison.reader_views)):
        if index not in sites or not _is_all(sites[index], "label"):
            break
        added.append(index)
    return tuple(sorted(added))


def _is_all(site: Site, cause: str) -> bool:
    """Whether only the reader has the step, for no other reason."""
    return site.writer_step is None and {each.cause for each in site.differences} == {cause}
