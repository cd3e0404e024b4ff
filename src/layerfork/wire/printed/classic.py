"""What the classic builder prints, separated from what the RUN commands print between its lines.

Source: moby/moby builder/dockerfile/{evaluator,dispatchers,internals}.go @ v26.1.5, the same lines
from 17.12 to 29.
"""

import re

from layerfork.dockerfile import keyword_of
from layerfork.record.record import StepStatus
from layerfork.wire.printed.step import PrintedStep, stage_name_of

_STEP = re.compile(r"Step (\d{1,9})/(\d{1,9}) : (.*)", re.DOTALL)
_ID = re.compile(r" ---> ([0-9a-f]{12,64})?")
_RUNNING = re.compile(r" ---> Running in ([0-9a-f]+)")
_REMOVED = re.compile(r"(?: ---> Removed|Removing) intermediate container ([0-9a-f]+)")
_BUILT = re.compile(r"Successfully built ([0-9a-f]{12,64})")
_USING_CACHE = " ---> Using cache"


class ClassicLog:
    """Keeps the steps of the printed lines that it is fed."""

    def __init__(self, *, removes_containers: bool) -> None:
        """``removes_containers``: the builder announces when a step's container is gone (``rm=1``)."""
        self.steps: list[PrintedStep] = []
        self.image_id = ""
        """Of ``Successfully built``: full or 12 digits."""
        self._removes_containers = removes_containers
        self._running = ""
        self._stage = -1
        self._stage_name = ""

    def begins(self, text: str) -> bool:
        """Whether a line is this builder's first step."""
        return _STEP.fullmatch(text) is not None

    def line(self, text: str, now: float) -> None:
        """One message of the stream, without its line end."""
        if self.steps:
            self._line(self.steps[-1], text, now)
        elif match := _STEP.fullmatch(text):
            self._begin(int(match[1]), int(match[2]), match[3], now)

    def finish(self, now: float) -> None:
        """The answer ended."""
        if self.steps and self.steps[-1].ended_at is None:
            self.steps[-1].ended_at = now

    def _line(self, step: PrintedStep, text: str, now: float) -> None:
        if match := _RUNNING.fullmatch(text):
            self._running = self._running or match[1]
        elif match := _REMOVED.fullmatch(text):
            if match[1] == self._running:
                self._running = ""
        elif match := _ID.fullmatch(text):
            _set_id(step, match[1] or "")
            if not self._removes_containers:
                self._running = ""
        elif not self._running:  # else it is the command's own output, whatever it looks like
            self._between_commands(step, text, now)

    def _between_commands(self, step: PrintedStep, text: str, now: float) -> None:
        if text == _USING_CACHE and not step.image_id:
            step.status = StepStatus.HIT
        elif match := _STEP.fullmatch(text):
            number, total = int(match[1]), int(match[2])
            if step.status is not StepStatus.UNKNOWN and (number, total) == (step.number + 1, step.total):
                self._begin(number, total, match[3], now)
        elif match := _BUILT.fullmatch(text):
            self.image_id = match[1]
            step.ended_at = step.ended_at or now

    def _begin(self, number: int, total: int, instruction: str, now: float) -> None:
        self.finish(now)
        self._running = ""
        keyword = keyword_of(instruction)
        if keyword == "FROM":
            self._stage += 1
            self._stage_name = stage_name_of(instruction)
        before_from = self._stage < 0 and keyword == "ARG"
        self.steps.append(
            PrintedStep(
                number=number,
                total=total,
                instruction=instruction,
                stage=max(0, self._stage),
                stage_name=self._stage_name,
                started_at=now,
                status=StepStatus.HIT if before_from else StepStatus.UNKNOWN,
            )
        )


def _set_id(step: PrintedStep, image_id: str) -> None:
    """The image after the step. With none of its own (``FROM scratch``) it is empty."""
    step.image_id = image_id
    if step.status is StepStatus.UNKNOWN:
        step.status = StepStatus.HIT if step.is_from else StepStatus.MISS
