"""What a study found: numbers of Dockerfiles, each over the history of its repository."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Builds of commits, each predicted after that of the commit before it."""

    commits: int = 0
    """Of which something is predicted; without the one that an empty cache is predicted for."""
    not_predicted: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Other commits, by what kept a prediction from being made."""
    hits: int = 0
    misses: int = 0
    unknown: int = 0
    """Steps, as all three."""
    all_reused: int = 0
    """Commits of which every step is reused."""
    busting: int = 0
    """Commits of which some step is certain to be built again. Of any other some step is unknown."""
    first: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Busting commits by what the first step is there for that misses for a reason of its own."""
    causes: Mapping[str, int] = msgspec.field(default_factory=dict)
    """The same by the code of its first cause; empty where none is told."""
    missed: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Missed steps by what they are there for."""
    runs_again: int = 0
    """Commits of which some RUN is certain to run again."""
    installs_again: int = 0
    """Commits of which some RUN that installs is certain to run again."""
    reasons: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Why steps are unknown; what builds on another unknown step is one reason."""

    @property
    def steps(self) -> int:
        return self.hits + self.misses + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """The same history with a fix made in each of its commits."""

    rules: tuple[str, ...]
    """Of `layerfork lint`, whose edits were made."""
    versions: int
    """Versions of the Dockerfile and its ignore file that the fix changed."""
    counts: Counts
    runs_saved: int
    """RUN steps that are certain to run again without it, and are reused with it."""
    runs_lost: int
    """RUN steps that are reused without it, and not certain to be with it."""


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
