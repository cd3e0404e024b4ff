"""Builds of podman, buildah and the classic builder in a log that holds other output too."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from layerfork.record.record import StepRecord, StepStatus
from layerfork.wire.printed.classic import ClassicLog
from layerfork.wire.printed.podmanoutput import PodmanLog
from layerfork.wire.printed.step import PrintedStep, in_dockerfile_order

_ERROR = re.compile(r"^(?:Error:|error) (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedBuild:
    """What one build printed."""

    steps: tuple[StepRecord, ...] = ()
    """With seconds where each line has a time: builders print none."""
    image_id: str = ""
    """``sha256:`` and 64 digits, of a build that came to its end."""
    error: str = ""
    """The builder's last error message; empty for none."""
    whole: bool = True
    """False when the beginning is missing."""


def read_output(stdout: str, stderr: str, *, layers: bool) -> PrintedBuild:
    """Read a build's output: steps go to the standard output, errors to the other.

    ``layers`` says whether the build had a cache.
    """
    lines = [line.removesuffix("\r") for line in stdout.split("\n")]
    return _read_lines(lines, (), stderr, layers=layers)


def _read_lines(lines: Sequence[str], times: Sequence[float], stderr: str, *, layers: bool) -> PrintedBuild:
    log = PodmanLog(layers=layers)
    for line, now in zip(lines, times or repeat(0.0), strict=False):
        log.line(line, now=now)
    found = _ERROR.findall(stderr)
    error = found[-1] if found and not log.image_id else ""
    last = log.steps[-1] if log.steps else None
    if last is not None:
        _close(last, built=bool(log.image_id), failed=bool(error))
    return PrintedBuild(
        steps=tuple(
            _record(index, step, error if step is last else "", timed=bool(times))
            for index, step in enumerate(in_dockerfile_order(log.steps), 1)
        ),
        image_id=f"sha256:{log.image_id}" if log.image_id else "",
        error=error,
        whole=not log.steps or log.steps[0].number == 1,
    )


def _close(last: PrintedStep, *, built: bool, failed: bool) -> None:
    """The status of the last step of the output."""
    ran = built or (failed and not last.is_from)
    if not built:
        last.status = StepStatus.MISS if ran else StepStatus.UNKNOWN
    elif last.status is StepStatus.UNKNOWN:
        last.status = StepStatus.HIT if last.is_from else StepStatus.MISS


def _record(index: int, step: PrintedStep, error: str, *, timed: bool) -> StepRecord:
    return StepRecord(
        index=index,
        stage=step.stage,
        stage_name=step.stage_name,
        instruction=step.instruction,
        status=step.status,
        identity=step.identity,
        seconds=_seconds(step) if timed else None,
        error=error,
    )


def _seconds(step: PrintedStep) -> float | None:
    return round(max(0.0, step.ended_at - step.started_at), 3) if step.ended_at is not None else None


# Builds of podman and buildah in a log with other output.
#
# Source: containers/buildah imagebuildah/stage_executor.go and containers/podman cmd/podman @ v3.0.1 to
# v5.8.6.

MAX_BUILDS = 1000
"""Of one log; later ones are not read."""
_PODMAN_FIRST = re.compile(r"(?:\[1/[0-9]+\] )?STEP 1(?:/[0-9]+)?: (?i:from) .*")
_PODMAN_ERROR = re.compile(r"(?:Error: |ERRO.*: |error )(?P<error>(?:error )?building at STEP .*)")
_OTHER_ERROR = re.compile(r"Error: .*")


def read_podman_builds(lines: Iterable[str], times: Sequence[float] = ()) -> tuple[PrintedBuild, ...]:
    """The builds that lines show, one after the other. ``times`` are those of the lines, in seconds."""
    parts: list[_Part] = []
    log, failed = PodmanLog(layers=True), False
    for line, now in zip(lines, times or repeat(0.0), strict=False):
        ended = failed or bool(log.image_id)
        if _PODMAN_FIRST.fullmatch(line) and (not parts or ended):
            if len(parts) == MAX_BUILDS:
                break
            parts.append(_Part())
            log, failed = PodmanLog(layers=True), False
        elif not parts or ended:
            continue
        parts[-1].lines.append(line)
        parts[-1].times.append(now)
        log.line(line, now=0.0)
        failed = _PODMAN_ERROR.fullmatch(line) is not None
    return tuple(_read(part, timed=bool(times)) for part in parts)


@dataclass(slots=True)
class _Part:
    lines: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


def _read(part: _Part, *, timed: bool) -> PrintedBuild:
    errors = [line for line in part.lines if _PODMAN_ERROR.fullmatch(line)]
    errors = errors or [line for line in part.lines[-3:] if _OTHER_ERROR.fullmatch(line)]
    return _read_lines(part.lines, part.times if timed else (), "\n".join(errors[-1:]), layers=True)


# Builds of the classic builder in a log with other output.
#
# Source: docker/cli cli/command/image/build.go, cli/streams and moby/moby
# builder/dockerfile/{dispatchers,internals}.go @ v20.10.24 to v28.5.2.

"""Of one log; later ones are not read."""
_CLASSIC_FIRST = re.compile(r"Step 1/[0-9]+ : .*")
_CLASSIC_ERROR = re.compile(
    r"(?:ERROR: |Error response from daemon: )?"
    r"(?P<error>The command '.*' returned a non-zero code: [0-9]+"
    r"|(?:COPY|ADD) failed: .*|failed to [a-z]+ .*|pull access denied .*|manifest for .* not found.*)"
)


@dataclass(slots=True)
class _LogBuild:
    log: ClassicLog = field(default_factory=lambda: ClassicLog(removes_containers=True))
    error: str = ""

    @property
    def ended(self) -> bool:
        return bool(self.log.image_id or self.error)


def read_classic_builds(lines: Iterable[str], times: Sequence[float] = ()) -> tuple[PrintedBuild, ...]:
    """The builds that lines show, one after the other. ``times`` are those of the lines, in seconds."""
    found: list[_LogBuild] = []
    for line, now in zip(lines, times or repeat(0.0), strict=False):
        begins = _CLASSIC_FIRST.fullmatch(line) is not None and (not found or found[-1].ended)
        if begins and len(found) == MAX_BUILDS:
            break
        if begins:
            found.append(_LogBuild())
        elif not found or found[-1].ended:
            continue
        _take(found[-1], line, now)
    return tuple(_printed(build, timed=bool(times)) for build in found)


def _take(build: _LogBuild, line: str, now: float) -> None:
    build.log.line(line, now=now)
    if match := _CLASSIC_ERROR.fullmatch(line):
        last = build.log.steps[-1] if build.log.steps else None
        if last is not None and last.status is StepStatus.UNKNOWN:
            build.error = match["error"]


def _printed(build: _LogBuild, *, timed: bool) -> PrintedBuild:
    steps = build.log.steps
    image_id = build.log.image_id
    return PrintedBuild(
        steps=tuple(_records(in_dockerfile_order(steps), steps[-1], build.error, timed=timed)),
        image_id=f"sha256:{image_id}" if len(image_id) == 64 else image_id,
        error=build.error,
    )


def _records(
    steps: Iterable[PrintedStep], last: PrintedStep, error: str, *, timed: bool
) -> Iterator[StepRecord]:
    for index, step in enumerate(steps, 1):
        failed = error and step is last
        yield StepRecord(
            index=index,
            stage=step.stage,
            stage_name=step.stage_name,
            instruction=step.instruction,
            status=StepStatus.MISS if failed else step.status,
            identity=step.identity,
            seconds=_seconds(step) if timed else None,
            error=error if failed else "",
        )
