"""Builds of the classic builder in a log that holds whatever else was printed there.

Source: docker/cli cli/command/image/build.go, cli/streams and moby/moby
builder/dockerfile/{dispatchers,internals}.go @ v20.10.24 to v28.5.2.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from layerfork.record.record import StepRecord, StepStatus
from layerfork.wire.printed.classic import ClassicLog
from layerfork.wire.printed.output import PrintedBuild
from layerfork.wire.printed.printed import PrintedStep, in_dockerfile_order

MAX_BUILDS = 1000
"""Of one log; later ones are not read."""
_FIRST = re.compile(r"Step 1/[0-9]+ : .*")
_ERROR = re.compile(
    r"(?:ERROR: |Error response from daemon: )?"
    r"(?P<error>The command '.*' returned a non-zero code: [0-9]+"
    r"|(?:COPY|ADD) failed: .*|failed to [a-z]+ .*|pull access denied .*|manifest for .* not found.*)"
)


@dataclass(slots=True)
class _Build:
    log: ClassicLog = field(default_factory=lambda: ClassicLog(removes_containers=True))
    error: str = ""

    @property
    def ended(self) -> bool:
        return bool(self.log.image_id or self.error)


def read_classic_builds(lines: Iterable[str]) -> tuple[PrintedBuild, ...]:
    """The builds that lines show, one after the other."""
    found: list[_Build] = []
    for line in lines:
        begins = _FIRST.fullmatch(line) is not None and (not found or found[-1].ended)
        if begins and len(found) == MAX_BUILDS:
            break
        if begins:
            found.append(_Build())
        elif not found or found[-1].ended:
            continue
        _take(found[-1], line)
    return tuple(_printed(build) for build in found)


def _take(build: _Build, line: str) -> None:
    build.log.line(line, now=0.0)
    if match := _ERROR.fullmatch(line):
        last = build.log.steps[-1] if build.log.steps else None
        if last is not None and last.status is StepStatus.UNKNOWN:
            build.error = match["error"]


def _printed(build: _Build) -> PrintedBuild:
    steps = build.log.steps
    image_id = build.log.image_id
    return PrintedBuild(
        steps=tuple(_records(in_dockerfile_order(steps), steps[-1], build.error)),
        image_id=f"sha256:{image_id}" if len(image_id) == 64 else image_id,
        error=build.error,
    )


def _records(steps: Iterable[PrintedStep], last: PrintedStep, error: str) -> Iterator[StepRecord]:
    for index, step in enumerate(steps, 1):
        failed = error and step is last
        yield StepRecord(
            index=index,
            stage=step.stage,
            stage_name=step.stage_name,
            instruction=step.instruction,
            status=StepStatus.MISS if failed else step.status,
            identity=step.identity,
            error=error if failed else "",
        )
