"""A cause rule, and what it says about a site: a finding, before it is proven."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.compare.copied import copied_sources
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.compare.judgedbuilds import NO_KEY, JudgedBuild, StepView, names_of
from layerfork.diagnose.compare.sites import Site
from layerfork.diagnose.compare.stepwalk import Comparison
from layerfork.record.answer import Cause, Fix, Treatment, Way
from layerfork.record.cause import CauseCode
from layerfork.record.change import Change
from layerfork.record.record import StepRecord, StepStatus

if TYPE_CHECKING:
    from layerfork.diagnose.causes.material import Material


class Strength(StrEnum):
    """What a claim rests on, hence how it can be proven."""

    KEYS = "keys"
    """Differing key parts: proven when they are all there is and the engine agrees."""
    RECORDS = "records"
    """The records alone prove it (two builders, a build that was asked not to use the cache)."""
    GUESS = "guess"
    """A likely reason that the records cannot prove."""
    NONE = "none"
    """No reason was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One claim of one rule."""

    code: CauseCode
    path: str = ""
    field: str = ""
    writer: str = ""
    """The writer's value as people read it."""
    reader: str = ""
    detail: str = ""
    """What its sentence needs and no other field holds."""
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    """Where that of the rule does not fit."""
    more: int = 0
    """How many further paths differ in the same way."""
    claims: tuple[Difference, ...] = ()
    """The differences that this claim explains; no later rule claims them."""
    shared: tuple[Difference, ...] = ()
    """Differences that this claim, or a later rule's, may explain; weighing decides which one is needed."""
    strength: Strength = Strength.KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything a rule may look at: two builds and one site."""

    comparison: Comparison
    site: Site

    @property
    def writer(self) -> JudgedBuild:
        return self.comparison.writer

    @property
    def reader(self) -> JudgedBuild:
        return self.comparison.reader

    @property
    def writer_name(self) -> str:
        return names_of(self.writer, self.reader)[0]

    @property
    def reader_name(self) -> str:
        return names_of(self.writer, self.reader)[1]

    def side_lines(self, label: str, writer: str, reader: str) -> tuple[str, ...]:
        """Evidence with a line for each build, the reader's first: ``builder, ci: classic``."""
        return f"{label}, {self.reader_name}: {reader}", f"{label}, {self.writer_name}: {writer}"

    def both_sides(self, label: str, writer: str, reader: str) -> str:
        """One line of evidence for both builds: ``mode of a: ci 0644, laptop 0755``."""
        return f"{label}: {self.reader_name} {reader}, {self.writer_name} {writer}"

    @property
    def reader_view(self) -> StepView:
        view = self.comparison.reader_views.get(self.site.step, NO_STEP)
        return view if self.site.reader_key is None else replace(view, key=self.site.reader_key)

    @property
    def writer_view(self) -> StepView:
        return self.comparison.writer_at(self.site.writer_step) or NO_STEP

    @property
    def reads_elsewhere(self) -> bool:
        """The builder printed other sources for the same text: BuildKit's keys hold less than whole paths."""
        if not self.site.same_text or self.site.writer_step is None:
            return False
        writer, reader = self.writer_view.step.instruction, self.reader_view.step.instruction
        return copied_sources(writer) != copied_sources(reader)


NO_STEP = StepView(
    step=StepRecord(index=0, instruction="", status=StepStatus.UNKNOWN), key=NO_KEY, parents=()
)
"""In place of a step that one side does not have."""


Find = Callable[[Case, tuple[Difference, ...]], Iterator[Finding]]
"""Looks at a case and the differences that no earlier rule has claimed."""


REARRANGE = Treatment(way=Way.REBUILD, edits=True)
LEAVE_OUT = Treatment(way=Way.REBUILD, edits=True)
NORMALISE = Treatment(way=Way.RESTORE)
ASK = Treatment(way=Way.RESTORE, by_hand=True, builds=True)

Undo = Callable[["Material", Finding], tuple[Change, ...]]
"""The changes that would undo a claim; none when nothing in the records stands for it. Raises:
UnappliableError when it is known that none can be made."""


Say = Callable[[Scene, Cause], str]
"""What a cause blames, to follow ``missed:``."""


class PatternFix(NamedTuple):
    """A fix that follows a pattern."""

    pattern: str
    """The pattern's code."""
    fix: Fix


FixOf = Callable[[Scene, Cause], Fix | PatternFix]
"""One thing to do about a cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseRule:
    """One cause: how it is found, what would undo it, how it is said, and what to do about it."""

    code: CauseCode
    find: Find
    undo: Undo | None = None
    """None for causes that the records prove by themselves, or that nothing can prove."""
    say: Say
    remedy: str
    """What to do about it in general, where only the cause is known."""
    fix: FixOf | None = None
    """What to do about it in the case at hand; None where nothing better than the remedy is known."""
    treatment: Treatment | None = None
    """How the fix is tried; None where it is no remedy."""
