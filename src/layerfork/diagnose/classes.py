"""Which builds share every step, and which build belongs to whose class."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView
from layerfork.diagnose.compare.sites import Site
from layerfork.diagnose.compare.stepwalk import Comparison, compare, first_sites
from layerfork.diagnose.compare.structure import added_platforms
from layerfork.dockerfile import LAYERED, keyword_of
from layerfork.record.build import Builder, platforms_of
from layerfork.record.record import BuildOutcome, BuildRecord, StepRecord, StepStatus


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
    """Steps of branches that the writer does not have, unless they differ for another reason too."""
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


# Which layer of a build's image each of its steps made.


def step_layers(record: BuildRecord) -> tuple[tuple[StepRecord, str], ...]:
    """Steps and the diffID of the layer that each made; empty when they cannot be matched for certain."""
    image = record.result.image
    bases = dict(record.base_images)
    chains = {(step.stage, step.platform) for step in record.steps}
    if image is None or len(bases) != 1 or len(chains) != 1:
        return ()
    (base,) = bases.values()
    own = image.diff_ids[len(base.diff_ids) :]
    steps = [step for step in record.steps if keyword_of(step.instruction) in LAYERED]
    if image.diff_ids[: len(base.diff_ids)] != base.diff_ids or len(own) != len(steps):
        return ()
    return tuple(zip(steps, own, strict=True))


def layers_by_step(record: BuildRecord) -> dict[int, str]:
    """The same by step index."""
    return {step.index: layer for step, layer in step_layers(record)}


def is_run(step: StepRecord) -> bool:
    return step.instruction.upper().startswith("RUN ")


# Whether a build belongs to the class of another: for certain, perhaps, or not.


class Fit(Enum):
    """What the evidence says about two builds."""

    SHARED = "shared"
    """Every step has one key in both, or one image id, or they share a layer that no build makes twice."""
    OPEN = "open"
    """Nothing contradicts it, but keys that would show it are unknown."""
    RULED_OUT = "ruled-out"


def fit_of(comparison: Comparison, *, random_runs: bool = False) -> Fit:
    """Judge by keys and image ids where they are known, by the layers of the images where they are not.

    ``random_runs``: every RUN of the Dockerfile writes a value that never comes twice.
    """
    if not shares_every_step(comparison):
        return Fit.RULED_OUT
    doubtful = doubtful_steps(comparison)
    if doubtful == () and comparison.reader_views:
        return Fit.SHARED
    if _has_other_layers(comparison):
        return Fit.RULED_OUT
    witness = _last_unique_layer(comparison) if random_runs else 0
    return Fit.SHARED if doubtful and witness >= doubtful[-1] else Fit.OPEN


def shares_every_step(comparison: Comparison) -> bool:
    """The reader missed nothing that the writer has; what only the reader was asked for does not count."""
    added = added_steps(comparison).steps
    missing = {index for index in comparison.unshared - added if not comparison.reader_views[index].neutral}
    return not (missing or any(site.step not in added for site in comparison.sites))


def doubtful_steps(comparison: Comparison) -> tuple[int, ...]:
    """Steps that count as shared only because their keys are not known, in step order.

    A FROM does not count: what builds on it tells images apart.
    """
    return tuple(
        index
        for index, view in comparison.reader_views.items()
        if index not in comparison.unshared and view.cacheable and not _is_known(comparison, view)
    )


def _is_known(comparison: Comparison, view: StepView) -> bool:
    writer = comparison.alignment.writer_of.get(view.index)
    writers = comparison.writer_at(writer)
    if writers is None:
        return not view.key.unknown
    if comparison.reader.record.builder is Builder.CLASSIC and view.image and view.image == writers.image:
        return True
    return not (view.key.unknown or writers.key.unknown)


def _has_other_layers(comparison: Comparison) -> bool:
    """A step of the reader was reused, and what it reused is not what the writer has at that step."""
    writer, others = layers_by_step(comparison.writer.record), layers_by_step(comparison.reader.record)
    pairs = comparison.alignment.writer_of
    return any(
        comparison.reader_views[index].step.status is StepStatus.HIT
        and pairs.get(index) in writer
        and writer[pairs[index]] != layer
        for index, layer in others.items()
    )


def _last_unique_layer(comparison: Comparison) -> int:
    """The last RUN whose layer both images have: no two builds make it. 0 when there is none."""
    writer, others = layers_by_step(comparison.writer.record), layers_by_step(comparison.reader.record)
    pairs = comparison.alignment.writer_of
    found = (
        index
        for index, layer in others.items()
        if is_run(comparison.reader_views[index].step) and writer.get(pairs.get(index, 0)) == layer
    )
    return max(found, default=0)


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
    """A reader whose class is unknown."""

    reader: JudgedBuild
    candidates: tuple[JudgedBuild, ...]
    """First members of the classes that it may belong to."""


@dataclass(slots=True, kw_only=True)
class Sorting:
    """Builds in classes, and the builds that did not fit into one."""

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
    if len(possible) != 1 or not only_classes or not _reused_all(possible[0].comparison):
        return None
    on_its_cache = sum(each.comparison.scope is None for each in found)
    chains = {(step.stage, step.platform) for step in build.record.steps}
    return possible[0] if on_its_cache == 1 or len(chains) == 1 else None


def _reused_all(comparison: Comparison) -> bool:
    views = [view for view in comparison.reader_views.values() if view.cacheable]
    return bool(views) and all(view.step.status is StepStatus.HIT for view in views)


def _stored_nothing_else(build: JudgedBuild) -> bool:
    """Whatever a whole build can reuse of this one, or of its control, is in a class.

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
    """What the reader reused from a third build is not one of its forks, as long as it missed something."""
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
