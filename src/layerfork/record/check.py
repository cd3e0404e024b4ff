"""The result of `layerfork check`: whether a build reuses what it must, and what it does not."""

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
    """A step that was built again although no known difference between the builds explains it."""

    build: str
    """As in `DiffReport`."""
    place: str
    """``Dockerfile:8``; ``step 3`` where the line is unknown."""
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """Everything that `layerfork check` reports."""

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
    """The relays with all forks, allowed or not."""
    steps: int = 0
    """Steps that a cache can hold, of all builds that were judged: with clients, of all but the first."""
    rebuilt: int = 0
    """Steps that were built again and were not allowed to be."""
    allowed: int = 0
    """Steps that were built again and were allowed to be."""
    open: int = 0
    """Later steps that build on those of `rebuilt`; it is unknown whether they were reused."""
    allowed_answers: tuple[Answer, ...] = ()
    """One for each fork that was allowed."""
    unexplained: tuple[UnexplainedStep, ...] = ()
    seconds_lost: float | None = None
    """The duration of the steps of `rebuilt`; None when the duration of some is unknown."""
    max_lost_s: float | None = None
    """How many seconds may be lost; None when every step counts."""
    problems: tuple[str, ...] = ()
    """Why there is no result, or only part of one, a line each: the check cannot pass."""
    notes: tuple[str, ...] = ()
    """What was not checked, and need not be, a line each."""
    hints: tuple[str, ...] = ()
    """What may be done although the check passed, a line each."""

    @property
    def too_slow(self) -> bool:
        """More was lost than the limit allows, or it is unknown how much."""
        if not self.rebuilt:
            return False
        if self.max_lost_s is None or self.seconds_lost is None:
            return True
        return not self.seconds_lost <= self.max_lost_s  # so that not-a-number allows nothing

    @property
    def blamed(self) -> tuple[DiffReport, ...]:
        """The builds, without their forks where the loss is within the limit."""
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
