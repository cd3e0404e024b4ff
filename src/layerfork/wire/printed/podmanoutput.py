"""What podman and buildah print, apart from what their RUN commands print."""

import re
from dataclasses import dataclass

from layerfork.dockerfile import keyword_of
from layerfork.dockerfile.gotext import lower
from layerfork.record.record import StepStatus
from layerfork.wire.printed.step import PrintedStep, stage_name_of, stages_read_by

# Which stage each of podman's lines belongs to.
#
# Podman builds one stage at a time, but not always one after the other: a step that copies from a stage
# which is not known to be ready lets others go on after its own line was printed. What follows an ``-->``
# says nothing of its stage. Source: containers/buildah imagebuildah/executor.go:waitForStage @ v1.19.6 to
# v1.43.2.


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


# Source: containers/buildah imagebuildah/{executor,stage_executor}.go @ v1.19.6 to v1.43.2.

_STEP = re.compile(
    r"(?:\[(?P<stage>\d{1,9})/\d{1,9}\] )?STEP (?P<number>\d{1,9})(?:/(?P<total>\d{1,9}))?: (?P<text>.*)",
    re.DOTALL,
)
"""1.19 prints neither stage nor total, and counts on from stage to stage."""
_CACHED = re.compile(r"--> Using cache ([0-9a-f]{12,64})")
_ID = re.compile(r"--> ([0-9a-f]{11,64})")
"""Cut to 11 digits in 1.19 and 1.28, to 12 in 1.39."""
_COMMIT = re.compile(r"(?:\[\d+/\d+\] )?(?:STEP \d+: )?COMMIT(?: \S+)?")
_IMAGE = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announcement:
    """A line that begins a step."""

    stage: int | None
    """From 0; None where none is printed. Numbers of stages that the target does not need are left out."""
    number: int
    total: int
    text: str

    @property
    def is_from(self) -> bool:
        return keyword_of(self.text) == "FROM"


class PodmanLog:
    """Fed each printed line, keeps the steps.

    What a RUN command prints may look like the builder's own lines. Of ids the last one of a step counts,
    and of steps with one number.
    """

    def __init__(self, *, layers: bool) -> None:
        """``layers`` says whether the build has a cache. Without, steps have no ids and none can hit; the
        last step's is the image's."""
        self.image_id = ""
        """64 digits, of a build that came to its end."""
        self._layers = layers
        self._turns = Turns()
        self._committing = False

    @property
    def steps(self) -> list[PrintedStep]:
        """In the order in which they were spoken of last."""
        return self._turns.steps

    def begins(self, text: str) -> bool:
        """Whether a line is this builder's first step."""
        return _STEP.fullmatch(text) is not None

    def line(self, text: str, now: float) -> None:
        """One printed line, without its line end."""
        if _COMMIT.fullmatch(text):
            self._committing = True
        elif match := _STEP.fullmatch(text):
            self._announced(_read(match), now)
        elif not self.steps:
            return
        elif (match := _CACHED.fullmatch(text)) and self._layers:
            step = self._turns.resume(now)
            step.cached_id = match[1]
            _set_id(step, match[1])
        elif (match := _ID.fullmatch(text)) and (self._layers or self._committing):
            step = self._turns.resume(now)
            step.done = True
            _set_id(step, match[1])
        elif _IMAGE.fullmatch(text) and (self._committing or self._is_result(text)):
            self.image_id = text
            self.finish(now)

    def finish(self, now: float) -> None:
        """The output ended. What was committed holds every step."""
        for step in self.steps if self._committing else ():
            _end(step)
        if self.steps and self.steps[-1].ended_at is None:
            self.steps[-1].ended_at = now

    def _is_result(self, image_id: str) -> bool:
        """Whether an id is that of the last step: what is cached and gets no name is not committed."""
        last = self._turns.current
        return last.is_last and last.done and bool(last.image_id) and image_id.startswith(last.image_id)

    def _announced(self, line: _Announcement, now: float) -> None:
        """Numbers go up by one in each stage; another stage comes when one is complete or waits."""
        if self.steps and self._is_printed_again(line):
            self._take_back()
        elif self.steps and not self._go_on(line):
            return
        self._begin(line, now)

    def _is_printed_again(self, line: _Announcement) -> bool:
        """Only now the builder is there: the last line with this number was some command's output."""
        last = self._turns.current
        same_stage = line.stage in (None, last.stage)
        return same_stage and (line.number, line.total) == (last.number, last.total) and not line.is_from

    def _take_back(self) -> None:
        """Forget the current step; what was printed under it belongs to the one before."""
        false = self._turns.take_back()
        if self.steps and false.image_id:
            step = self.steps[-1]
            step.cached_id = step.cached_id or false.cached_id
            step.done = step.done or false.done
            _set_id(step, false.image_id)

    def _go_on(self, line: _Announcement) -> bool:
        """End what came before a step, unless the step cannot come now."""
        last = self._turns.current
        if line.stage in (None, last.stage):
            before = None if line.number == 1 and last.is_last else last
        elif not self._turns.may_leave():
            return False
        else:
            before = self._turns.last_of(line.stage)
        if not _follows(line, before):
            return False
        if line.stage not in (None, last.stage):
            self._turns.leave(line.stage)
        for step in (last, before):
            if step is not None and not self._turns.waits(step):
                _end(step)
        return True

    def _begin(self, line: _Announcement, now: float) -> None:
        self.finish(now)
        self._committing, self.image_id = False, ""
        stage, name = self._stage_of(line)
        self._turns.begin(
            PrintedStep(
                number=line.number,
                total=line.total,
                instruction=line.text,
                stage=stage,
                stage_name=name,
                started_at=now,
            )
        )

    def _stage_of(self, line: _Announcement) -> tuple[int, str]:
        """Index and name of the stage in which a step is."""
        if line.is_from:
            begun = self._turns.count_stages()
            return begun if line.stage is None else line.stage, stage_name_of(line.text)
        stage = line.stage if line.stage is not None else self.steps[-1].stage if self.steps else 0
        last = self._turns.last_of(stage)
        return stage, last.stage_name if last is not None else ""


def _read(match: re.Match[str]) -> _Announcement:
    return _Announcement(
        stage=int(match["stage"]) - 1 if match["stage"] else None,
        number=int(match["number"]),
        total=int(match["total"] or 0),
        text=match["text"],
    )


def _follows(line: _Announcement, before: PrintedStep | None) -> bool:
    if before is None:
        return line.number == 1 and line.is_from
    return (line.number, line.total) == (before.number + 1, before.total)


def _set_id(step: PrintedStep, image_id: str) -> None:
    """The image after the step: a hit if it is the one that the cache gave."""
    hit = bool(step.cached_id) and step.cached_id.startswith(image_id)
    step.image_id = step.cached_id if hit else image_id
    step.status = StepStatus.HIT if hit or step.is_from else StepStatus.MISS


def _end(step: PrintedStep) -> None:
    """Another step began: without a word to the contrary this one was run; a FROM has nothing to run."""
    if step.status is StepStatus.UNKNOWN:
        step.status = StepStatus.HIT if step.is_from else StepStatus.MISS
