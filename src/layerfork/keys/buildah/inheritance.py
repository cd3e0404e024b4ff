"""ARG lines that a stage takes over from the stage that its FROM names, as written.

Their defaults are expanded with the global arguments and the defaults before them alone: neither ENV nor what
the request gives counts, and a line without a default makes its name empty there.
Source: openshift/imagebuilder builder.go:NewStages @ v1.2.16, which buildah has since v1.41.0. Measured with
podman 5.4.2 (none) and 5.8.6.
"""

import contextlib
from collections.abc import Iterator, Mapping

from layerfork.dockerfile import BadSubstitutionError, Dockerfile, Instruction
from layerfork.dockerfile.instruction import Stage
from layerfork.keys.buildah.expansion import expand

Line = tuple[str, str | None]
"""Name and default of an ARG line."""


def inherited_lines(dockerfile: Dockerfile, outer: Mapping[str, str]) -> dict[int, tuple[Line, ...]]:
    """What each stage takes over, by stage index; ``outer`` holds the global arguments."""
    passed_on: dict[str, tuple[Line, ...]] = {}
    found: dict[int, tuple[Line, ...]] = {}
    for stage in dockerfile.stages:
        found[stage.index] = passed_on.get(stage.base, ())
        lines = (*found[stage.index], *_own_lines(stage, dict(outer)))
        passed_on[str(stage.index)] = lines
        if stage.name:
            passed_on[_written_name(stage.origin)] = lines
    return found


def _own_lines(stage: Stage, values: dict[str, str]) -> Iterator[Line]:
    for instruction in stage.instructions:
        for name, default in instruction.pairs if instruction.keyword == "ARG" else ():
            value = default
            with contextlib.suppress(BadSubstitutionError):
                value = None if default is None else expand(default, values).text
            values[name] = value or ""
            yield name, value


def _written_name(origin: Instruction) -> str:
    return origin.arguments[-1]
