"""A project of a CI system: what is asked of it, and what its runs left behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from layerfork.record.history import CIRun


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsAsked:
    """Which runs to look at."""

    newest: int = 100
    """How many of the newest ended runs to read."""
    workflow: str = ""
    """Of GitHub the id, file name or name of a workflow, of GitLab the name of pipelines; empty for all."""
    branch: str = ""
    """Empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRun:
    """A run of the list."""

    run: CIRun
    version: str
    """Another one when the run went on after it was fetched."""
    began: float
    """Seconds since 1970, for logs that have no times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a run left: an export of the build history, or a log."""

    data: bytes
    job: str = ""
    """The job that left it; empty when the CI does not say."""
    url: str = ""
    """The job's page; empty for that of the run."""


class Project(Protocol):
    """A project, as the CI system's API shows it.

    Everything raises LayerforkError. What is gone for good becomes a note instead, one line each.
    """

    name: str
    """Host and path."""

    def runs(self, asked: RunsAsked) -> Iterator[FoundRun]:
        """Its runs that have ended, the newest first."""

    def exports(self, run: CIRun, notes: list[str]) -> Iterator[Left]:
        """The exports of the build history that a run uploaded."""

    def logs(self, run: CIRun, notes: list[str]) -> Iterator[Left]:
        """The logs of a run's jobs."""
