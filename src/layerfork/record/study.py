"""What ordinary commits of a repository would have rebuilt: counted predictions, where nothing was built."""

from collections.abc import Mapping
from dataclasses import dataclass, field

STUDY_SCHEMA = "layerfork/predict-history/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Builds of commits, each predicted after that of the commit before it."""

    commits: int = 0
    """Those with a prediction, without the one that an empty cache is predicted for."""
    not_predicted: Mapping[str, int] = field(default_factory=dict)
    """Other commits, by what kept a prediction from being made."""
    hits: int = 0
    misses: int = 0
    unknown: int = 0
    """Steps, as all three."""
    all_reused: int = 0
    """Commits whose every step is reused."""
    busting: int = 0
    """Commits with a step that is certain to be built again. Any other has a step that is unknown."""
    first: Mapping[str, int] = field(default_factory=dict)
    """Busting commits by what the first step is there for that misses for a reason of its own."""
    causes: Mapping[str, int] = field(default_factory=dict)
    """The same by the code of its first cause; empty where there is none."""
    missed: Mapping[str, int] = field(default_factory=dict)
    """Missed steps by what they are there for."""
    runs_again: int = 0
    """Commits with a RUN that is certain to run again."""
    installs_again: int = 0
    """Commits with a RUN that installs and is certain to run again."""
    reasons: Mapping[str, int] = field(default_factory=dict)
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
class BlamedLine:
    """An instruction that was the first to miss in builds of commits, and what had to run again for it."""

    line: int
    """In the newest commit, from 1; 0 where it is not there any more."""
    instruction: str
    commits: int
    """In the builds of this many commits it missed first, for a reason of its own."""
    runs: int
    """RUN steps that are certain to run again in these builds."""
    installs: int
    """Those of them that install packages."""
    paths: tuple[tuple[str, int], ...] = ()
    """What most often made it miss, and in how many commits: the first few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedEdit:
    """The edits of rules of lint, made in each commit of the history."""

    saving: Saving
    sentences: tuple[str, ...]
    """What to do, one for each trap of the newest commit."""
    warnings: tuple[str, ...] = ()
    """Why the edits may be unsafe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedDockerfile:
    """One Dockerfile over the newest commits of its repository."""

    dockerfile: str
    """From the top of the repository."""
    context: str
    """Directory that is sent, from there; ``.`` for all."""
    steps: int
    """Of the newest commit's build."""
    counts: Counts
    lines: tuple[BlamedLine, ...]
    """Those for which most RUN steps run again first."""
    edits: tuple[TriedEdit, ...]
    """Those that save most first; empty where lint knows none."""
    traps: tuple[tuple[str, int], ...] = ()
    """What lint says at the newest commit: rules, and how often each finds something."""
    problem: str = ""
    """Why no edit was tried; empty where they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReport:
    """What the newest commits of a repository would have rebuilt."""

    repository: str
    head: str
    """Id of the newest commit."""
    began: str
    """Day of the oldest commit that was looked at, and of the newest."""
    ended: str
    builder: str
    """Whose rules the predictions follow, for people."""
    dockerfiles: tuple[StudiedDockerfile, ...]
    left_out: tuple[str, ...] = ()
    """What was not looked at, and why, a line each."""
