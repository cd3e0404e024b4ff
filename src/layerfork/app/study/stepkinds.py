"""What a step of a Dockerfile is there for."""

import re
from enum import StrEnum

from layerfork.dockerfile import Instruction
from layerfork.dockerfile.installs import INSTALLERS, MANIFESTS
from layerfork.dockerfile.recorded import printed_instruction
from layerfork.lint.dockerfiles import relative
from layerfork.record.prediction import PredictedStep


class Kind(StrEnum):
    """What a step is there for, as far as its text tells."""

    FROM = "FROM"
    INSTALL = "RUN that installs"
    RUN = "other RUN"
    COPY_ALL = "COPY . ."
    COPY_MANIFESTS = "COPY of package lists"
    COPY_SOME = "COPY of named paths"
    COPY_FROM = "COPY --from"
    OTHER = "other"


_ALSO = re.compile(
    r"\bpip3? install\b|\buv (?:sync|pip install)\b|\bpoetry install\b|\bpipenv (?:install|sync)\b"
    r"|\bcomposer install\b|\bcargo (?:fetch|chef cook)\b|\bdependency:\S+|\bgradlew? \S*dependencies\b"
    r"|\bdotnet restore\b|\bconda (?:env create|install)\b|\bmix deps\.get\b|\bbun install\b"
)
"""Commands that install, besides those whose files are known."""
_OTHERS = {"pom.xml", "build.gradle", "go.sum", "composer.lock", "bun.lock", "environment.yml", "setup.cfg"}
_LISTS = MANIFESTS | _OTHERS
_NAMED_LIKE = re.compile(r"requirements.*\.(?:txt|in)|package.*\.json")


def kind_of(step: PredictedStep) -> Kind:
    """By its text alone."""
    instruction = printed_instruction(step.instruction)
    if instruction is None:
        return Kind.OTHER
    if instruction.keyword == "FROM":
        return Kind.FROM
    if instruction.keyword == "RUN":
        return Kind.INSTALL if installs(instruction) else Kind.RUN
    if instruction.keyword in ("COPY", "ADD"):
        return _kind_of_copy(instruction)
    return Kind.OTHER


def installs(run: Instruction) -> bool:
    """Whether a RUN installs packages, whatever else it does."""
    text = " ".join((run.text, *(heredoc.content for heredoc in run.heredocs)))
    return bool(_ALSO.search(text)) or any(each.command.search(text) for each in INSTALLERS)


def _kind_of_copy(copy: Instruction) -> Kind:
    if copy.flag("from"):
        return Kind.COPY_FROM
    places = [relative(each) for each in copy.sources]
    if "." in places:
        return Kind.COPY_ALL
    names = {each.rpartition("/")[2] for each in places}
    listed = all(name in _LISTS or _NAMED_LIKE.fullmatch(name) for name in names)
    return Kind.COPY_MANIFESTS if places and listed else Kind.COPY_SOME
