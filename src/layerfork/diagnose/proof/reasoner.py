"""What every proof about one pair of builds rests on, made once."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from layerfork.diagnose.claims.rule import Case
from layerfork.diagnose.compare.builds import JudgedBuild
from layerfork.diagnose.compare.comparison import Comparison
from layerfork.diagnose.compare.divergence import Site
from layerfork.diagnose.compare.steps import StepView, views_of
from layerfork.diagnose.proof.unasked import Informed, informed_by
from layerfork.diagnose.undo.dockerfiles import Dockerfiles
from layerfork.diagnose.undo.material import Material, Sent, contexts_of
from layerfork.hypothesis import Hypothesis, UnappliableError, suppose
from layerfork.hypothesis.keys import Settled
from layerfork.record.change import Change


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
