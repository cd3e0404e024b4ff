"""What `layerfork check` found: whether a build reuses what it must, and what it does not."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from layerfork.record.answer import Answer
from layerfork.record.run import DiffReport, RunReport

CHECK_SCHEMA = "layerfork/check/1"


class Against(StrEnum):
    """What has to be reused."""

    AGAIN = "again"
    """What the first of two builds stored."""
    BASELINE = "baseline"
    """What a recorded build stored."""
    COLD = "cold"
    """What another engine's build exported, on a clean engine that imported it."""
    CLIENTS = "clients"
    """What other clients stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnexplainedStep:
    """A step that was built again, and no difference between the builds is known that made it so."""

    build: str
    """As in `DiffReport`."""
    place: str
    """``Dockerfile:8``; ``step 3`` where the line is unknown."""
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """Everything `layerfork check` has to say."""

    against: Against
    baseline: str = ""
    """Of `Against.BASELINE`: the file, as it was named."""
    diffs: tuple[DiffReport, ...] = ()
    """Builds and what they were compared with, with those forks that count."""
    runs: tuple[RunReport, ...] = ()
    """Of `Against.CLIENTS`: what was measured, with those forks that count."""
    all_diffs: tuple[DiffReport, ...] = ()
    """The builds with all forks, allowed or not: what pictures and pages show."""
    all_runs: tuple[RunReport, ...] = ()
    """The relays likewise."""
    steps: int = 0
    """Steps that a cache can hold, of all builds that were judged: with clients, of all but the first."""
    rebuilt: int = 0
    """Those of them that were not reused, and were not allowed to."""
    allowed: int = 0
    """Those that were not reused, and were allowed to."""
    open: int = 0
    """Further steps that build on those of `rebuilt`, of which nobody knows whether they were reused."""
    allowed_answers: tuple[Answer, ...] = ()
    """One for each fork that was allowed."""
    unexplained: tuple[UnexplainedStep, ...] = ()
    seconds_lost: float | None = None
    """What the steps of `rebuilt` took; None when that is not known of all."""
    max_lost_s: float | None = None
    """So many seconds may be lost; None when every step counts."""
    problems: tuple[str, ...] = ()
    """Why nothing can be said, or not of everything, a line each: the check cannot pass."""
    notes: tuple[str, ...] = ()
    """What was not looked at, and need not be, a line each."""
    hints: tuple[str, ...] = ()
    """What may be done although the check passed, a line each."""

    @property
    def too_slow(self) -> bool:
        """More was lost than may be lost, or nobody knows how much."""
        if not self.rebuilt:
            return False
        if self.max_lost_s is None or self.seconds_lost is None:
            return True
        return not self.seconds_lost <= self.max_lost_s  # so that not-a-number allows nothing

    @property
    def blamed(self) -> tuple[DiffReport, ...]:
        """The builds, without their forks where all that was lost may be lost."""
        return self.diffs if self.too_slow else tuple(map(_calm, self.diffs))

    @property
    def blamed_runs(self) -> tuple[RunReport, ...]:
        """The relays, as `blamed`."""
        return self.runs if self.too_slow else tuple(map(_calm, self.runs))

    @property
    def passed(self) -> bool:
        """Something was checked, and all of it is as it must be."""
        return not (self.problems or self.too_slow)


Judged = TypeVar("Judged", DiffReport, RunReport)


def _calm(report: Judged) -> Judged:
    return replace(report, judgement=replace(report.judgement, forks=()), answers=())
