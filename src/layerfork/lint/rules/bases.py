"""Base images that move under one name."""

import re
from collections.abc import Iterator

from layerfork.dockerfile.bases import SCRATCH, base_of
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.lint.dockerfiles.lines import found_at, runs
from layerfork.lint.project import Project
from layerfork.lint.rule import Found, Rule
from layerfork.record.answer import Fix
from layerfork.record.trap import TrapCode

_MOVING = frozenset(
    {"latest", "edge", "stable", "mainline", "testing", "unstable", "nightly", "canary", "current", "rolling"}
    | {"lts", "main", "master", "dev", "develop", "head"}
)
"""Tags that name no version, so that each release moves them."""
_OF_ONES_OWN = re.compile(r"[^/]*_[^/]*|(?:[^/]*[.-])?(?:base|local|builder)")
"""Names without a registry or owner that no official image has: images that people build here themselves."""
_REFERENCE = re.compile(r"(?P<name>(?:[^/@]+/)*[^:/@]+)(?::(?P<tag>[^:/@]+))?(?P<digest>@.+)?")


def find_moving_base(project: Project) -> Iterator[Found]:
    """FROM of an image whose tag names no version, without a digest."""
    for opened in project.dockerfiles:
        for stage in opened.dockerfile.stages:
            try:
                base = base_of(opened.dockerfile, stage, {})
            except BadSubstitutionError:
                continue
            if not base or "$" in stage.base or opened.dockerfile.find_stage(base, before=stage.index):
                continue
            found = _REFERENCE.fullmatch(base)
            if base == SCRATCH or found is None or found["digest"] or _is_built_here(project, found["name"]):
                continue
            tag = found["tag"] or "latest"
            if tag.split("-")[0] in _MOVING and (later := opened.later_runs(stage.origin)):
                cost = (
                    f"each release moves {found['name']}:{tag}, and makes the {runs(later)} miss; two "
                    "machines that pulled it on different days share nothing"
                )
                sentence = f"name a version, or the digest: FROM {found['name']}:{tag}@sha256:…"
                yield found_at(opened, stage.origin, cost, Fix(sentence=sentence))


def _is_built_here(project: Project, name: str) -> bool:
    """Whether it looks like an image that a build of this project, or of this machine, makes."""
    tags = {tag.partition(":")[0] for build in project.builds for tag in build.tags}
    return name in tags or _OF_ONES_OWN.fullmatch(name) is not None


BASES = (Rule(code=TrapCode.MOVING_BASE, find=find_moving_base),)
