"""What a study found: numbers of Dockerfiles, each over the history of its repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from layerfork.record.study import Counts, Saving


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """One Dockerfile over the history of its repository."""

    repository: str
    title: str = ""
    head: str = ""
    """Id of the newest commit."""
    began: str = ""
    """Day of the oldest commit that was looked at, and of the newest."""
    ended: str = ""
    dockerfile: str
    """From the top of the repository."""
    context: str
    """Directory that is sent, from there; ``.`` for all."""
    steps: int = 0
    """Of the newest commit's build."""
    counts: Counts
    traps: Mapping[str, int] = msgspec.field(default_factory=dict)
    """What lint says of the Dockerfile and its ignore file at the newest commit, by rule."""
    savings: tuple[Saving, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A whole study."""

    layerfork: str
    builder: str
    engine: str
    most_commits: int
    """Of each repository, at the most."""
    repositories: int
    left_out: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Repositories and Dockerfiles that were not studied, by reason."""
    studied: tuple[Studied, ...]


def read_study(path: Path) -> Study:
    """Raises: msgspec.ValidationError."""
    return msgspec.json.decode(path.read_bytes(), type=Study)


def write_study(study: Study, path: Path) -> None:
    """Indented: so two of them compare well."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(study), indent=1) + b"\n")
