"""Descriptions of repositories: what is in the first commit, and what later ones touch."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Something that some commits do."""

    share: float
    """How many commits do it, from 0 to 1."""
    files: tuple[str, ...] = ()
    """Patterns of files that get other content, as of `fnmatch`."""
    most: int = 3
    """So many of them at the most in one commit; 0 for all."""
    adds: str = ""
    """A file that may come instead, with ``@`` for its number."""
    bumps: str = ""
    """A counter that goes up: wherever the first version has ``@NAME@``, its value stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A repository that is generated."""

    title: str
    commits: int = 40
    """After the first."""
    files: Mapping[str, str]
    """Texts of the first version."""
    generated: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Files of some lines each: a path with ``@`` for the number, and how many there are."""
    touches: Mapping[str, Touch]


def read_description(path: Path) -> Description:
    """Raises: msgspec.ValidationError for what is no description."""
    return msgspec.convert(tomllib.loads(path.read_text("utf-8")), Description, strict=True)


def descriptions() -> Mapping[str, Description]:
    """Those of the corpus, by name."""
    return {path.stem: read_description(path) for path in sorted(CORPUS.glob("*.toml"))}
