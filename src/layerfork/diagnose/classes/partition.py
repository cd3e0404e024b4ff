"""Which builds of a relay share every step, and which build left whose path."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from layerfork.diagnose.classes.fit import Fit, fit_of
from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.diagnose.compare.comparison import Comparison, compare
from layerfork.diagnose.compare.consequences import first_sites
from layerfork.diagnose.compare.divergence import Site
from layerfork.diagnose.compare.steps import StepView
from layerfork.record.record import BuildOutcome, StepStatus


@dataclass(slots=True, kw_only=True)
class BuildClass:
    """Builds that share every step, in relay order."""

    members: list[JudgedBuild] = field(default_factory=list)

    @property
    def speaker(self) -> JudgedBuild:
        """The member that others are compared with: the first whose keys are all known, else the first."""
        return next((member for member in self.members if _knows_its_keys(member)), self.members[0])

    @property
    def witness(self) -> JudgedBuild | None:
        """The member that may accuse: its own control did not miss; the first whose keys are all known, else
        the first."""
        reliable = [member for member in self.members if member.control != "miss"]
        return next((member for member in reliable if _knows_its_keys(member)), next(iter(reliable), None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A reader that could not join any class of earlier builds."""

    reader: JudgedBuild
    comparison: Comparison
    """With the class that it has most in common with."""
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """A reader whose class nobody can know."""

    reader: JudgedBuild
    candidates: tuple[JudgedBuild, ...]
    """First members of the classes that it may belong to."""


@dataclass(slots=True, kw_only=True)
class Sorting:
    """Builds in classes, and what is to be said about those that did not fit smoothly."""

    classes: list[BuildClass] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    joined: list[Comparison] = field(default_factory=list)
    """Each build that joined a class, compared with the one that speaks for it."""
    unplaced: list[Unplaced] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    group: BuildClass
    comparison: Comparison
    fit: Fit


def sort_into_classes(
    builds: Sequence[JudgedBuild], *, clean_cache: bool = False, random_runs: bool = False
) -> Sorting:
    """Put each build that succeeded, in order, into the class whose every step it shares.

    A build that may belong to a class, and for which nothing shows that it does, is in none.
    ``clean_cache``: nothing was stored before the first build, so whatever was reused came from one of
    these. ``random_runs``: every RUN of the Dockerfile writes a value that never comes twice.
    """
    sorting = Sorting()
    for position, build in enumerate(builds):
        if build.record.result.outcome is not BuildOutcome.SUCCEEDED:
            continue
        found = [_candidate(group, build, random_runs=random_runs) for group in sorting.classes]
        only_classes = clean_cache and all(map(_stored_nothing_else, builds[:position]))
        chosen = _choose(found, build, only_classes=only_classes)
        possible = [each for each in found if each.fit is Fit.OPEN]
        if chosen is not None:
            chosen.group.members.append(build)
            sorting.joined.append(chosen.comparison)
        elif possible:
            candidates = tuple(each.group.members[0] for each in possible)
            sorting.unplaced.append(Unplaced(reader=build, candidates=candidates))
        else:
            _open_class(sorting, found, build)
    return sorting


def _candidate(group: BuildClass, build: JudgedBuild, *, random_runs: bool) -> _Candidate:
    comparison = compare(group.speaker, build)
    return _Candidate(group=group, comparison=comparison, fit=fit_of(comparison, random_runs=random_runs))


def _choose(found: Sequence[_Candidate], build: JudgedBuild, *, only_classes: bool) -> _Candidate | None:
    """The class that the build shares every step of.

    ``only_classes``: whatever a whole build could reuse is in some class. Then one that reused every step of
    its only stage took them from one class, and is in the only one that is not ruled out.
    """
    shared = next((each for each in found if each.fit is Fit.SHARED), None)
    if shared is not None:
        return shared
    possible = [each for each in found if each.fit is Fit.OPEN]
    own_cache = [each for each in found if each.comparison.scope is None]
    one_source = len(own_cache) == 1 or len({(each.stage, each.platform) for each in build.record.steps}) == 1
    if len(possible) == 1 and only_classes and one_source and _reused_all(possible[0].comparison):
        return possible[0]
    return None


def _reused_all(comparison: Comparison) -> bool:
    views = [view for view in comparison.reader_views.values() if not (view.neutral or view.always_runs)]
    return bool(views) and all(view.step.status is StepStatus.HIT for view in views)


def _stored_nothing_else(build: JudgedBuild) -> bool:
    """Nothing that the build, or its control, stored can end a build but what a class has.

    A build that failed at a step did not store the last one.
    """
    record = build.record
    if record.result.outcome is BuildOutcome.SUCCEEDED:
        shown = bool(record.steps) and all(step.status is not StepStatus.UNKNOWN for step in record.steps)
        return shown and build.control != "miss"
    ended = record.result.outcome in (BuildOutcome.FAILED, BuildOutcome.REFUSED)
    return ended and (not record.steps or any(step.error for step in record.steps))


def _knows_its_keys(build: JudgedBuild) -> bool:
    return not any(step.key.unknown for step in build.keys.steps)


def _open_class(sorting: Sorting, found: Sequence[_Candidate], build: JudgedBuild) -> None:
    if found:
        sorting.departures.append(_departure(found, build))
    sorting.classes.append(BuildClass(members=[build]))


def _departure(found: Sequence[_Candidate], build: JudgedBuild) -> Departure:
    """Compare with the class that is nearest."""
    best = max(range(len(found)), key=lambda index: (*_nearness(found[index].comparison), -index))
    witness, comparison = found[best].group.witness, found[best].comparison
    if witness is not None and witness.client != comparison.writer.client:
        comparison = compare(witness, build)
    comparison = _without_reused(comparison)
    return Departure(reader=build, comparison=comparison, sites=first_sites(comparison))


def _without_reused(comparison: Comparison) -> Comparison:
    """What the reader took from yet another build is none of its forks, as long as it missed something."""
    views = comparison.reader_views
    missed = tuple(site for site in comparison.sites if not _is_reused(views.get(site.step)))
    return replace(comparison, sites=missed) if missed else comparison


def _is_reused(view: StepView | None) -> bool:
    return view is not None and not view.always_runs and view.step.status is StepStatus.HIT


def _nearness(comparison: Comparison) -> tuple[bool, int, int, int]:
    """Greater for a class that has more in common: the same cache, the latest first fork, and there the
    fewest causes, then the fewest differences."""
    first = min(comparison.sites, key=lambda site: site.step, default=None)
    if first is None:
        return comparison.scope is None, 0, 0, 0
    differences = first.differences
    return comparison.scope is None, first.step, -len({each.cause for each in differences}), -len(differences)
