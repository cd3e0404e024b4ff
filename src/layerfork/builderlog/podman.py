"""What ``podman build`` and ``buildah bud`` print, told apart from what the RUN commands print.

Source: containers/buildah imagebuildah/{executor,stage_executor}.go @ v1.19.6 to v1.43.2.
"""

import re
from dataclasses import dataclass, field, replace

from layerfork.model.record import StepRecord, StepStatus

_STEP = re.compile(r"(?:\[(?P<stage>\d+)/\d+\] )?STEP (?P<number>\d+)(?:/(?P<total>\d+))?: (?P<text>.*)")
"""1.19 prints neither stage nor total, and counts on from stage to stage."""
_CACHED = re.compile(r"--> Using cache ([0-9a-f]{12,64})")
_ID = re.compile(r"--> ([0-9a-f]{11,64})")
"""Cut to 11 digits in 1.19 and 1.28, to 12 in 1.39."""
_COMMIT = re.compile(r"(?:\[\d+/\d+\] )?(?:STEP \d+: )?COMMIT(?: \S+)?")
_IMAGE = re.compile(r"[0-9a-f]{64}")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*\S+(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_ERROR = re.compile(r"^(?:Error:|error) (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedBuild:
    """What one build said."""

    steps: tuple[StepRecord, ...] = ()
    """In the order in which they were built. Times are unknown: nobody prints them."""
    image_id: str = ""
    """``sha256:`` and 64 digits, of a build that came to its end."""
    error: str = ""
    """The builder's last words for what went wrong; empty when it said nothing of the kind."""
    whole: bool = True
    """False when the beginning is missing."""


def read_output(stdout: str, stderr: str, *, layers: bool) -> PrintedBuild:
    """Read a build's output: steps go to the standard output, errors to the other.

    ``layers`` says whether it had a cache. Without, steps have no ids and none can hit; the last step's is
    the image's.
    What a RUN command prints may look like the builder's own lines. Of ids the last one of a step counts,
    and of steps with one number.
    """
    reader = _Reader(layers=layers)
    for line in stdout.splitlines():
        reader.line(line)
    found = _ERROR.findall(stderr)
    error = found[-1] if found else ""
    steps = [printed.record(index) for index, printed in enumerate(reader.steps, 1)]
    if steps and not reader.image_id:
        ran = error and not reader.steps[-1].is_from
        status = StepStatus.MISS if ran else StepStatus.UNKNOWN
        steps[-1] = replace(steps[-1], status=status, error=error)
    return PrintedBuild(
        steps=tuple(steps),
        image_id=f"sha256:{reader.image_id}" if reader.image_id else "",
        error="" if reader.image_id else error,
        whole=not reader.steps or reader.steps[0].number == 1,
    )


@dataclass(slots=True, kw_only=True)
class _PrintedStep:
    number: int
    total: str
    text: str
    stage: int
    stage_name: str
    cached: str = ""
    shown: str = ""

    @property
    def is_from(self) -> bool:
        return _FROM.match(self.text) is not None

    def record(self, index: int) -> StepRecord:
        """As a step that was done."""
        hit = bool(self.cached) and self.cached.startswith(self.shown)
        identity = self.cached if hit else self.shown
        return StepRecord(
            index=index,
            stage=self.stage,
            stage_name=self.stage_name,
            instruction=self.text,
            status=StepStatus.HIT if hit or self.is_from else StepStatus.MISS,
            identity=f"sha256:{identity}" if len(identity) == 64 else identity,
        )


@dataclass(slots=True, kw_only=True)
class _Reader:
    layers: bool
    steps: list[_PrintedStep] = field(default_factory=list)
    image_id: str = ""
    stage: int = -1
    stage_name: str = ""
    committing: bool = False

    def line(self, line: str) -> None:
        match = _STEP.fullmatch(line)
        if _COMMIT.fullmatch(line):
            self.committing = True
        elif match is not None:
            self._step(match)
        elif not self.steps:
            return
        elif (match := _CACHED.fullmatch(line)) and self.layers:
            self.steps[-1].cached = self.steps[-1].shown = match[1]
        elif (match := _ID.fullmatch(line)) and (self.layers or self.committing):
            self.steps[-1].shown = match[1]
        elif self.committing and _IMAGE.fullmatch(line):
            self.image_id = line

    def _step(self, match: re.Match[str]) -> None:
        """A step line of the builder: numbers go up by one, or begin again with a stage."""
        number, total, text = int(match["number"]), match["total"] or "", match["text"]
        last = self.steps[-1] if self.steps else None
        origin = _FROM.match(text)
        if last is not None and (number, total) == (last.number, last.total) and not origin:
            # Only now the builder is there: the last line with this number was some command's output.
            self.steps.pop()
            if self.steps:
                self.steps[-1].cached = self.steps[-1].cached or last.cached
                self.steps[-1].shown = last.shown or self.steps[-1].shown
        elif last is not None and not _may_follow(last, number, total, is_from=origin is not None):
            return
        if origin is not None:
            self.stage = int(match["stage"] or self.stage + 2) - 1
            self.stage_name = origin[1] or ""
        self.steps.append(
            _PrintedStep(
                number=number,
                total=total,
                text=text,
                stage=max(0, self.stage),
                stage_name=self.stage_name,
            )
        )
        self.committing, self.image_id = False, ""


def _may_follow(last: _PrintedStep, number: int, total: str, is_from: bool) -> bool:
    if number == 1:
        return is_from and str(last.number) == last.total
    return (number, total) == (last.number + 1, last.total)
