"""Whose turn it is among podman's stages.

Podman builds one stage at a time, but not always one after the other: a step that copies from a stage
which is not known to be ready lets others go on after its own line was printed. What follows an ``-->``
says nothing of its stage. Source: containers/buildah imagebuildah/executor.go:waitForStage @ v1.19.6 to
v1.43.2.
"""

from layerfork.dockerfile.gotext import lower
from layerfork.wire.printed.printed import PrintedStep, stages_read_by


class Turns:
    """The steps that were announced, the current one last, and which of them wait."""

    def __init__(self) -> None:
        self.steps: list[PrintedStep] = []
        self._reached: dict[int, list[PrintedStep]] = {}
        """The steps by which each stage came further, the last one last."""
        self._stages = 0
        self._called: dict[str, set[int]] = {}
        """Stages by what other stages may call them, in small letters."""
        self._waiting: list[PrintedStep] = []
        """Steps that let another stage go on, the last one last."""

    @property
    def current(self) -> PrintedStep:
        """The step that was spoken of last; there is one."""
        return self.steps[-1]

    def begin(self, step: PrintedStep) -> None:
        """A step is announced."""
        self.steps.append(step)
        self._stages = max(self._stages, step.stage + 1)
        reached = self._reached.setdefault(step.stage, [])
        if not reached or step.number > reached[-1].number:
            reached.append(step)
        for name in _names(step):
            self._called.setdefault(name, set()).add(step.stage)

    def take_back(self) -> PrintedStep:
        """The current step was none."""
        false = self.steps.pop()
        reached = self._reached[false.stage]
        if reached and reached[-1] is false:
            reached.pop()
        if not reached:
            del self._reached[false.stage]
            self._stages = max(self._reached, default=-1) + 1
            for name in _names(false):
                self._called[name].discard(false.stage)
        return false

    def count_stages(self) -> int:
        """One more than the highest index of a stage that has begun."""
        return self._stages

    def last_of(self, stage: int) -> PrintedStep | None:
        """The step that a stage has come to."""
        reached = self._reached.get(stage)
        return reached[-1] if reached else None

    def may_leave(self) -> bool:
        """Whether another stage may go on now: the current step ends its own, or reads of another."""
        return self.current.is_last or bool(stages_read_by(self.current))

    def waits(self, step: PrintedStep) -> bool:
        """Whether a step let another stage go on and was not spoken of since."""
        return any(step is each for each in self._waiting)

    def leave(self, stage: int) -> None:
        """Another stage goes on: the current step may wait for it, that stage's own no longer does."""
        if stages_read_by(self.current) and not self.current.done:
            self._waiting.append(self.current)
        self._waiting = [step for step in self._waiting if step.stage != stage]

    def resume(self, now: float) -> PrintedStep:
        """The step that an ``-->`` speaks of becomes the current one: the last that waits for nothing."""
        step = self.current
        unfinished = self._waiting if step.done else [*self._waiting, step]
        ready = [each for each in unfinished if not self._is_blocked(each)] or unfinished
        if not ready or ready[-1] is step:
            return step
        if not step.done:
            self._waiting.append(step)
        step.ended_at = step.ended_at or now
        resumed = ready[-1]
        self._waiting.remove(resumed)
        place = next(place for place in reversed(range(len(self.steps))) if self.steps[place] is resumed)
        self.steps.append(self.steps.pop(place))
        # What it waited for has times of its own.
        resumed.started_at, resumed.ended_at = now, None
        return resumed

    def _is_blocked(self, step: PrintedStep) -> bool:
        """The step reads a stage that has begun and is not complete."""
        read = (self._stage_called(name) for name in stages_read_by(step))
        last = [self.last_of(stage) for stage in read if stage is not None]
        return any(each is not None and not (each.is_last and each.done) for each in last)

    def _stage_called(self, name: str) -> int | None:
        stages = self._called.get(name, set())
        if len(stages) < 2:
            return next(iter(stages), None)
        return next(step.stage for step in reversed(self.steps) if step.stage in stages)


def _names(step: PrintedStep) -> tuple[str, str]:
    """What other stages may call the stage of a step."""
    return lower(step.stage_name), str(step.stage)
