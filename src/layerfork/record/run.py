"""One run of the experiment: what was asked, measured and judged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from layerfork.record.answer import Answer, CauseStatus, Judgement, Verdict
from layerfork.record.balance import Balance
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.prediction import Baseline
from layerfork.record.record import BuildOutcome, BuildRecord, StepIdentity, StepRecord, identities_of

RUN_SCHEMA = "layerfork/run/1"
MATRIX_SCHEMA = "layerfork/matrix/1"
PLAN_SCHEMA = "layerfork/plan/1"
DIFF_SCHEMA = "layerfork/diff/1"
DIFFS_SCHEMA = "layerfork/diffs/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBuild:
    """One client's build in a relay."""

    client: str
    version: str = ""
    builder: str
    outcome: BuildOutcome
    reason: str = ""
    """Why it was skipped, unsupported or failed, by the client's own message where it has one."""
    class_index: int | None = None
    """Index into the classes; None when the build has none."""
    seconds: float = 0.0
    """From the first request byte to the end of the answer."""
    seconds_of_client: float = 0.0
    """Wall time of the client's process."""
    steps: tuple[StepRecord, ...] = ()
    control: str = ""
    """``hit``, ``miss`` or empty when no control ran."""
    record: BuildRecord | None = None
    control_record: BuildRecord | None = None
    """Of a control that missed."""
    computed_identities: Mapping[int, str] = field(default_factory=dict)
    """Step index to a digest of all that the key model says decides the step: a hypothesis, so it lies
    beside the record's facts. Empty before the build is judged, and for one that did not succeed."""

    @property
    def identities(self) -> Mapping[int, StepIdentity]:
        """What the views show as identity of each step, and where it comes from."""
        return identities_of(self.steps, self.computed_identities)


NOT_JUDGED = Judgement(verdict=Verdict.ERROR, classes=(), forks=())
"""The judgement of a run without a result, or one that is not judged yet."""
AGAIN = "{} again"
"""The name of a client's control in texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsUsed:
    """What the 2015 README listed: enough to repeat the experiment."""

    engine: tuple[tuple[str, str], ...]
    """Lines of ``docker info`` and ``docker version``."""
    clients: tuple[tuple[str, str], ...]
    """Client id and version."""
    packages: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Client environment and its ``pip freeze``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProblem:
    """What went wrong outside any single build: the engine died, or did not come up."""

    what: str
    """One line."""
    details: str = ""
    """What to do, and the engine's own last lines; empty when there is neither."""

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.what, self.details)))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """Everything that `layerfork run` reports."""

    scenario: str
    scenario_path: str
    engine: EngineInfo | None
    """None when no engine came up."""
    builder: Builder | None
    """The builder that every client was asked for; None leaves the choice to each client."""
    builds: tuple[TrialBuild, ...]
    judgement: Judgement
    answers: tuple[Answer, ...] = ()
    """One for each fork of the judgement, in their order."""
    versions: VersionsUsed
    layerfork: str = ""
    seconds: float = 0.0
    problems: tuple[RunProblem, ...] = ()
    interrupted: bool = False
    """Ctrl-C ended the relay early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """What an imported record does not hold, and what to keep instead."""

    name: str
    """What the report calls the build."""
    form: str
    """What it was imported from, such as ``BuildKit log (plain)``."""
    lacks: tuple[str, ...]
    """The facts that are not there: ``files``, ``build arguments``. The most important come first."""
    keep: str
    """What a CI job has to keep so that the next comparison proves something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """What may have made one step miss."""

    status: CauseStatus
    """PROVEN only of what logs show, such as that two builders were used."""
    code: str
    """Code of a cause or of a rule of lint."""
    text: str
    fix: str = ""
    """One sentence; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedStep:
    """A step that was built again, as a log shows it."""

    step: int
    line: int = 0
    """In the Dockerfile that is at hand; 0 when none is, or its line is unknown."""
    platform: str = ""
    instruction: str
    seconds: float | None = None
    """Of this step alone; None when the log shows none."""
    seconds_lost: float | None = None
    """Of this step and all that it made miss; None when no time is known, and of a step that follows."""
    follows: int = 0
    """The step whose miss made this one miss; 0 for a step that missed by itself."""
    suspicions: tuple[Suspicion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproven:
    """Two builds, at least one without a key, so nothing about a changed key can be proven."""

    lacks: tuple[Lack, ...]
    """One for each imported build."""
    missed: tuple[MissedStep, ...]
    """The most expensive first, and below each the steps that it made miss, in the same order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffReport:
    """Two builds compared: `layerfork diff`, and each build that `layerfork why` explains."""

    writer: str
    """The name of the earlier build in texts; empty when there is none to compare with."""
    reader: str
    """Empty when there is none to compare the earlier one with."""
    build: str = ""
    """The name of both builds among others: a service, a target, a directory."""
    baseline: Baseline | None = None
    """How the earlier build was chosen, where it was."""
    writer_steps: tuple[StepRecord, ...] = ()
    reader_steps: tuple[StepRecord, ...] = ()
    outcome: BuildOutcome = BuildOutcome.SUCCEEDED
    """How the later build ended."""
    failure: str = ""
    """Where and why it ended early, to follow ``the build``; empty when it did not."""
    judgement: Judgement
    answers: tuple[Answer, ...] = ()
    """One for each fork of the judgement, in their order."""
    asked: tuple[Answer, ...] = ()
    """One for each warning about steps of a target or platform that only the later build was asked for."""
    baseline_saved: bool = False
    """There was no earlier build: this one was kept for the next time."""
    baseline_lost: bool = False
    """There was no earlier build, and this one could not be kept."""
    cacheable: tuple[int, ...] = ()
    """Indexes of the later build's steps that a cache can hold."""
    balance: Balance | None = None
    """What the cache cost the later build and saved it; None where it moved none."""
    dockerfile: str = ""
    """Absolute path of the later build's Dockerfile; empty when nothing shows it."""
    directory: str = ""
    """Absolute path of its context's directory; empty when nothing shows it."""
    inferred_from: str = ""
    """Where the files of contexts that were not recorded are known from, such as ``commit 3f2a… and commit
    9c1b…``; empty where they were recorded. Causes that rest on them are INFERRED at most."""
    unproven: Unproven | None = None
    """For people who have nothing but logs; None where both builds show their keys."""

    @property
    def compared(self) -> bool:
        """Whether there were two builds."""
        return bool(self.writer and self.reader)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAge:
    """How old a result was when a build reused it."""

    seconds: float
    is_least: bool = False
    """Nothing shows when it was made: it is at least this old."""
    is_over: bool = False
    """It was older than the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReport:
    """One recorded build to show: `layerfork show`."""

    record: BuildRecord
    computed_identities: Mapping[int, str] = field(default_factory=dict)
    """By step index, for a builder that reports no identity of a step."""
    ages: Mapping[int, StepAge] = field(default_factory=dict)
    """Of steps that were reused, by step index, where it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """What a relay would do with one client."""

    client: str
    builder: str
    runs: bool
    note: str = ""
    """Why it would not run, or what would have to be installed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """What a relay on one engine would do."""

    scenario: str
    engine: EngineInfo
    rows: tuple[PlanRow, ...]
