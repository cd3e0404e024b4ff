"""Which builds of a relay share every step, and which build left whose path."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from layerfork.explain.compare.builds import JudgedBuild
from layerfork.explain.compare.comparison import Comparison, compare
from layerfork.explain.compare.consequences import find_forks
from layerfork.explain.compare.divergence import Site
from layerfork.explain.proof.modebits import refine


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
    """With the class that it has most in common with."""
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedLabels:
    """A reader that shares every step of a class and adds labels of its own at the end."""

    reader: JudgedBuild
    writer: JudgedBuild
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A reader that may belong to several classes, because its keys are not known completely."""

    reader: JudgedBuild
    candidates: tuple[JudgedBuild, ...]
    """First members of the classes; the reader was put into the first one."""
    unknown: tuple[str, ...]
    """What its record lacks."""


@dataclass(slots=True, kw_only=True)
class Sorting:
    """Builds in classes, and what is to be said about those that did not fit smoothly."""

    classes: list[BuildClass] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    labels: list[AddedLabels] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)


def sort_into_classes(builds: Sequence[JudgedBuild]) -> Sorting:
    """Put each build, in order, into the first class whose every step it shares."""
    sorting = Sorting()
    classes = sorting.classes
    for build in builds:
        comparisons = [compare(group.members[0], build) for group in classes]
        fitting = [index for index, each in enumerate(comparisons) if shares_every_step(each)]
        if fitting:
            classes[fitting[0]].members.append(build)
            _note(sorting, [comparisons[index] for index in fitting])
            continue
        if classes:
            sorting.departures.append(_departure(classes, comparisons, build))
        classes.append(BuildClass(members=[build]))
    return sorting


def _note(sorting: Sorting, fitting: Sequence[Comparison]) -> None:
    """Remember what is unusual about a build that joins the class of the first of these comparisons."""
    reader, writer = fitting[0].reader, fitting[0].writer
    added = added_labels(fitting[0])
    if added:
        sorting.labels.append(AddedLabels(reader=reader, writer=writer, steps=added))
    unknown = tuple(dict.fromkeys(lack for step in reader.keys.steps for lack in step.key.unknown))
    if len(fitting) > 1 and unknown:
        candidates = tuple(comparison.writer for comparison in fitting)
        sorting.guesses.append(Guess(reader=reader, candidates=candidates, unknown=unknown))


def shares_every_step(comparison: Comparison) -> bool:
    """The reader missed nothing that the writer has; labels added at the end do not count."""
    added = set(added_labels(comparison))
    missing = {index for index in comparison.unshared - added if not comparison.reader_views[index].neutral}
    return not (missing or any(site.step not in added for site in comparison.sites))


def added_labels(comparison: Comparison) -> tuple[int, ...]:
    """Steps at the very end that are labels of the reader's request, which the writer has not."""
    added: list[int] = []
    sites = {step: site for site in comparison.sites for step in (site.step, *site.added)}
    for index in reversed(list(comparison.reader_views)):
        site = sites.get(index)
        if site is None or site.writer_step is not None or {d.cause for d in site.differences} != {"label"}:
            break
        added.append(index)
    return tuple(sorted(added))


def _departure(classes: list[BuildClass], comparisons: list[Comparison], build: JudgedBuild) -> Departure:
    """Compare with the class that is nearest."""
    best = max(range(len(comparisons)), key=lambda index: (*_nearness(comparisons[index]), -index))
    witness = classes[best].witness
    comparison = comparisons[best]
    if witness is not None and witness is not classes[best].members[0]:
        comparison = compare(witness, build)
    return Departure(reader=build, comparison=comparison, sites=find_forks(comparison, first_only=True))


def _nearness(comparison: Comparison) -> tuple[bool, int, int, int]:
    """Greater for a class that has more in common: the same cache, the latest first fork, and there the
    fewest causes, then the fewest differences."""
    first = min(comparison.sites, key=lambda site: site.step, default=None)
    if first is None:
        return comparison.scope is None, 0, 0, 0
    differences = refine(first.differences)
    return comparison.scope is None, first.step, -len({each.cause for each in differences}), -len(differences)
