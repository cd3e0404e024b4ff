"""The Dockerfile of a recorded build, and the instructions of its steps.

Every text is parsed once; what came of it is kept.
"""

from functools import lru_cache

from layerfork.dockerfile.instruction import Dockerfile, Instruction
from layerfork.dockerfile.parser import parse_dockerfile, parse_instruction
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord, StepRecord
from layerfork.releases import Grammar, grammar_of_buildkit, grammar_of_engine

_KEPT = 512
"""Texts of instructions that are remembered; of Dockerfiles an eighth of it."""


def dockerfile_of(record: BuildRecord) -> Dockerfile | None:
    """The recorded Dockerfile; None when it was not recorded or does not parse."""
    text = record.request.dockerfile
    if text is None:
        return None
    return _parse(text, record.request.dockerfile_name or "Dockerfile", grammar_of(record))


def grammar_of(record: BuildRecord) -> Grammar | None:
    """The grammar that the build's Dockerfile was read by; None when that is not known."""
    engine = record.engine
    if engine is None or record.builder is Builder.BUILDAH or record.request.syntax:
        return None
    if record.builder is Builder.BUILDKIT and engine.buildkit_version:
        return grammar_of_buildkit(engine.buildkit_version)
    return grammar_of_engine(engine.version)


def instruction_at(dockerfile: Dockerfile | None, step: StepRecord) -> Instruction | None:
    """The instruction as written that stands at the step's line; None when that is not known."""
    return dockerfile.at_line(step.line) if dockerfile is not None else None


@lru_cache(maxsize=_KEPT)
def printed_instruction(text: str, escape: str = "\\") -> Instruction | None:
    """What a builder printed for a step, parsed by itself; None when it is no whole instruction.

    Builders may print it with variables replaced already. A here-document stays empty.
    """
    try:
        return parse_instruction(text, escape)
    except UsageError:
        return None


@lru_cache(maxsize=_KEPT // 8)
def _parse(text: str, name: str, grammar: Grammar | None) -> Dockerfile | None:
    try:
        return parse_dockerfile(text, name, grammar)
    except UsageError:
        return None
