"""What `layerfork history` lists: builds that were found, and why each missed."""

from dataclasses import dataclass, field

from layerfork.record.balance import Balance, UnreadExport
from layerfork.record.record import BuildOutcome
from layerfork.record.run import DiffReport
from layerfork.record.trends import MeasuredBuild, Trends

HISTORY_SCHEMA = "layerfork/history/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CIRun:
    """The run of a CI system that made a build: a workflow's run on GitHub, a pipeline on GitLab."""

    project: str
    """Host and path, as ``github.com/owner/name``."""
    id: str
    attempt: int = 1
    """1 for the first; runs that are started again count up, and GitLab's pipelines never do."""
    url: str
    """The page that a person looks at; empty when the CI names none."""
    workflow: str = ""
    """Path of the workflow's file, or the pipeline's name; empty when it has none."""
    job: str = ""
    """The job that made the build; empty when nothing shows it, as for an uploaded export."""
    event: str = ""
    """What started it, as the CI calls it: ``push``, ``pull_request``, ``merge_request_event``."""
    branch: str = ""
    """The branch or tag; ``OWNER:NAME`` for one of a fork."""
    base: str = ""
    """The branch that a pull or merge request is to go to, else the default branch; empty when unknown."""
    of_request: bool = False
    """Whether it was started for a pull or merge request, not for its branch."""
    commit: str = ""
    """The head of the branch, hexadecimal. A run for a request may have built another commit: the merge."""


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
    run: CIRun | None = None
    """The run that made it; None for a build that was not found in a CI system."""
    reusable: str = ""
    """Of a build of a CI run, which earlier one it could have reused: one of its branch, else of its base."""
    measured: MeasuredBuild | None = None
    """For statistics; None where none were asked for."""
    balance: Balance | None = None
    """What its cache cost and saved; None where it moved none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryReport:
    """Every build that was found, the newest first."""

    builds: tuple[ExplainedBuild, ...]
    problems: tuple[str, ...] = field(default=())
    """Places that could not be read, and why, a line each."""
    older: int = 0
    """How many older builds were found and left out."""
    trends: Trends = field(default_factory=Trends)
    """What these builds say together."""
    unread: tuple[UnreadExport, ...] = ()
    """Caches that these builds exported and no later one imported, the newest first."""
