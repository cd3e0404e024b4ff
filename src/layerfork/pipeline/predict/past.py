"""What builds left in one cache: what can be found there, what it took, and when it was made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from layerfork.cachekey import keys_of
from layerfork.explain import JudgedBuild
from layerfork.explain.outlook import Stored
from layerfork.model.record import BuildRecord, StepRecord, StepStatus
from layerfork.whatif import suppose
from layerfork.whatif.keys import Settled

RECORDED = "the recorded build"
"""What texts call the build that another one is predicted from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """When a stored result was made."""

    at_s: float
    """Seconds since 1970."""
    exact: bool
    """False: it was there already then."""


class Past:
    """Builds of one cache: the one that the next is compared with, and those before it."""

    def __init__(self, record: BuildRecord, earlier: Sequence[BuildRecord] = ()) -> None:
        """``earlier`` are builds before the recorded one, newest first: steps may find their results, too.

        They show what steps took when they were built.
        """
        self.newest = JudgedBuild(client=RECORDED, record=record, keys=keys_of(record))
        """The build that the next one is compared with."""
        self.stored = Stored()
        self._seconds: dict[tuple[str, str, str], float] = {}
        self._made: dict[str, Made] = {}
        self._add(self.newest)
        for each in earlier:
            self._add(JudgedBuild(client=each.id, record=each, keys=keys_of(each)))

    def go_on(self, build: JudgedBuild) -> None:
        """Suppose that a predicted build was made."""
        self.newest = replace(build, client=RECORDED)
        self.stored.add(build)

    def seconds_of(self, step: StepRecord) -> float | None:
        """What a step took when it was built last; None when no build shows it."""
        return self._seconds.get(_name_of(step))

    def made(self, mark: str) -> Made | None:
        """When the result was made that has this digest; None when nobody knows."""
        return self._made.get(mark)

    def _add(self, build: JudgedBuild) -> None:
        """Keys count without what the engine answered, as do those of the build that is predicted."""
        record, settled = build.record, Settled(record=build.record, keys=build.keys)
        same = suppose(record, ())
        marks = self.stored.add(replace(build, record=same.record, keys=settled.keys_of(same)))
        began_s = datetime.fromisoformat(record.recorded_at).timestamp()
        for step in record.steps:
            if step.status is StepStatus.MISS and step.seconds is not None and not step.error:
                self._seconds.setdefault(_name_of(step), step.seconds)
            mark = marks[step.index].whole if step.index in marks else None
            if mark is not None and step.status in (StepStatus.HIT, StepStatus.MISS):
                self._date(mark, began_s, built=step.status is StepStatus.MISS)

    def _date(self, mark: str, at_s: float, *, built: bool) -> None:
        """The newest build that made it counts; those that only reused it before say that it was there."""
        known = self._made.get(mark)
        if known is None or not known.exact:
            self._made[mark] = Made(at_s=at_s, exact=built)


def _name_of(step: StepRecord) -> tuple[str, str, str]:
    return step.stage_name or str(step.stage), step.platform, step.instruction
