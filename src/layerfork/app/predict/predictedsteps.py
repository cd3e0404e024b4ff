"""Describes each step of a predicted build: reused, missed or unknown, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from layerfork.app.predict.earlierbuilds import CreatedAt, EarlierBuilds, times_of_images
from layerfork.diagnose.cachelookup import CacheLookup, Reuse
from layerfork.dockerfile import Instruction, keyword_of
from layerfork.hypothesis.steps import instructions_of
from layerfork.record.answer import Cause, Fork
from layerfork.record.build import Builder
from layerfork.record.prediction import PredictedStatus, PredictedStep
from layerfork.record.record import BuildRecord, StepRecord

_NAMES = {Builder.CLASSIC: "the classic builder", Builder.BUILDKIT: "BuildKit", Builder.BUILDAH: "buildah"}


@dataclass(frozen=True, kw_only=True)
class PredictedSteps:
    """A predicted build, step by step."""

    record: BuildRecord
    """The hypothetical one, with what its steps will take."""
    lookups: Mapping[int, CacheLookup]
    forks: Sequence[Fork]
    always: frozenset[int]
    """Steps that have no cache of their own."""
    other_cache: str
    """Why nothing can be found at all; empty when something can."""
    earlier_builds: EarlierBuilds
    now_s: float
    """Seconds since 1970."""

    def all(self) -> Iterator[PredictedStep]:
        """In their order."""
        for step in self.record.steps:
            written = self._written(step)
            made = self._made(step)
            yield PredictedStep(
                index=step.index,
                line=_line_of(step, written),
                stage=step.stage_name,
                platform=step.platform,
                instruction=_as_written(step, written),
                prediction=self._forecast(step),
                reason=self._reason(step),
                causes=self._causes(step),
                seconds=step.seconds,
                age_s=self.now_s - made.at_s if made is not None else None,
                age_is_least=made is not None and not made.exact,
            )

    def _written(self, step: StepRecord) -> Instruction | None:
        return self._instructions.get(step.index)

    @cached_property
    def _instructions(self) -> Mapping[int, Instruction]:
        return instructions_of(self.record)

    def _place(self, index: int) -> str:
        """``line 6``; ``step 5`` where the line is unknown."""
        step = next(each for each in self.record.steps if each.index == index)
        line = _line_of(step, self._written(step))
        return f"line {line}" if line else f"step {index}"

    def _forecast(self, step: StepRecord) -> PredictedStatus:
        """A FROM has no cache of its own: engines report it as reused whatever it names."""
        reuse = self.lookups[step.index].reuse
        if reuse is Reuse.OPEN:
            return PredictedStatus.UNKNOWN
        hit = step.index in self.always or reuse is Reuse.FOUND
        return PredictedStatus.HIT if hit else PredictedStatus.MISS

    def _made(self, step: StepRecord) -> CreatedAt | None:
        lookup = self.lookups[step.index]
        if step.index in self.always:  # a FROM: how old the image is
            return self._images.get(step.index) if lookup.reuse is Reuse.FOUND else None
        return self.earlier_builds.made(lookup.mark) if lookup.mark else None

    @cached_property
    def _images(self) -> Mapping[int, CreatedAt]:
        return times_of_images(self.record)

    def _causes(self, step: StepRecord) -> tuple[Cause, ...]:
        return next((fork.causes for fork in self.forks if fork.step == step.index), ())

    def _reason(self, step: StepRecord) -> str:
        lookup = self.lookups[step.index]
        if lookup.reuse is Reuse.FOUND:
            return ""
        if step.index in self.always and lookup.reuse is Reuse.NOT_FOUND:
            return (
                "another image than before: what builds on it is built again" if not self.other_cache else ""
            )
        return self.other_cache or (
            self._why_open(lookup) if lookup.reuse is Reuse.OPEN else self._why_not_found(step, lookup)
        )

    def _why_not_found(self, step: StepRecord, lookup: CacheLookup) -> str:
        if lookup.why:
            return lookup.why
        causes = self._causes(step)
        if causes:
            return causes[0].sentence
        if lookup.above:
            return f"builds on {self._place(lookup.above)}, which misses"
        owner = next((fork.step for fork in self.forks if step.index in fork.consequences), 0)
        if owner:
            return f"for the same reason as {self._place(owner)}"
        return "no recorded build has stored it"

    def _why_open(self, lookup: CacheLookup) -> str:
        if lookup.above:
            return f"builds on {self._place(lookup.above)}, which is unknown"
        if lookup.lacks:
            return f"unknown: {', '.join(lookup.lacks)}"
        steps = {step.index: step for step in self.record.steps}
        stages = dict.fromkeys(
            steps[each].stage_name or f"stage {steps[each].stage}" for each in lookup.reads
        )
        return (
            f"unknown: {_NAMES[self.record.builder]} compares the files of {', '.join(stages)} by "
            "their content, which no record shows"
        )


def _line_of(step: StepRecord, written: Instruction | None) -> int:
    return written.first_line if written is not None else step.line


def _as_written(step: StepRecord, written: Instruction | None) -> str:
    """The instruction as the Dockerfile has it now: builders show it with variables replaced. What a FROM's
    image adds is in no Dockerfile."""
    if written is None or written.keyword != keyword_of(step.instruction):
        return step.instruction
    return written.text
