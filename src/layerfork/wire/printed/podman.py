"""What podman and buildah print, told apart from what the RUN commands print between their lines.

Source: containers/buildah imagebuildah/{executor,stage_executor}.go @ v1.19.6 to v1.43.2.
"""

import re
from dataclasses import dataclass

from layerfork.dockerfile import keyword_of
from layerfork.record.record import StepStatus
from layerfork.wire.printed.printed import PrintedStep, stage_name_of
from layerfork.wire.printed.turns import Turns

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
    """From 0; None where none is printed. Numbers of stages that nobody needs are left out."""
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
