"""A prediction: what each step of a build that nobody has made yet would find in the cache."""

from dataclasses import dataclass
from enum import StrEnum

from layerfork.errors import ExitCode
from layerfork.record.answer import Answer
from layerfork.record.baseline import Baseline
from layerfork.record.cachestate import CacheState
from layerfork.record.judgement import Cause, Judgement

PREDICT_SCHEMA = "layerfork/predict/1"
PREDICTIONS_SCHEMA = "layerfork/predictions/1"


class Forecast(StrEnum):
    """What will become of one step."""

    HIT = "hit"
    MISS = "miss"
    UNKNOWN = "unknown"


def exit_code_of(*, missed: bool, known: bool) -> ExitCode:
    """What is certain counts more: some step will miss; nobody can tell of some; all will be reused."""
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
    """Of an absent key the digest of the record that comes nearest; empty for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPrediction:
    """One step of the build that is predicted."""

    index: int
    """From 1, in Dockerfile order over all stages."""
    line: int = 0
    """Where its instruction begins in the Dockerfile as it is now, from 1; 0 when unknown."""
    stage: str = ""
    platform: str = ""
    """As in `StepRecord`."""
    instruction: str
    prediction: Forecast
    reason: str = ""
    """Why, in one line; empty for a hit that needs no word."""
    causes: tuple[Cause, ...] = ()
    """Of a step that misses for a reason of its own; of one that follows from it none."""
    seconds: float | None = None
    """What it took when it was built last; None when no record shows that."""
    age_s: float | None = None
    """Of a hit, how long ago the engine made what will be reused; None when no record shows that."""
    age_is_least: bool = False
    """No record shows when it was made: it was there already when a build reused it so long ago."""
    over_age: bool = False
    """It is older than what was asked for."""
    cache: StepCache | None = None
    """In an exported cache, where one was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Everything that is predicted of one build."""

    build: str = ""
    """What the build is called among others: a service, a target, a directory."""
    against: Baseline
    """The recorded build that it was predicted from."""
    steps: tuple[StepPrediction, ...]
    seconds_lost: float | None = None
    """What the steps that miss took when they were built last; None when no record shows that."""
    judgement: Judgement
    """Of the recorded build and this one: the forks are the misses."""
    answers: tuple[Answer, ...] = ()
    """One for each fork, in their order."""
    assumes: tuple[str, ...] = ()
    """What was taken for granted, one line each."""

    @property
    def exit_code(self) -> ExitCode:
        """How a command ends that has nothing else to say."""
        return exit_code_of(missed=bool(self.count(Forecast.MISS)), known=not self.count(Forecast.UNKNOWN))

    def count(self, forecast: Forecast) -> int:
        """How many steps are predicted like that."""
        return sum(step.prediction is forecast for step in self.steps)
