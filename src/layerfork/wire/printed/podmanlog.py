"""Builds of podman and buildah in a log that holds whatever else was printed there.

Source: containers/buildah imagebuildah/stage_executor.go and containers/podman cmd/podman @ v3.0.1 to v5.8.6.
"""

import re
from collections.abc import Iterable

from layerfork.wire.printed.output import PrintedBuild, read_output
from layerfork.wire.printed.podman import PodmanLog

MAX_BUILDS = 1000
"""Of one log; later ones are not read."""
_FIRST = re.compile(r"(?:\[1/[0-9]+\] )?STEP 1(?:/[0-9]+)?: (?i:from) .*")
_ERROR = re.compile(r"(?:Error: |ERRO.*: |error )(?P<error>(?:error )?building at STEP .*)")
_OTHER_ERROR = re.compile(r"Error: .*")


def read_podman_builds(lines: Iterable[str]) -> tuple[PrintedBuild, ...]:
    """The builds that lines show, one after the other."""
    parts: list[list[str]] = []
    log, failed = PodmanLog(layers=True), False
    for line in lines:
        ended = failed or bool(log.image_id)
        if _FIRST.fullmatch(line) and (not parts or ended):
            if len(parts) == MAX_BUILDS:
                break
            parts.append([])
            log, failed = PodmanLog(layers=True), False
        elif not parts or ended:
            continue
        parts[-1].append(line)
        log.line(line, now=0.0)
        failed = _ERROR.fullmatch(line) is not None
    return tuple(_read(part) for part in parts)


def _read(part: list[str]) -> PrintedBuild:
    errors = [line for line in part if _ERROR.fullmatch(line)]
    errors = errors or [line for line in part[-3:] if _OTHER_ERROR.fullmatch(line)]
    return read_output("\n".join(part), "\n".join(errors[-1:]), layers=True)
