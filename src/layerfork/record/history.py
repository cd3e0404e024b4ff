"""What `layerfork history` lists: builds that were found, and why each missed."""

from dataclasses import dataclass, field

from layerfork.record.record import BuildOutcome
from layerfork.record.run import DiffReport

HISTORY_SCHEMA = "layerfork/history/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedBuild:
    """One build of the list."""

    id: str
    """BuildKit's reference, or the id of a kept record."""
    recorded_at: str
    """RFC 3339, UTC: when it began."""
    what: str
    """The target or service and the Dockerfile, as a person would name it."""
    where: str
    """The engine, the builder or the file that it was found in."""
    outcome: BuildOutcome
    seconds: float
    """From its beginning to its end; 0 where nothing shows it."""
    revision: str = ""
    """The commit that it was made of, hexadecimal; empty when it names none."""
    steps: int
    """Steps that a cache can hold and that the build came to."""
    reused: int | None
    """Of these; None when nothing shows which were reused."""
    seconds_lost: float | None = None
    """Time of the steps that were not reused and had been stored before; None when nothing shows it."""
    report: DiffReport | None = None
    """The comparison with the earlier build; None when there is none in the same cache."""
    files: str
    """Where the files of its context are known from, as ``commit 3f2a…``; else why they are unknown."""
    files_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReport:
    """Every build that was found, the newest first."""

    builds: tuple[ExplainedBuild, ...]
    problems: tuple[str, ...] = field(default=())
    """Places that could not be read, and why, a line each."""
    older: int = 0
    """So many older builds were found and left out."""
