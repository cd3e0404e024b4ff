"""The steps that a builder prints, told apart from what the RUN commands print between them.

Source: moby/moby builder/dockerfile/{evaluator,dispatchers,internals}.go @ v26.1.5, the same lines
from 17.12 to 29; containers/buildah imagebuildah/{executor,stage_executor}.go @ v1.39.3.

Podman builds one stage at a time, but not always one after the other: a step that copies from a stage
which is not known to be ready lets others go on after its own line was printed. What follows an ``-->``
says nothing of its stage. Source: containers/buildah imagebuildah/executor.go:waitForStage @ v1.19.6 to
v1.43.2.
"""

import re
from dataclasses import dataclass

from layerfork.model.record import StepStatus

_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.DOTALL)
_PODMAN_STEP = re.compile(r"(?:\[(\d+)/\d+\] )?STEP (\d+)(?:/(\d+))?: (.*)", re.DOTALL)
"""buildah 1.19 prints neither stage nor total, and the commit as a last step."""
_ID = re.compile(r" ---> ([0-9a-f]{12,64})?")
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]+)")
_REMOVED = re.compile(r"(?: ---> Removed|Removing) intermediate container ([0-9a-f]+)")
_PODMAN_CACHED = re.compile(r"--> Using cache ([0-9a-f]{12,64})")
_PODMAN_ID = re.compile(r"--> ([0-9a-f]{11,64})")
_BUILT = re.compile(r"Successfully built ([0-9a-f]{12,64})")
_TAGGED = re.compile(r"Successfully tagged (\S+)")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*\S+(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_READS_STAGE = re.compile(r"[-,\s]from=([^\s,]+)")
_BEFORE_FROM = re.compile(r"ARG\s", re.IGNORECASE)
_USING_CACHE = " ---> Using cache"


@dataclass(slots=True)
class PrintedStep:
    """One step as far as it was printed."""

    number: int
    """As printed; podman starts again in each stage."""
    total: int
    instruction: str
    stage: int
    stage_name: str
    started_at: float
    status: StepStatus = StepStatus.UNKNOWN
    image_id: str = ""
    ended_at: float | None = None
    done: bool = False
    """Podman printed the image after it."""

    @property
    def is_last(self) -> bool:
        return self.number == self.total

    @property
    def reads_stage(self) -> str:
        """Name or number of a stage (or an image) whose files the step reads; empty without."""
        match = _READS_STAGE.search(self.instruction)
        return match[1].lower() if match is not None else ""

    @property
    def is_from(self) -> bool:
        return _FROM.match(self.instruction) is not None


def _number(step: PrintedStep) -> int:
    return step.number


class StepTracker:
    """Fed each printed line, keeps the steps."""

    def __init__(self, *, removes_containers: bool) -> None:
        """``removes_containers``: the builder announces when a step's container is gone (``rm=1``)."""
        self.steps: list[PrintedStep] = []
        self.image_id = ""
        """Of ``Successfully built``: full or 12 digits."""
        self.tagged: list[str] = []
        self._removes_containers = removes_containers
        self._running = ""
        self._podman = False
        self._stage = -1
        self._stage_name = ""
        self._waiting: list[PrintedStep] = []
        """Podman's steps that let another stage go on, the last one last."""

    @property
    def current(self) -> PrintedStep | None:
        """The step that is being built, or was the last."""
        return self.steps[-1] if self.steps else None

    def line(self, text: str, now: float) -> None:
        """One message of the stream, without its line end."""
        if not self.steps:
            self._first_step(text, now)
        elif self._podman:
            self._podman_line(text, now)
        else:
            self._docker_line(text, now)

    def finish(self, now: float) -> None:
        """The answer ended."""
        if self.steps and self.steps[-1].ended_at is None:
            self.steps[-1].ended_at = now

    def full_id(self, image_id: str) -> None:
        """The engine named an image in full: steps show only 12 digits."""
        bare = image_id.removeprefix("sha256:")
        for step in self.steps:
            if step.image_id and bare.startswith(step.image_id):
                step.image_id = bare

    def _first_step(self, text: str, now: float) -> None:
        if match := _STEP.fullmatch(text):
            self._begin(int(match[1]), int(match[2]), match[3], now)
        elif match := _PODMAN_STEP.fullmatch(text):
            self._podman = True
            self._begin(int(match[2]), int(match[3] or 0), match[4], now, match[1])

    def _docker_line(self, text: str, now: float) -> None:
        step = self.steps[-1]
        if match := _RUNNING.fullmatch(text):
            self._running = self._running or match[1]
        elif match := _REMOVED.fullmatch(text):
            if match[1] == self._running:
                self._running = ""
        elif match := _ID.fullmatch(text):
            self._set_id(step, match[1] or "")
            if not self._removes_containers:
                self._running = ""
        elif self._running:
            return  # the command's own output, whatever it looks like
        elif text == _USING_CACHE and not step.image_id:
            step.status = StepStatus.HIT
        elif match := _STEP.fullmatch(text):
            if self._may_follow(step, int(match[1]), int(match[2])):
                self._begin(int(match[1]), int(match[2]), match[3], now)
        else:
            self._ending(text, step, now)

    def _may_follow(self, step: PrintedStep, number: int, total: int) -> bool:
        done = step.status is not StepStatus.UNKNOWN
        return done and number == step.number + 1 and total == step.total

    def _podman_line(self, text: str, now: float) -> None:
        if match := _PODMAN_STEP.fullmatch(text):
            self._podman_step(match, now)
        elif match := _PODMAN_CACHED.fullmatch(text):
            step = self._resumed(now)
            step.status, step.image_id = StepStatus.HIT, match[1]
        elif match := _PODMAN_ID.fullmatch(text):
            step = self._resumed(now)
            if step.status is StepStatus.UNKNOWN:
                step.status = StepStatus.MISS
            if not step.image_id.startswith(match[1]):
                step.image_id = match[1]
            step.done = True
        else:
            self._ending(text, self.steps[-1], now)

    def _podman_step(self, match: re.Match[str], now: float) -> None:
        """Numbers go up by one in each stage; another stage comes when one is complete or waits."""
        step, number, total = self.steps[-1], int(match[2]), int(match[3] or 0)
        if not total and match[4].startswith("COMMIT"):
            return
        last = step
        if match[1] is not None and int(match[1]) != step.stage + 1:
            if not (step.is_last or step.reads_stage):
                return
            last = self._last_of(int(match[1]) - 1) or PrintedStep(0, total, "", 0, "", now)
        if (number, total) != (last.number + 1, last.total):
            return
        if last is not step and not (step.done or step.is_from):
            self._waiting.append(step)
        self._waiting = [each for each in self._waiting if each is not last]
        self._begin(number, total, match[4], now, match[1])

    def _resumed(self, now: float) -> PrintedStep:
        """The step that an ``-->`` speaks of becomes the current one: the last that waits for nothing."""
        step = self.steps[-1]
        open_ = [*self._waiting, *(() if step.done else (step,))]
        ready = [each for each in open_ if not self._is_blocked(each)] or open_
        if ready and ready[-1] is not step:
            if not step.done:
                self._waiting.append(step)
            step.ended_at = step.ended_at or now
            step = ready[-1]
            self._waiting = [each for each in self._waiting if each is not step]
            self.steps.remove(step)
            self.steps.append(step)
            # What it waited for has times of its own.
            step.started_at, step.ended_at = now, None
            self._stage, self._stage_name = step.stage, step.stage_name
        return step

    def _is_blocked(self, step: PrintedStep) -> bool:
        """The step reads a stage that has begun and is not complete."""
        source = step.reads_stage
        names = [each.stage for each in self.steps if source in (each.stage_name.lower(), str(each.stage))]
        last = self._last_of(names[-1]) if source and names else None
        return last is not None and not (last.is_last and last.done)

    def _last_of(self, stage: int) -> PrintedStep | None:
        return max((each for each in self.steps if each.stage == stage), key=_number, default=None)

    def _ending(self, text: str, step: PrintedStep, now: float) -> None:
        if match := _BUILT.fullmatch(text):
            self.image_id = match[1]
            step.ended_at = step.ended_at or now
        elif match := _TAGGED.fullmatch(text):
            self.tagged.append(match[1])

    def _set_id(self, step: PrintedStep, image_id: str) -> None:
        """The image after the step. With none of its own (``FROM scratch``) it is empty."""
        step.image_id = image_id
        if step.status is StepStatus.UNKNOWN:
            step.status = StepStatus.HIT if step.is_from else StepStatus.MISS

    def _begin(self, number: int, total: int, instruction: str, now: float, stage: str | None = None) -> None:
        """``stage`` is its number where the builder prints one: it leaves out stages that nobody needs."""
        self.finish(now)
        self._running = ""
        match = _FROM.match(instruction)
        if stage is not None and match is None:
            self._stage = int(stage) - 1
            self._stage_name = next((s.stage_name for s in self.steps if s.stage == self._stage), "")
        elif match is not None:
            self._stage = int(stage) - 1 if stage else self._stage + 1
            self._stage_name = match[1] or ""
        step = PrintedStep(
            number=number,
            total=total,
            instruction=instruction,
            stage=max(0, self._stage),
            stage_name=self._stage_name,
            started_at=now,
        )
        if match is not None and self._podman:
            step.status = StepStatus.HIT
        if self._stage < 0 and _BEFORE_FROM.match(instruction):
            step.status = StepStatus.HIT
        self.steps.append(step)
