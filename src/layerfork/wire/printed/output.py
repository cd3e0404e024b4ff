"""A whole output of ``podman build`` or ``buildah bud``, read after the build."""

import re
from dataclasses import dataclass

from layerfork.record.record import StepRecord, StepStatus
from layerfork.wire.printed.podman import PodmanLog
from layerfork.wire.printed.printed import PrintedStep, in_dockerfile_order

_ERROR = re.compile(r"^(?:Error:|error) (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedBuild:
    """What one build said."""

    steps: tuple[StepRecord, ...] = ()
    """Times are unknown: nobody prints them."""
    image_id: str = ""
    """``sha256:`` and 64 digits, of a build that came to its end."""
    error: str = ""
    """The builder's last message about what went wrong; empty when it said nothing of the kind."""
    whole: bool = True
    """False when the beginning is missing."""


def read_output(stdout: str, stderr: str, *, layers: bool) -> PrintedBuild:
    """Read a build's output: steps go to the standard output, errors to the other.

    ``layers`` says whether the build had a cache.
    """
    log = PodmanLog(layers=layers)
    for line in stdout.split("\n"):
        log.line(line.removesuffix("\r"), now=0.0)
    found = _ERROR.findall(stderr)
    error = found[-1] if found and not log.image_id else ""
    last = log.steps[-1] if log.steps else None
    if last is not None:
        _close(last, built=bool(log.image_id), failed=bool(error))
    return PrintedBuild(
        steps=tuple(
            _record(index, step, error if step is last else "")
            for index, step in enumerate(in_dockerfile_order(log.steps), 1)
        ),
        image_id=f"sha256:{log.image_id}" if log.image_id else "",
        error=error,
        whole=not log.steps or log.steps[0].number == 1,
    )


def _close(last: PrintedStep, *, built: bool, failed: bool) -> None:
    """What became of the step that the output ends with."""
    ran = built or (failed and not last.is_from)
    if not built:
        last.status = StepStatus.MISS if ran else StepStatus.UNKNOWN
    elif last.status is StepStatus.UNKNOWN:
        last.status = StepStatus.HIT if last.is_from else StepStatus.MISS


def _record(index: int, step: PrintedStep, error: str) -> StepRecord:
    return StepRecord(
        index=index,
        stage=step.stage,
        stage_name=step.stage_name,
        instruction=step.instruction,
        status=step.status,
        identity=step.identity,
        error=error,
    )
