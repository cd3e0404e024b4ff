"""Dockerfile text to stages and instructions, as Docker's parser reads it."""

from layerfork.dockerfile.expand import Expansion, expand, expand_raw
from layerfork.dockerfile.instruction import (
    LAYERED,
    NO_STAGE,
    Dockerfile,
    Heredoc,
    Instruction,
    Stage,
    stage_number,
)
from layerfork.dockerfile.logical_lines import find_syntax
from layerfork.dockerfile.parser import parse_dockerfile, parse_instruction
from layerfork.dockerfile.substitution import BadSubstitutionError
from layerfork.dockerfile.words import keyword_of

__all__ = [
    "LAYERED",
    "NO_STAGE",
    "BadSubstitutionError",
    "Dockerfile",
    "Expansion",
    "Heredoc",
    "Instruction",
    "Stage",
    "expand",
    "expand_raw",
    "find_syntax",
    "keyword_of",
    "parse_dockerfile",
    "parse_instruction",
    "stage_number",
]
