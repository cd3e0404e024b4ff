"""Whether a step of the reader would have the writer's key, had something been different."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from layerfork.diagnose.causes.material import Dockerfiles, Material, Sent, contexts_of
from layerfork.diagnose.causes.rule import Case
from layerfork.diagnose.causes.scene import AnswerSources, Scene, set_scene
from layerfork.diagnose.compare.differences import Difference, changed_origins, conclusive, list_differences
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild, StepView, names_of, real_parents, views_of
from layerfork.diagnose.compare.sites import Site
from layerfork.diagnose.compare.stepwalk import Comparison
from layerfork.diagnose.compare.structure import removed_steps
from layerfork.diagnose.proof.unasked import Informed, informed_by
from layerfork.hypothesis import Hypothesis, UnappliableError, suppose
from layerfork.hypothesis.suppose import Settled
from layerfork.record.answer import Fork, Side, Situation
from layerfork.record.change import Change, LineAdded


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The reader's build as it would be with some changes."""

    hypothesis: Hypothesis
    views: dict[int, StepView]


@dataclass(slots=True, kw_only=True)
class Reasoner:
    """Asks what if about the reader's build. What it has made it keeps."""

    comparison: Comparison
    settled: Settled = field(init=False)
    _informed: Informed | None = None
    _contexts: tuple[Sent, ...] | None = None
    _dockerfiles: Dockerfiles | None = None
    _sources: AnswerSources | None = None
    _last: tuple[tuple[Change, ...], World] | None = None

    def __post_init__(self) -> None:
        reader = self.comparison.reader
        self.settled = Settled(record=reader.record, keys=reader.keys)

    @property
    def informed(self) -> Informed:
        """The reader's record, with what its client was never asked for: what every world is made of."""
        if self._informed is None:
            self._informed = informed_by(self.comparison.writer.record, self.comparison.reader.record)
        return self._informed

    def material(self, site: Site) -> Material:
        """What undoing a cause of this site works with."""
        if self._contexts is None or self._dockerfiles is None:
            self._contexts = contexts_of(self.comparison)
            self._dockerfiles = Dockerfiles(comparison=self.comparison)
        return Material(
            case=Case(comparison=self.comparison, site=site),
            contexts=self._contexts,
            dockerfiles=self._dockerfiles,
        )

    def scene(self, fork: Fork) -> Scene:
        """A fork as two clients' builds: what its causes are said of."""
        if self._sources is None:
            writer, reader = self.comparison.writer, self.comparison.reader
            names = names_of(writer, reader)
            self._sources = AnswerSources(
                writer=writer.record,
                reader=reader.record,
                sides=(Side(name=names[0]), Side(name=names[1])),
                situation=Situation.CLIENTS,
            )
        return set_scene(fork, self._sources)

    def world(self, changes: Iterable[Change]) -> World:
        """The reader's build with these changes. Raises: UnappliableError."""
        changes = tuple(dict.fromkeys(changes))
        if self._last is not None and self._last[0] == changes:
            return self._last[1]
        reader = self.comparison.reader
        hypothesis = suppose(self.informed.record, changes, self.comparison.writer.record)
        if hypothesis.unmodelled:
            raise UnappliableError(next(iter(hypothesis.unmodelled.values())))
        keys = self.settled.keys_of(hypothesis)
        build = JudgedBuild(client=reader.client, record=hypothesis.record, keys=keys)
        world = World(hypothesis=hypothesis, views=views_of(build))
        self._last = changes, world
        return world


def reaches_writer(reasoner: Reasoner, site: Site, changes: tuple[Change, ...]) -> bool:
    """With these changes, and those of the sites above, the site's step has the writer's key and builds on
    the writer's steps; a step that only the reader has is gone, and what follows builds on the writer's.

    Raises: UnappliableError.
    """
    added = is_added(reasoner.comparison, site)
    beside = tuple(_removed_beside(reasoner, site)) if added else ()
    world = reasoner.world((*site.given, *beside, *changes))
    if added:
        stands = site.writer_step is None or has_writers_key(site, reasoner.comparison, world)
        return stands and _is_gone(reasoner.comparison, site, world)
    return has_writers_key(site, reasoner.comparison, world) and builds_on_writers(
        reasoner.comparison, world, site.step, site.writer_step
    )


def is_added(comparison: Comparison, site: Site) -> bool:
    """The site is a step that has no counterpart at this place of the writer's build."""
    unpaired = site.step in comparison.reader_views and site.step not in comparison.alignment.writer_of
    return unpaired and bool(site.structure)


def has_writers_key(site: Site, comparison: Comparison, world: World) -> bool:
    """The step's own key is the writer's. Raises: UnappliableError when it is not known completely."""
    here = place_of(world, site.step, site.writer_step)
    if here is None or site.writer_step is None:
        return False
    key = world.views[here].key
    writer = comparison.writer_views[site.writer_step].key
    if key.unknown or writer.unknown:
        lacks = ", ".join(dict.fromkeys((*key.unknown, *writer.unknown)))
        raise UnappliableError(f"what the key would be is not known without {lacks}")
    return not list_differences(writer, key)


def differences_in(
    reasoner: Reasoner, site: Site, changes: tuple[Change, ...]
) -> tuple[Difference, ...] | None:
    """How the step's own key still differs from the writer's with these changes; None where there is no such
    step. Raises: UnappliableError."""
    world = reasoner.world((*site.given, *changes))
    here = place_of(world, site.step, site.writer_step)
    if here is None or site.writer_step is None:
        return None
    return list_differences(reasoner.comparison.writer_views[site.writer_step].key, world.views[here].key)


def left_of(reasoner: Reasoner, site: Site, given: tuple[Change, ...]) -> Site | None:
    """What a site is about once these changes are made; None when nothing is left.

    Raises: UnappliableError.
    """
    comparison = reasoner.comparison
    world = reasoner.world(given)
    here = place_of(world, site.step, site.writer_step)
    if here is None and is_added(comparison, site):
        return None
    if here is None or site.writer_step is None:
        return replace(site, given=given)
    writer, key = comparison.writer_views[site.writer_step].key, world.views[here].key
    parts = conclusive(list_differences(writer, key), writer, key)
    moved = not builds_on_writers(comparison, world, site.step, site.writer_step)
    structure = site.structure if moved else ()
    if not (parts or structure or key.unknown):
        return None
    origins = changed_origins(writer, key) if parts else ()
    return replace(site, parts=parts, structure=structure, origins=origins, reader_key=key, given=given)


def place_of(world: World, step: int, writer_step: int | None) -> int | None:
    """Where a step is in another world; its line may have been taken over from the writer's Dockerfile."""
    here = world.hypothesis.index_of.get(step)
    if here is None and writer_step is not None:
        here = world.hypothesis.example_index_of.get(writer_step)
    return here


def builds_on_writers(comparison: Comparison, world: World, step: int, writer_step: int | None) -> bool:
    """What the step builds on are the counterparts of what the writer's step builds on."""
    here = place_of(world, step, writer_step)
    if here is None or writer_step is None:
        return False
    return set(_writers(comparison, world, here)) == set(real_parents(comparison.writer_views, writer_step))


def _writers(comparison: Comparison, world: World, here: int) -> Iterator[int | None]:
    own = {there: step for step, there in world.hypothesis.index_of.items()}
    taken = {there: step for step, there in world.hypothesis.example_index_of.items()}
    for parent in real_parents(world.views, here):
        if parent in taken:
            yield taken[parent]
        else:
            yield comparison.alignment.writer_of.get(own.get(parent, 0))


def _is_gone(comparison: Comparison, site: Site, world: World) -> bool:
    if any(step in world.hypothesis.index_of for step in (site.step, *site.added)):
        return False
    return all(
        builds_on_writers(comparison, world, step, comparison.alignment.writer_of[step])
        for step in _following(comparison, site)
    )


def _following(comparison: Comparison, site: Site) -> tuple[int, ...]:
    """Steps that both builds have and that build on the added ones."""
    added = {site.step, *site.added}
    return tuple(
        index
        for index in comparison.alignment.writer_of
        if index in comparison.reader_views and added & set(real_parents(comparison.reader_views, index))
    )


def _removed_beside(reasoner: Reasoner, site: Site) -> Iterator[LineAdded]:
    """Steps of the writer at the same place: another site speaks of them."""
    comparison = reasoner.comparison
    files = reasoner.material(site).dockerfiles
    for step in _following(comparison, site):
        pair = comparison.alignment.writer_of[step], step
        removed, _ = removed_steps(
            comparison.writer_views, comparison.reader_views, comparison.alignment, pair
        )
        for index in removed:
            yield files.added(files.instruction("writer", comparison.writer_views[index].step))
