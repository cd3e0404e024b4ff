"""Rules about ARG and FROM."""

import re
from collections.abc import Iterator

from layerfork.dockerfile import Instruction
from layerfork.dockerfile.installing import install_of
from layerfork.dockerfile.scope import SCRATCH, base_of
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.lint.dockerfiles import OpenedDockerfile
from layerfork.lint.rule import LintRule, Project, Violation, found_at, lines, runs
from layerfork.record.answer import Fix
from layerfork.record.lint import TrapCode

_COMMIT = r"(?:(?:APP|BUILD)_)?(?:GIT|VCS|CI|GITHUB)_?(?:COMMIT_)?(?:COMMIT|SHA1?|HASH|REV|REVISION|REF)"
_BARE = r"COMMIT|COMMIT_SHA|COMMIT_HASH|SHA|REVISION|DATE|TIMESTAMP"
_BUILD = r"BUILD_?(?:DATE|TIME|TIMESTAMP|NUMBER|NUM|NO|ID|VERSION|COMMIT|SHA|REVISION|REF)"
_VERSION = r"(?:(?:APP|IMAGE|RELEASE|PACKAGE|PROJECT|SERVICE)_)?VERSION"
_CHANGES = re.compile(rf"{_COMMIT}|{_BARE}|{_BUILD}|{_VERSION}", re.IGNORECASE)
"""Names of what is another at each commit or build."""
_PLACEHOLDER = re.compile(
    r"|0|-|n/?a|none|null|unknown|undefined|unset|unspecified|local|dev|devel|develop|development|snapshot|head"
    r"|latest|main|master|test|docker|0\.0\.0(?:[-.+]?\w*)*|1970-01-01\S*|now|today",
    re.IGNORECASE,
)
"""Defaults that no release is built with. Any other default, such as a version, may be meant."""
_USES_NAME = "COPY", "ADD", "RUN", "WORKDIR"


def find_arguments(project: Project) -> Iterator[Violation]:
    """ARG of such a name, and RUNs below that only install and do not name it."""
    for opened in project.dockerfiles:
        for instruction in opened.dockerfile.instructions:
            if instruction.keyword == "ARG" and instruction.stage >= 0:
                yield from _of_line(opened, instruction)


def _of_line(opened: OpenedDockerfile, arg: Instruction) -> Iterator[Violation]:
    for name, default in arg.pairs:
        if not (_CHANGES.fullmatch(name) and _PLACEHOLDER.fullmatch((default or "").strip("\"'"))):
            continue
        installs = _installs_below(opened, arg, name)
        if installs:
            cost = (
                f"each new value of {name} runs {lines(installs)} again, which "
                f"{'do' if len(installs) > 1 else 'does'} not use it: a RUN sees every ARG above it"
            )
            what = _moved(opened, arg, name, installs)
            fix = Fix(sentence=f"move {what} below line {installs[-1].last_line}")
            yield found_at(opened, arg, cost, fix)
            return


def _installs_below(opened: OpenedDockerfile, arg: Instruction, name: str) -> list[Instruction]:
    """RUNs of the stage that install and do not name the argument, until a step needs it: what comes after
    that misses anyway."""
    found = []
    for each in opened.dockerfile.stages[arg.stage].instructions:
        if each.first_line <= arg.first_line:
            continue
        if each.keyword in _USES_NAME and _names(each, name):
            break
        if each.keyword == "ARG" and any(own == name for own, _ in each.pairs):
            break
        if each.keyword == "RUN" and install_of(each) is not None:
            found.append(each)
    return found


def _names(instruction: Instruction, name: str) -> bool:
    texts = (instruction.text, *(heredoc.content for heredoc in instruction.heredocs))
    return any(re.search(rf"\b{re.escape(name)}\b", text) for text in texts)


def _moved(opened: OpenedDockerfile, arg: Instruction, name: str, installs: list[Instruction]) -> str:
    """The ARG, and the lines that use it before the last of the installs."""
    users = [
        each
        for each in opened.dockerfile.stages[arg.stage].instructions
        if arg.first_line < each.first_line < installs[-1].first_line and _names(each, name)
    ]
    what = f"`ARG {name}`" if len(arg.pairs) > 1 else lines([arg])
    return f"{what} and {lines(users)}, which use{'s' if len(users) == 1 else ''} it," if users else what


ARGUMENTS = (LintRule(code=TrapCode.ARG_BEFORE_INSTALL, find=find_arguments),)


# Base images that move under one name.

_MOVING = frozenset(
    {"latest", "edge", "stable", "mainline", "testing", "unstable", "nightly", "canary", "current", "rolling"}
    | {"lts", "main", "master", "dev", "develop", "head"}
)
"""Tags that name no version, so that each release moves them."""
_OF_ONES_OWN = re.compile(r"[^/]*_[^/]*|(?:[^/]*[.-])?(?:base|local|builder)")
"""Names without a registry or owner that no official image has: images that people build here themselves."""
_REFERENCE = re.compile(r"(?P<name>(?:[^/@]+/)*[^:/@]+)(?::(?P<tag>[^:/@]+))?(?P<digest>@.+)?")


def find_moving_base(project: Project) -> Iterator[Violation]:
    """FROM of an image whose tag names no version, without a digest."""
    for opened in project.dockerfiles:
        for stage in opened.dockerfile.stages:
            try:
                base = base_of(opened.dockerfile, stage, {})
            except BadSubstitutionError:
                continue
            if not base or "$" in stage.base or opened.dockerfile.find_base(base, before=stage.index):
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


BASES = (LintRule(code=TrapCode.MOVING_BASE, find=find_moving_base),)
