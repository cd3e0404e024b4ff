"""Caches that leave out the steps which take long."""

from collections.abc import Iterator

from layerfork.dockerfile import Instruction
from layerfork.lint.dockerfiles.lines import runs
from layerfork.lint.dockerfiles.opened import OpenedDockerfile
from layerfork.lint.dockerfiles.stages import chain_of, stages_of
from layerfork.lint.project import Project
from layerfork.lint.rule import Found, Rule
from layerfork.record.answer import Fix
from layerfork.record.trap import TrapCode

_CAN = frozenset({"gha", "registry", "local", "s3", "azblob"})
"""Kinds of caches that hold all steps with ``mode=max``; without it ``min`` counts.

Source: docs.docker.com build/cache/backends (mode).
"""


def find_left_out_stages(project: Project) -> Iterator[Found]:
    """An export with ``mode=min`` of a build whose result only copies from other stages."""
    opened = {each.source.path: each for each in project.dockerfiles}
    for build in project.builds:
        dockerfile = opened.get(build.dockerfile_path)
        left_out = _left_out(dockerfile, build.target) if dockerfile is not None else []
        for entry in build.writes:
            is_min = entry.attributes.get("mode", "min") == "min"
            if left_out and dockerfile is not None and entry.kind in _CAN and is_min:
                cost = (
                    f"mode=min leaves out stages that are only copied from: a fresh builder makes the "
                    f"{runs(left_out)} of {dockerfile.source.path.name} again once anything there changes"
                )
                yield Found(
                    source=build.source,
                    line=entry.line,
                    subject=build.source.at(entry.line),
                    cost=cost,
                    fix=Fix(sentence="add `mode=max`"),
                )


def _left_out(opened: OpenedDockerfile, target: str) -> list[Instruction]:
    """RUNs of stages that the result needs and is not built upon."""
    dockerfile = opened.dockerfile
    last = dockerfile.find_stage(target) if target else dockerfile.stages[-1]
    if last is None:
        return []
    own = {stage.index for stage in chain_of(dockerfile, last)}
    others = sorted(stages_of(dockerfile, target) - own)
    return [
        each for index in others for each in dockerfile.stages[index].instructions if each.keyword == "RUN"
    ]


EXPORTING = (Rule(code=TrapCode.STAGES_NOT_EXPORTED, find=find_left_out_stages),)
