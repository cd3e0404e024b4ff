"""Which builds of a relay share every step, and which build left whose path."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from layerfork.explain.compare import Comparison, compare
from layerfork.explain.fork import find_forks
from layerfork.explain.judged import JudgedBuild
from layerfork.explain.site import Site


@dataclass(slots=True, kw_only=True)
class BuildClass:
    """Builds that share every step, in relay order."""

    members: list[JudgedBuild] = field(default_factory=list)

    @property
    def witness(self) -> JudgedBuild | None:
        """The first member whose word counts: its own control did not miss."""
        return next((member for member in self.members if member.control != "miss"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A reader that could not join any class of earlier builds."""

    reader: JudgedBuild
    comparison: Comparison
    """With the class that it shared most steps with."""
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedLabels:
    """A reader that shares every step of a class and adds labels of its own at the end."""

    reader: JudgedBuild
    writer: JudgedBuild
    steps: tuple[int, ...]


def sort_into_classes(
    builds: Sequence[JudgedBuild],
) -> tuple[list[BuildClass], list[Departure], list[AddedLabels]]:
    """Put each build, in order, into the first class whose every step it shares."""
    classes: list[BuildClass] = []
    departures: list[Departure] = []
    labels: list[AddedLabels] = []
    for build in builds:
        comparisons = [compare(group.members[0], build) for group in classes]
        joined = next(
            (index for index, comparison in enumerate(comparisons) if shares_every_step(comparison)), None
        )
        if joined is not None:
            classes[joined].members.append(build)
            added = added_labels(comparisons[joined])
            if added:
                labels.append(AddedLabels(reader=build, writer=classes[joined].members[0], steps=added))
            continue
        if classes:
            departures.append(_departure(classes, comparisons, build))
        classes.append(BuildClass(members=[build]))
    return classes, departures, labels


def shares_every_step(comparison: Comparison) -> bool:
    """The reader missed nothing that the writer has; labels added at the end do not count."""
    added = set(added_labels(comparison))
    missing = {index for index in comparison.unshared - added if not comparison.reader_views[index].neutral}
    return not (missing or any(site.step not in added for site in comparison.sites))


def added_labels(comparison: Comparison) -> tuple[int, ...]:
    """Steps at the very end that are labels of the reader's request, which the writer has not."""
    added: list[int] = []
    sites = {site.step: site for site in comparison.sites}
    for index in reversed(list(comparison.reader_views)):
        site = sites.get(index)
        if site is None or site.writer_step is not None or {d.cause for d in site.differences} != {"label"}:
            break
        added.append(index)
    return tuple(sorted(added))


def _departure(classes: list[BuildClass], comparisons: list[Comparison], build: JudgedBuild) -> Departure:
    """Compare with the class that has most in common: the same cache, then the latest first fork."""

    def nearness(comparison: Comparison) -> tuple[bool, int]:
        first = min((site.step for site in comparison.sites), default=0)
        return comparison.scope is None, first

    best = max(range(len(comparisons)), key=lambda index: (nearness(comparisons[index]), -index))
    witness = classes[best].witness
    comparison = comparisons[best]
    if witness is not None and witness is not classes[best].members[0]:
        comparison = compare(witness, build)
    return Departure(reader=build, comparison=comparison, sites=find_forks(comparison, first_only=True))
