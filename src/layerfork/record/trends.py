"""What a history says over all of its builds: where the time went, why, since when, and what would help."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from layerfork.record.answer import CauseStatus
from layerfork.record.record import StepStatus

# What statistics need of one build.


@dataclass(frozen=True, slots=True, kw_only=True)
class StepName:
    """What makes a step the same step in builds of other commits: never its line."""

    stage: str
    platform: str
    instruction: str
    """As written in the Dockerfile where the record has it, else as the builder showed it."""
    number: int
    """From 1, among the steps of one build that are alike in all of this."""


class Stored(StrEnum):
    """Whether an earlier build of the same series, on any builder, had stored what a step's key names."""

    NOT_KNOWN = ""
    LIKELY = "likely"
    """If the files of the contexts were those of the commits."""
    SURE = "sure"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStep:
    """One step that a cache can hold, in one build."""

    name: StepName
    line: int
    """Of the Dockerfile, from 1; 0 when unknown."""
    status: StepStatus
    seconds: float | None
    stored: Stored = Stored.NOT_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenFix:
    """What the key model says about the fix of one answer, if the same happened again."""

    steps: tuple[StepName, ...] = ()
    """Steps that missed and would be reused."""
    unknown: str = ""
    """Why nothing is known, or not of every step; empty when all is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBuild:
    """What statistics need of one build besides its answers."""

    series: str
    """Equal for builds of the same thing, on whatever builder: a name for people."""
    line: str = ""
    """The branch, or the requests of a branch; empty for a build of no CI run."""
    steps: tuple[MeasuredStep, ...]
    builder: str = ""
    """Names the cache: the builder's instance; empty when nothing shows it."""
    engine: str = ""
    """Version of the engine or of BuildKit; empty when nothing shows it."""
    dockerfile: str = ""
    """Names the Dockerfile's text; empty when it was not seen."""
    commit: str = ""
    """Hexadecimal; empty when none is known."""
    cache_off: bool = False
    """The build was asked to use no cache."""
    foreseen: tuple[ForeseenFix, ...] = ()
    """One for each answer of the build's report, in their order."""


# What is said over all builds.


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTrend:
    """One step over all builds of a series that came to it."""

    name: StepName
    line: int
    """In the newest build that has it."""
    hits: int
    misses: int
    unknown: int
    """Builds that came to it and do not show whether it was reused."""
    median_s: float | None
    """Of its misses; None when no time is known."""
    seconds: float
    """Of all its misses whose time is known."""


class PointStep(NamedTuple):
    """One step of one build, for a chart."""

    step: int
    """Its place in `SeriesTrends.steps`."""
    status: StepStatus
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPoint:
    """One build of a series, for a chart."""

    id: str
    recorded_at: str
    commit: str
    seconds: float
    """From its beginning to its end; steps of one build may run at the same time."""
    steps: tuple[PointStep, ...]


class ChangeKind(StrEnum):
    """What changed."""

    MISSES = "misses"
    """The step has missed in every build since."""
    SECONDS = "seconds"
    """The step takes longer, where it is built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowChange:
    """The build since which a step costs more, and the evidence."""

    kind: ChangeKind
    name: StepName
    line: int
    branch: str
    """As `MeasuredBuild.line`."""
    id: str
    """The first build that may show the change."""
    recorded_at: str
    commit: str
    last_id: str = ""
    last_commit: str = ""
    """The last build that may be the first one; empty where there is no doubt."""
    previous_id: str
    """The last build before the first one that came to the step."""
    previous_commit: str
    before: int
    """Builds before the change; of `ChangeKind.SECONDS`, those that built the step."""
    after: int
    missed_before: int = 0
    """Of `ChangeKind.MISSES`: of the builds before."""
    median_before_s: float | None = None
    median_after_s: float | None = None
    """Seconds of the step where it was built."""
    chance: float
    """How likely chance alone is to do this anywhere in the history, at most (Bonferroni)."""
    below: int = 0
    """How many later steps changed in the same way at the same build."""
    dockerfile_changed: bool | None = None
    builder_changed: bool | None = None
    engine_changed: bool | None = None
    """Between the two builds; None when one of them does not show it."""
    reason: str = ""
    """Why the step missed in the first build, as its answer says; empty when nothing says it."""

    @property
    def names_commit(self) -> bool:
        """Whether the commit is all that is known to differ: nothing else that was seen changed with it."""
        is_new = bool(self.commit) and self.commit != self.previous_commit and not self.last_id
        return is_new and not self.builder_changed and not self.engine_changed


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCause:
    """Misses of one step for one cause, over all builds."""

    series: str
    place: str
    """``Dockerfile:8`` in the newest of these builds."""
    instruction: str
    code: str
    """What `layerfork explain` knows, with its pattern: ``mode (umask)``."""
    status: CauseStatus
    """The weakest of them."""
    culprit: str
    """Of the newest."""
    builds: int
    compared: int
    """Builds of the series that were compared with an earlier one."""
    seconds_lost: float | None
    """Of all of them; None when no time is known."""
    fix: str
    """One sentence: that of the newest."""
    warning: str = ""
    saved_s: float | None = None
    """What the fix would have saved in these builds, by the medians of this history; None when unknown."""
    saved_builds: int = 0
    """How many of the builds could be judged."""
    saved_unknown: str = ""
    """Why it is unknown, or not known of every build."""
    ids: tuple[str, ...]
    """Of the builds, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedCache:
    """Builds that built again what an earlier build had stored."""

    builds: int
    """In these a step missed whose key an earlier build had stored, whatever its files were."""
    compared: int
    """Builds whose keys are known and have an earlier build."""
    likely: int = 0
    """Builds in which that holds only if the files were those of the commits."""
    builders: int
    """Builders that show an identity; 0 when none does."""
    builders_of: int
    """Builds whose builder is known."""
    reused_nothing: int
    """Builds that reused no step at all."""
    known: int
    """Builds that show which steps were reused."""
    seconds_lost: float | None
    """Time of the steps that an earlier build had stored; None when no time is known."""
    in_ci: bool
    ids: tuple[str, ...]

    @property
    def new_builder_each(self) -> bool:
        """Whether every build had a builder of its own, and found nothing there."""
        apart = self.builders == self.builders_of >= _SEVERAL
        return apart and self.reused_nothing == self.known

    @property
    def sentence(self) -> str:
        """What is wrong, on one line; empty when nothing is."""
        if not self.builds:
            if self.reused_nothing == self.known >= _MANY:
                return (
                    f"none of {self.known} builds reused any step; nothing shows whether the first steps of "
                    "all of them had changed"
                )
            return ""
        again = f"{self.builds} of {self.compared} builds built again what an earlier build had stored"
        if self.new_builder_each:
            return f"{again}: each of {self.builders_of} builds used a new builder, which began empty"
        if self.reused_nothing == self.known:
            return f"{again}, and no build reused any step: each began with an empty cache"
        return f"{again}: its cache was another one, or had dropped it"

    @property
    def fix(self) -> str:
        """One thing to do."""
        if not self.builds:
            return "if each begins with an empty cache, hand it on: --cache-to and --cache-from"
        if self.in_ci:
            return "hand the cache on from run to run: --cache-to and --cache-from, or a builder that stays"
        return "use one builder for all builds: `docker buildx ls` lists them"


_MANY, _SEVERAL = 5, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchReuse:
    """The builds of one branch, or of the requests of one."""

    branch: str
    builds: int
    steps: int
    """Steps whose status is known."""
    reused: int
    seconds: float
    seconds_lost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesTrends:
    """Builds of one thing, the oldest first."""

    title: str
    points: tuple[BuildPoint, ...]
    steps: tuple[StepTrend, ...]
    """In the order of the Dockerfile, as the newest build has it; steps that only older builds had last."""
    changes: tuple[SlowChange, ...] = ()
    """The newest first."""
    unused: UnusedCache | None = None
    """None when no build has an earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends:
    """Everything that a history says over all of its builds."""

    series: tuple[SeriesTrends, ...] = ()
    """That with most builds first."""
    causes: tuple[RankedCause, ...] = ()
    """Those that cost most seconds first; those without times last."""
    branches: tuple[BranchReuse, ...] = field(default=())
    """That with most builds first; only of CI runs."""

    @property
    def builds(self) -> int:
        """All builds that were counted."""
        return sum(len(each.points) for each in self.series)
