"""Predictions: what each step of a build, or of the builds of many commits, would find in the cache."""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.errors import ExitCode
from layerfork.record.answer import Answer, Cause, Judgement


class CacheState(StrEnum):
    """What a cache has for one step."""

    PRESENT = "present"
    """Its record with layers: an import would reuse it."""
    ABSENT = "absent"
    BLOB_GONE = "blob-gone"
    """The record is there, but one of its layers is missing from the cache."""
    NOT_EXPORTED = "not-exported"
    """The record is there without layers: an export with ``mode=min``, or inline, leaves them out."""
    UNKNOWN = "unknown"


# The earlier build that another one is compared with, or predicted from.


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The earlier build that one is compared with, of those that are known."""

    id: str
    recorded_at: str
    """RFC 3339, UTC."""
    age_s: float
    """From its start to the start of the build that is compared with it."""
    command: str = ""
    """The command whose build was recorded. Secrets hidden."""
    ran_in: str = ""
    """Working directory of that command."""
    engine: str = ""
    """Version of the engine that built it."""
    shared_steps: int | None = None
    """Steps of the build whose keys, and all keys above, it has as well; None when they were not counted."""
    steps: int = 0
    """Steps of the build."""
    known: int = 0
    """Builds that it was chosen from; 0 when the user named it."""


# A prediction: what each step of a build that has not run yet would find in the cache.

PREDICT_SCHEMA = "layerfork/predict/1"
PREDICTIONS_SCHEMA = "layerfork/predictions/1"


class PredictedStatus(StrEnum):
    """The predicted status of one step."""

    HIT = "hit"
    MISS = "miss"
    UNKNOWN = "unknown"


def exit_code_of(*, missed: bool, known: bool) -> ExitCode:
    """What is certain counts most: a step that will miss, then an unknown one; 0 when all will be reused."""
    if missed:
        return ExitCode.FORKED
    return ExitCode.AS_HOPED if known else ExitCode.COULD_NOT_RUN


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCache:
    """One step in an exported cache."""

    key: str
    """Digest of its record there; empty when it is not known."""
    state: CacheState
    reason: str = ""
    """Why it is not present; empty when it is."""
    nearest: str = ""
    """For an absent key, the digest of the most similar record; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedStep:
    """One step of the build that is predicted."""

    index: int
    """From 1, in Dockerfile order over all stages."""
    line: int = 0
    """Where its instruction begins in the Dockerfile as it is now, from 1; 0 when unknown."""
    stage: str = ""
    platform: str = ""
    """As in `StepRecord`."""
    instruction: str
    prediction: PredictedStatus
    reason: str = ""
    """Why, in one line; empty for a hit that needs no explanation."""
    causes: tuple[Cause, ...] = ()
    """For a step that misses for a reason of its own; none for a step that only follows from it."""
    seconds: float | None = None
    """How long it took when it was last built; None when no record shows that."""
    age_s: float | None = None
    """Of a hit, how long ago the engine made what will be reused; None when no record shows that."""
    age_is_least: bool = False
    """No record shows when it was made: `age_s` counts from its first recorded reuse."""
    over_age: bool = False
    """It is older than the limit."""
    cache: StepCache | None = None
    """In an exported cache, where one was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Everything that is predicted about one build."""

    build: str = ""
    """The build's name among others: a service, a target, a directory."""
    against: Baseline
    """The recorded build that it was predicted from."""
    steps: tuple[PredictedStep, ...]
    seconds_lost: float | None = None
    """How long the steps that miss took when they were last built; None when no record shows that."""
    judgement: Judgement
    """Of the recorded build and this one: the forks are the misses."""
    answers: tuple[Answer, ...] = ()
    """One for each fork, in their order."""
    assumes: tuple[str, ...] = ()
    """Assumptions, one line each."""

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command that only predicts."""
        return exit_code_of(
            missed=bool(self.count(PredictedStatus.MISS)), known=not self.count(PredictedStatus.UNKNOWN)
        )

    def count(self, forecast: PredictedStatus) -> int:
        """How many steps have this prediction."""
        return sum(step.prediction is forecast for step in self.steps)


# What builds of commits would have cost: predictions, one after the other.

HISTORY_SCHEMA = "layerfork/predict-git/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPrediction:
    """The build of one commit after that of the one before it."""

    id: str
    """Hexadecimal, whole."""
    committed_at: int
    """Seconds since 1970."""
    subject: str
    prediction: Prediction | None
    """None when the commit cannot be built, or cannot be predicted."""
    problem: str = ""
    """Why there is no prediction."""
    unmodelled: tuple[tuple[str, str], ...] = ()
    """Paths that are sent and whose content only a real checkout has, and why; sorted."""

    def count(self, forecast: PredictedStatus) -> int:
        """How many steps have this prediction."""
        return 0 if self.prediction is None else self.prediction.count(forecast)

    @property
    def is_known(self) -> bool:
        """Whether every step has a prediction."""
        return self.prediction is not None and not self.count(PredictedStatus.UNKNOWN)

    @property
    def seconds_lost(self) -> float | None:
        """What the steps that miss took; None when no record shows that."""
        return None if self.prediction is None else self.prediction.seconds_lost

    @property
    def first_miss(self) -> PredictedStep | None:
        """The first step that misses for a reason of its own; else the first that misses."""
        steps = () if self.prediction is None else self.prediction.steps
        missed = [step for step in steps if step.prediction is PredictedStatus.MISS]
        return next((step for step in missed if step.causes), missed[0] if missed else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """What made builds slow, over all commits."""

    name: str
    """A path in the context, a line of the Dockerfile, an argument: whatever the first cause names."""
    code: str
    """Of the cause."""
    commits: tuple[str, ...]
    """Ids of the commits that it made slow."""
    seconds: float | None
    """The total; None when no record shows how long the steps take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPrediction:
    """All commits of a range, the oldest first."""

    against: Baseline
    """The recorded build that the first commit is predicted from."""
    wanted: str
    """The range, as requested."""
    commits: tuple[CommitPrediction, ...]
    blamed: tuple[Blamed, ...] = ()
    """What made them slow, the costliest first."""
    assumes: tuple[str, ...] = ()
    """Assumptions, one line each."""
